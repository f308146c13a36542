"""`mutirao quality`: the level of a module's submission by the quality scale, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from mutirao.cli.console import Json, Watching, out, print_json, show_findings, show_table
from mutirao.cli.sign_command import as_dict, tell_proof
from mutirao.cli.status_command import LEVEL_STYLES
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.io.places import Place
    from mutirao.modules.quality.judge import Verdict
    from mutirao.modules.quality.records import Rebuild
    from mutirao.modules.quality.scale import Scale
    from mutirao.project import Project
    from mutirao.trust.signing import Signed

MARKS = {
    "met": ("✓ met", "green"),
    "waived": ("~ waived", "yellow"),
    "unmet": ("✗ not met", "red"),
    "unknown": ("? unknown", "dim"),
}
STEPS = 100


@dataclass(frozen=True, slots=True)
class Run:
    """A run from the sources that was made now."""

    record: Rebuild
    path: Place
    signed: Signed | None

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        signed = as_dict(self.signed.proof) if self.signed else None
        return {**self.record.model_dump(mode="json"), "path": str(self.path), "signed": signed}


def command(
    context: typer.Context,
    modules: Annotated[list[str] | None, typer.Argument(help="Modules; all that have submitted by default.")] = None,
    version: Annotated[str, typer.Option(help="Version of the submission.")] = "latest",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Run the method again from its sources and record if the pixels agree.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(help="With --rebuild: sign what came out, as rebuilder, with this key.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Wheel with the inputs, if the index is out of reach.")] = None,
    rules: Annotated[bool, typer.Option("--rules", help="Show the rules of the scale, and judge nothing.")] = False,
    json: Json = False,
) -> None:
    """Tell the level of a submission, bronze to platinum: what each rule found, and what the next level lacks."""
    from mutirao.modules.quality.scale import load_scale

    project = context.obj.project()
    if rules:
        _show_rules(load_scale(project).value, json=json)
        return
    if key and not rebuild:
        remedy = "add --rebuild; a record that is there already is signed with 'mutirao sign'"
        raise UsageError.because("U114", "--key signs a run from the sources", where="--key", remedy=remedy)
    chosen = _chosen(project, modules, rebuild=rebuild)
    runs = [_rebuild(project, chosen[0], version, data, key)] if rebuild else []
    _show(project, chosen, version, runs, json=json)
    if any(not run.record.holds for run in runs):
        raise typer.Exit(1)


def _chosen(project: Project, modules: list[str] | None, *, rebuild: bool) -> list[str]:
    from mutirao.modules.store import list_submissions

    if rebuild and len(modules or []) != 1:
        remedy = "name one: mutirao quality MODULE --rebuild"
        raise UsageError.because("U114", "--rebuild takes one module", where="--rebuild", remedy=remedy)
    return modules or [name for name in project.module_ids() if list_submissions(project, name)]


def _rebuild(project: Project, module: str, version: str, data: Path | None, key: Path | None) -> Run:
    from mutirao.engine.progress import by_share
    from mutirao.modules.quality.proof import rebuild
    from mutirao.trust.signing import require_role, sign_path

    if key:
        require_role(project, key, "rebuild")
    with Watching().stage(f"Running {module} from its sources", STEPS) as advance:
        kept = rebuild(project, module, version, data=data, tell=by_share(advance, STEPS))
    signed = sign_path(project, str(kept.path), key, "rebuild", None) if key else None
    return Run(kept.record, kept.path, signed)


def _show(project: Project, modules: list[str], version: str, runs: list[Run], *, json: bool) -> None:
    from mutirao.modules.quality.grade import grade_stored
    from mutirao.modules.quality.scale import load_scale
    from mutirao.modules.store import load_submission
    from mutirao.modules.waivers import check_waivers, load_waivers

    scale, told = load_scale(project).value, {}
    for module in modules:
        stored = load_submission(project, module, version)
        verdict, findings = grade_stored(project, stored), tuple(check_waivers(load_waivers(project, module), scale))
        told[module] = {
            "version": stored.receipt.version,
            **_plain(verdict),
            "waivers": [f.as_dict() for f in findings],
        }
        if not json:
            _tell(module, stored.receipt.version, verdict)
            show_findings(findings)
    for run in runs:
        told[run.record.module]["rebuild"] = run.as_dict()
        if not json:
            _tell_rebuild(run)
    if json:
        print_json(told)
    elif not told:
        out.print("nothing is submitted yet, so there is nothing to judge")


def _plain(verdict: Verdict) -> dict[str, Any]:
    rules = [
        {"rule": one.rule.id, "level": one.rule.level, "state": one.state, "said": one.said} for one in verdict.outcomes
    ]
    return {"level": verdict.level, "next_level": verdict.next_level, "rules": rules}


def _tell(module: str, version: str, verdict: Verdict) -> None:
    level = Text(verdict.level or "no level", f"bold {LEVEL_STYLES[verdict.level]}")
    out.print(Text.assemble((f"{module} {version}: ", "bold"), level))
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("level", "rule", "", "found"):
        table.add_column(column, overflow="fold")
    for one in verdict.outcomes:
        table.add_row(
            Text(one.rule.level, LEVEL_STYLES[one.rule.level]), one.rule.id, Text(*MARKS[one.state]), one.said
        )
    out.print(table)
    for one in verdict.lacking():
        out.print(f"for {verdict.next_level}: {one.rule.cure(module)}", soft_wrap=True, markup=False)


def _tell_rebuild(run: Run) -> None:
    style = "green" if run.record.holds else "red"
    out.print(Text.assemble("a run from the sources gives ", (run.record.in_words(), style)), soft_wrap=True)
    out.print(f"recorded: {run.path}", soft_wrap=True, markup=False)
    if run.signed:
        tell_proof(run.signed.proof)


def _show_rules(scale: Scale, *, json: bool) -> None:
    if json:
        print_json(scale.model_dump(mode="json"))
        return
    rows = [
        (rule.level, rule.id, rule.title, "yes" if rule.waivable else "no", "yes" if rule.ratchet else "no")
        for rule in scale.rules
    ]
    show_table(
        "Quality scale: a level needs its own rules and those of the lower ones",
        ["level", "rule", "asks", "waivable", "ratchet"],
        rows,
    )
    out.print(
        "waivable: a waiver may excuse it; ratchet: a new version must meet it where the one before did",
        style="dim",
        soft_wrap=True,
    )
