"""`mutirao status`: who delivered what, when, at which quality, and where the collection stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mutirao.cli.console import Json, out, print_json

if TYPE_CHECKING:
    from mutirao.collection import Level
    from mutirao.release.deadlines import Deadline
    from mutirao.release.statusrecord import ModuleStatus, Status

BAR = 8
"""Characters of a bar."""
WIDE = 118
"""Columns of a terminal from which on everything has room."""
NO_INTERVAL = "*"
"""Mark of an accuracy that nobody gave an interval for."""
LEVEL_STYLES: dict[Level | None, str] = {
    "bronze": "rgb(176,108,52)",
    "silver": "rgb(130,142,152)",
    "gold": "rgb(190,145,0)",
    "platinum": "rgb(70,150,190)",
    None: "dim",
}
DEADLINE_STYLES = {"early": "green", "on time": "green", "late": "yellow", "open": "", "overdue": "bold red"}


def command(
    context: typer.Context,
    collection: Annotated[str | None, typer.Argument(help="Collection, if there are several.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page to this file, and status.json with the same beside it.")
    ] = None,
    json: Json = False,
) -> None:
    """Show who delivered what, when, at which quality: modules, deadlines, findings, goals, last build, releases."""
    from mutirao.release.status import collection_status

    project = context.obj.project()
    status = collection_status(project, context.obj.collection(project, collection))
    if html is not None:
        _write_page(html, status)
    if json:
        print_json(status.model_dump(mode="json"))
    else:
        _tell(status)
        if html is not None:
            out.print(f"page: {html}", soft_wrap=True, markup=False)


def _write_page(path: Path, status: Status) -> None:
    from mutirao.io.storage import write_json, write_text
    from mutirao.web.status_page import status_page

    write_json(path.with_name("status.json"), status.model_dump(mode="json"))
    write_text(path, status_page(status))


def _tell(status: Status) -> None:
    out.print(Text.assemble((status.title, "bold"), f", {status.on}"), soft_wrap=True)
    out.print(_table(status))
    if out.width >= WIDE and any(module.accuracy and module.accuracy.low is None for module in status.modules):
        out.print(f"{NO_INTERVAL} no interval: agreement told by the module's own run", style="dim", soft_wrap=True)
    for module in status.modules:
        for line in _remarks(module):
            out.print(line, soft_wrap=True)
    _tell_goals(status)
    _tell_build(status)
    versions = ", ".join(f"{release.version} ({release.released})" for release in status.releases)
    out.print(f"releases: {versions or 'none yet'}", soft_wrap=True)
    for entry in status.collection_deadlines:
        out.print(Text.assemble(f"{status.milestones[entry.milestone]}: ", _due(entry)), soft_wrap=True)


def _table(status: Status) -> Table:
    """Return a line for each module; a narrow terminal gets what is most urgent."""
    deadlines, wide = bool(status.milestones), out.width >= WIDE
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("module", "level", "version", "years"):
        table.add_column(column, no_wrap=True)
    for column in (*(["deadline"] if deadlines else []), "findings"):
        table.add_column(column, overflow="fold")
    if wide:
        table.add_column("submitted", no_wrap=True)
        table.add_column("changed", justify="right", no_wrap=True)
        table.add_column("accuracy", overflow="fold")
        if status.signs:
            table.add_column("trust", overflow="fold")
    for module in status.modules:
        further = [*_further(module), *([_trust(module)] if status.signs else [])] if wide else []
        table.add_row(*_urgent(module, deadlines=deadlines), *further)
    return table


def _urgent(module: ModuleStatus, *, deadlines: bool) -> list[str | Text]:
    from mutirao.release.deadlines import pressing

    return [
        module.module,
        Text(module.level or "none", LEVEL_STYLES[module.level]),
        module.version or (Text("held back", "yellow") if module.held_back else "none yet"),
        _years(module),
        *([_dues(module, pressing(module.deadlines))] if deadlines else []),
        _findings(module),
    ]


def _further(module: ModuleStatus) -> list[str | Text]:
    mean = f"{module.change.changed_ha / len(module.change.years):,.1f} ha" if module.change else ""
    return [str(module.submitted or ""), mean, _accuracy(module)]


def _trust(module: ModuleStatus) -> Text:
    """Return who signed the submission, and what the reviewers say."""
    if module.version is None:
        return Text("")
    signed = ", ".join(module.signed_by)
    parts = [Text(f"signed by {signed}") if signed else Text("not signed", "yellow")]
    if module.rejected_by:
        parts.append(Text("rejected", "red"))
    elif module.accepted_by:
        parts.append(Text(f"accepted by {', '.join(module.accepted_by)}", "green"))
    return Text("; ").join(parts)


def _years(module: ModuleStatus) -> Text:
    """Return a bar of the announced years, and their count."""
    there, lent, announced = module.count("delivered"), module.count("lent"), module.announced
    full = there * BAR // announced if announced else 0
    half = (there + lent) * BAR // announced - full if announced else 0
    style = "green" if module.complete else "yellow"
    count = f" {there}/{announced}" + (f"+{lent}" if lent else "")
    return Text.assemble(("█" * full, style), ("▒" * half, style), ("░" * (BAR - full - half), "dim"), count)


def _dues(module: ModuleStatus, entries: Sequence[Deadline]) -> Text:
    """Return milestones, a line each; with the name where the module has several."""
    named = len(module.deadlines) > 1
    lines = [Text.assemble(_due(entry), f" ({entry.milestone})" if named else "") for entry in entries]
    return Text("\n").join(lines)


def _left(days: int) -> str:
    """Return in words when a day is, so many days from today."""
    if days == 0:
        return "until today"
    counted = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{counted} left" if days > 0 else f"{counted} ago"


def _due(entry: Deadline) -> Text:
    return Text(entry.in_words(), DEADLINE_STYLES[entry.state])


def _findings(module: ModuleStatus) -> Text:
    if module.version is None:
        return Text("")
    stop, advice = module.open_findings("block"), module.open_findings("advise")
    waived = sum(one.waived for one in module.findings)
    parts = [(f"{stop} blocking ", "red")] if stop else []
    parts += [(f"{advice} advice", "yellow")] if advice else [("none", "green")] if not stop else []
    return Text.assemble(*parts, f", {waived} waived" if waived else "")


def _accuracy(module: ModuleStatus) -> str:
    known = module.accuracy
    if known is None:
        return "unknown"
    unsigned = " not signed" if known.signed_by == () else ""
    if known.low is None or known.high is None:
        return f"{known.overall:.3f} {NO_INTERVAL}{unsigned}"
    return f"{known.overall:.3f} ({known.low:.3f}-{known.high:.3f}){unsigned}"


def _remarks(module: ModuleStatus) -> list[Text]:
    """Return what must be told of a module beside its line in the table."""
    name = f"{module.module}: "
    lines = [Text.assemble((name, "bold"), (module.problem, "red"))] if module.problem else []
    for version, why in module.held_back.items():
        lines.append(Text.assemble((name, "bold"), (f"{version} is held back: {why}", "yellow")))
    for rejection in module.rejected_by:
        lines.append(Text.assemble((name, "bold"), (f"{module.version} is rejected by {rejection}", "red")))
    if module.version and module.lacking:
        rules = ", ".join(one.rule for one in module.lacking)
        lines.append(Text.assemble((name, "bold"), f"for {module.next_level} lacks {rules}"))
    for waiver in module.waivers:
        said = f"waiver of {waiver.subject} by {waiver.author}"
        said += (
            f", {_left(waiver.days_left)}: {waiver.reason}" if waiver.counts else f" excuses nothing: {waiver.why_not}"
        )
        lines.append(Text.assemble((name, "bold"), (said, "" if waiver.counts else "yellow")))
    return lines


def _tell_goals(status: Status) -> None:
    for goal in status.goals:
        total = len(goal.reached) + len(goal.lacking)
        full = round(goal.share * BAR)
        until = f", by {goal.by} ({_left(goal.days_left)})" if goal.by and goal.days_left is not None else ""
        bar = [("█" * full, "green"), ("░" * (BAR - full), "dim")]
        out.print(Text.assemble("goal: ", *bar, f" {len(goal.reached)}/{total} {goal.title}{until}"), soft_wrap=True)


def _tell_build(status: Status) -> None:
    build = status.build
    if build is None:
        out.print("last build: none yet")
        return
    out.print(f"last build: {build.build} of {build.created}")
    if build.newer_submissions:
        out.print(f"newer submissions wait for a build: {', '.join(build.newer_submissions)}", soft_wrap=True)
    if build.changed:
        out.print(f"changed since the last build: {', '.join(build.changed)}", soft_wrap=True)
