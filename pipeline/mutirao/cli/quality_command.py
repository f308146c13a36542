"""`mutirao quality`: the level of a module's submission by the quality scale, rule by rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from mutirao.cli.console import Json, Watching, out, print_json, show_findings, show_table
from mutirao.cli.status_command import LEVEL_STYLES
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.modules.quality.judge import Verdict
    from mutirao.modules.quality.proof import Rebuild
    from mutirao.modules.quality.scale import Scale
    from mutirao.project import Project

MARKS = {
    "met": ("✓ met", "green"),
    "waived": ("~ waived", "yellow"),
    "unmet": ("✗ not met", "red"),
    "unknown": ("? not known", "dim"),
}
STEPS = 100


def command(
    context: typer.Context,
    modules: Annotated[list[str] | None, typer.Argument(help="Modules; all that have submitted by default.")] = None,
    version: Annotated[str, typer.Option(help="Version of the submission.")] = "latest",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Run the method again from its sources and record if the pixels agree.")
    ] = False,
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
    chosen = _chosen(project, modules, rebuild=rebuild)
    runs = [_rebuild(project, chosen[0], version, data)] if rebuild else []
    _show(project, chosen, version, runs, json=json)
    if any(not run.holds for run in runs):
        raise typer.Exit(1)


def _chosen(project: Project, modules: list[str] | None, *, rebuild: bool) -> list[str]:
    from mutirao.modules.store import list_submissions

    if rebuild and len(modules or []) != 1:
        remedy = "name one: mutirao quality MODULE --rebuild"
        raise UsageError.because("U114", "--rebuild takes one module", where="--rebuild", remedy=remedy)
    return modules or [name for name in project.module_ids() if list_submissions(project, name)]


def _rebuild(project: Project, module: str, version: str, data: Path | None) -> Rebuild:
    from mutirao.engine.progress import by_share
    from mutirao.modules.quality.proof import rebuild

    with Watching().stage(f"Running {module} from its sources", STEPS) as advance:
        return rebuild(project, module, version, data=data, tell=by_share(advance, STEPS))


def _show(project: Project, modules: list[str], version: str, runs: list[Rebuild], *, json: bool) -> None:
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
        told[run.module]["rebuild"] = run.model_dump(mode="json")
        if not json:
            _tell_rebuild(run)
    if json:
        print_json(told)


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
        out.print(f"for {verdict.next_level}: {one.rule.remedy}", soft_wrap=True, markup=False)


def _tell_rebuild(run: Rebuild) -> None:
    if run.holds:
        out.print(f"a run from the sources gives the same pixels in all {len(run.same)} years; recorded")
        return
    years = ", ".join(map(str, run.other))
    out.print(f"[red]a run from the sources gives other pixels in {years}[/red]; recorded", soft_wrap=True)


def _show_rules(scale: Scale, *, json: bool) -> None:
    if json:
        print_json(scale.model_dump(mode="json"))
        return
    rows = [(rule.level, rule.id, rule.title, "no" if not rule.waivable else "yes") for rule in scale.rules]
    show_table(
        "Quality scale: a level needs its own rules and those of the lower ones",
        ["level", "rule", "asks", "waivable"],
        rows,
    )
