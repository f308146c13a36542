"""`mutirao build`: integrate the submissions into one map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from mutirao.cli.console import Json, Quiet, out, print_json, show_table, watcher
from mutirao.cli.runlog_command import write_report
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.engine.build import Build
    from mutirao.engine.cluster import Crew
    from mutirao.engine.progress import Progress
    from mutirao.project import Project

MOST_REASONS = 6
"""Reasons that are printed; `mutirao ledger list` has those of each tile."""
NAME_COLUMN, YEAR_COLUMN = 26, 14
"""Characters for the name of a class, and for the hectares of a country in one year."""
MOST_CONFLICTS = 3
"""Conflicts that are printed; all of them are in the build's tables/conflicts.csv."""


def command(
    context: typer.Context,
    collection: Annotated[str | None, typer.Argument(help="Collection, if there are several.")] = None,
    use: Annotated[
        list[str] | None, typer.Option(help="module=version: another submission than the collection names; repeat it.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads; default: one a core.", min=1)] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Workers elsewhere: tcp://host:port of a Dask scheduler, or configs/clusters/.")
    ] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for another build of the collection; 0 refuses at once.", min=0)
    ] = 600,
    report: Annotated[Path | None, typer.Option(help="Write a page on how the build went to this file.")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Integrate and filter the submissions; only tiles whose inputs changed are made anew."""
    from mutirao.engine.build import build
    from mutirao.engine.reasons import count_reasons
    from mutirao.engine.record import plain

    project = context.obj.project()
    chosen = context.obj.collection(project, collection)
    watching, versions, last = watcher(quiet or json), versions_of(use or []), last_name(project, chosen)
    with _crew(project, workers, cluster, watching) as crew:
        result = build(project, chosen, watching, use=versions, workers=crew, wait_s=wait)
    if report:
        write_report(project, chosen, report)
    if json:
        reasons = {"reasons": count_reasons(result.reasons), "changed": result.changed}
        done = {"made": result.made, "reused": result.reused, **reasons}
        print_json({"folder": result.folder, **done, **plain(result.record)})
    else:
        tell_build(result, last)


@contextmanager
def _crew(
    project: Project, workers: int | None, cluster: str | None, progress: Progress
) -> Iterator[int | Crew | None]:
    """Yield who does the work."""
    if cluster is None:
        yield workers
        return
    if workers is not None:
        remedy = "start as many workers as you want with the cluster, or leave --cluster out"
        message = "--workers counts threads of this machine"
        raise UsageError.because("B111", message, where="--workers --cluster", remedy=remedy)
    from mutirao.engine.remote import open_crew

    with open_crew(project, cluster, progress.say) as crew:
        yield crew


def last_name(project: Project, collection: str) -> str | None:
    """Return the name of the last finished build of a collection, if there is one."""
    from mutirao.engine.build import POINTER, builds_folder
    from mutirao.io.storage import read_json

    pointer = builds_folder(project, collection) / POINTER
    return str(read_json(pointer)["build"]) if pointer.is_file() else None


def versions_of(pairs: list[str]) -> dict[str, str]:
    """Return the version by module of pairs such as `meadows=0.1.0`."""
    split = [pair.partition("=") for pair in pairs]
    wrong = [module for module, _, version in split if not version]
    if wrong:
        remedy = "write module=version, for example --use meadows=0.1.0"
        raise UsageError.because("B104", f"'{wrong[0]}' names no version", where="--use", remedy=remedy)
    return {module: version for module, _, version in split}


def tell_build(result: Build, last: str | None = None) -> None:
    """Print what a build did and found; `last` is the name of the build before it, if there was one."""
    total = len(result.record.tiles)
    if not result.made and last in (result.folder.name, None):
        out.print(f"build {result.folder.name}: nothing to do, all {total} tiles are done")
    elif not result.made:
        told = f"no tile to make, all {total} are done; another build than {last}"
        out.print(f"build {result.folder.name}: {told}", soft_wrap=True)
        out.print(f"because: {', '.join(result.changed)}", soft_wrap=True)
    else:
        reason = f" ({', '.join(result.renewed)})" if result.renewed else ""
        told = f"{len(result.made)} of {total} tiles made{reason}, {result.reused} reused"
        out.print(f"build {result.folder.name}: {told}", soft_wrap=True)
        show_reasons(result)
    for entry in result.record.agreement:
        out.print(f"agreement {entry.overall:.4f} on {entry.pixels} pixels: {entry.title}", soft_wrap=True)
    if result.record.hole_ha:
        out.print(f"[yellow]{result.record.hole_ha:,.2f} ha are taken by no rule in the worst year[/yellow]")
    show_areas(result)
    show_conflicts(result)


def show_reasons(result: Build) -> None:
    """Print why results were made, the most frequent reasons first; a tile of a later pass counts once more."""
    from mutirao.engine.reasons import count_reasons

    counts = [f"{reason} ({count})" for reason, count in count_reasons(result.reasons).items()]
    more = f", and {len(counts) - MOST_REASONS} other reasons" if len(counts) > MOST_REASONS else ""
    out.print(f"because: {', '.join(counts[:MOST_REASONS])}{more}", soft_wrap=True)


def show_conflicts(result: Build) -> None:
    """Print the largest conflicts, hectares over all years."""
    conflicts = result.table("conflicts")
    kinds = ["module_a", "name_a", "module_b", "name_b", "rule"]
    summed = pd.DataFrame(conflicts.groupby(kinds, as_index=False)["area_ha"].sum())
    largest = summed.sort_values("area_ha", ascending=False).head(MOST_CONFLICTS)
    rows = [
        (f"{a}: {in_a}", f"{b}: {in_b}", rule or "no rule", float(ha))
        for a, in_a, b, in_b, rule, ha in largest.itertuples(index=False)
    ]
    if rows:
        show_table("Largest conflicts, hectares over all years", ["who", "against whom", "decided by", "ha"], rows)


def show_areas(result: Build) -> None:
    """Print hectares by class, in as many years of the series as the terminal has room for."""
    areas = result.table("areas")
    whole = areas[areas["territory_level"] == "all"]
    years = spread(result.record.years, (out.width - NAME_COLUMN) // YEAR_COLUMN)
    rows = [
        (name, *(float(group.loc[group["year"] == year, "area_ha"].sum()) for year in years))
        for name, group in whole.groupby("class_name", sort=False)
    ]
    shown = "" if years == result.record.years else " (some years; all: tables/areas.csv)"
    show_table(f"Hectares{shown}", ["class", *map(str, years)], rows)


def spread(years: Sequence[int], most: int) -> tuple[int, ...]:
    """Return at most so many years of a series, two at least, evenly spread from the first to the last."""
    steps, last = max(most, 2) - 1, len(years) - 1
    return tuple(years) if last <= steps else tuple(years[round(step * last / steps)] for step in range(steps + 1))
