"""`mutirao plan`: what a build would do, and what it would take."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mutirao.cli.build_command import versions_of
from mutirao.cli.console import Json, out, print_json, show_table, watcher

if TYPE_CHECKING:
    from mutirao.engine.plan import Plan

MOST_REASONS = 8
"""Reasons that are printed by pass."""


def command(
    context: typer.Context,
    collection: Annotated[str | None, typer.Argument(help="Collection, if there are several.")] = None,
    use: Annotated[
        list[str] | None, typer.Option(help="module=version: another submission than the collection names; repeat it.")
    ] = None,
    cores: Annotated[int, typer.Option(help="Cores of another machine or cluster, for an estimate.", min=1)] = 32,
    html: Annotated[Path | None, typer.Option(help="Draw the plan as a page in this file.")] = None,
    json: Json = False,
) -> None:
    """Tell what a build would do: passes, tiles and why, bytes, memory and hours; nothing is built."""
    from mutirao.engine.plan import plan
    from mutirao.io.storage import write_text
    from mutirao.web.plan_page import plan_page

    project = context.obj.project()
    chosen = context.obj.collection(project, collection)
    found = plan(project, chosen, watcher(json), use=versions_of(use or []))
    if html:
        write_text(html, plan_page(found, cores))
    if json:
        print_json(_summary(found, cores))
    else:
        _tell(found, cores)
        out.print(f"page: {html}" if html else "to see it drawn: add --html plan.html", soft_wrap=True)


def _summary(found: Plan, cores: int) -> dict[str, Any]:
    return {
        **asdict(found),
        "grid": found.grid.model_dump(mode="json"),
        "of_tiles": found.tiles,
        "read_bytes": found.total("read_bytes"),
        "written_bytes": found.total("written_bytes"),
        "hours": {str(count): found.hours(count) for count in sorted({1, found.cores, cores})},
    }


def _tell(found: Plan, cores: int) -> None:
    from mutirao.web.plan_page import hours
    from mutirao.web.run_page import size

    pixels = found.grid.shape[0] * found.grid.shape[1]
    out.print(
        f"{found.collection}: {found.tiles} tiles of {found.grid.tile} pixels a side, {pixels:,} pixels, "
        f"{len(found.years)} years, {found.modules} modules"
    )
    rows = [
        (
            one.number,
            ", ".join(one.steps),
            one.halo,
            f"{len(one.tiles)} of {found.tiles}",
            size(one.read_bytes),
            size(one.written_bytes),
        )
        for one in found.passes
    ]
    show_table("Passes", ["", "steps", "halo [px]", "tiles to make", "read", "written"], rows)
    if found.is_done:
        out.print("every tile is done; a build would make none")
        return
    lines = [
        (one.number, why, count) for one in found.passes for why, count in list(one.reasons.items())[:MOST_REASONS]
    ]
    show_table("Why", ["pass", "reason", "tiles"], lines)
    out.print(f"memory: {size(found.memory_bytes)} a worker")
    if found.free_bytes is not None:
        told = f"disk: {size(found.total('written_bytes'))} of results, {size(found.free_bytes)} are free"
        out.print(told if found.fits else f"{told}: too little", style=None if found.fits else "yellow")
    here = f"{hours(found.hours(found.cores))} on the {found.cores} cores of this machine"
    out.print(f"time: {here}, {hours(found.hours(cores))} on {cores} such cores")
    out.print(f"(tried for {found.calibration_seconds:.1f} s; storage is taken to keep up)", style="dim")
