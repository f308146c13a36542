"""`mutirao ledger`: the results behind the builds of a collection."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_table

if TYPE_CHECKING:
    from mutirao.engine.upkeep import Entry, Upkeep

app = typer.Typer(no_args_is_help=True, help="List, verify and prune the results behind builds.")
Name = Annotated[str | None, typer.Argument(help="Collection, if there are several.")]
Keep = Annotated[int, typer.Option(help="Newest builds that stay; the last one always does.", min=0)]
KEPT = 3


@app.command("list")
def list_results(context: typer.Context, collection: Name = None, keep: Keep = KEPT, json: Json = False) -> None:
    """List every result: tile, age, size, why it was made, and whether a build needs it."""
    entries = _upkeep(context, collection, keep).entries()
    if json:
        print_json([asdict(entry) for entry in entries])
        return
    rows = [(*_told(entry), "yes" if entry.needed else "no") for entry in entries]
    show_table("Results", ["tile", "pass", "made", "kB", "why", "needed"], rows)
    out.print(f"{len(entries)} results, {_megabytes(sum(entry.size for entry in entries))}")


@app.command()
def verify(context: typer.Context, collection: Name = None, json: Json = False) -> None:
    """Digest every result again; exit status 1 if some are damaged. A build never uses these and makes them anew."""
    upkeep = _upkeep(context, collection, KEPT)
    damaged, total = upkeep.damaged(), len(upkeep.entries())
    if json:
        print_json({"results": total, "damaged": [{**asdict(entry), "state": state} for entry, state in damaged]})
    elif damaged:
        rows = [(entry.tile, entry.number, state, str(upkeep.ledger.path(entry.key))) for entry, state in damaged]
        show_table("Damaged", ["tile", "pass", "state", "file"], rows)
        out.print(f"{len(damaged)} of {total} results do not count; the next build makes anew what it needs of them")
    else:
        out.print(f"all {total} results are intact")
    if damaged:
        raise typer.Exit(1)


@app.command()
def prune(
    context: typer.Context,
    collection: Name = None,
    keep: Keep = KEPT,
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it only what would go is told.")] = False,
    json: Json = False,
) -> None:
    """Remove results that no kept build needs, older builds, and what dead builds left half done."""
    upkeep = _upkeep(context, collection, keep)
    plan = upkeep.prune() if yes else upkeep.plan()
    if json:
        print_json({"removed": yes, **asdict(plan)})
        return
    parts = f"{len(plan.results)} results, {len(plan.builds)} builds, {len(plan.partials)} left half done"
    verb = "removed" if yes else "would remove"
    out.print(f"{verb} {_megabytes(plan.size)}: {parts}; builds that stay: {', '.join(upkeep.kept) or 'none'}")
    if not yes and plan.size:
        out.print("run it with --yes to remove them")


def _upkeep(context: typer.Context, collection: str | None, keep: int) -> Upkeep:
    from mutirao.engine.build import builds_folder
    from mutirao.engine.upkeep import Upkeep

    project = context.obj.project()
    return Upkeep(builds_folder(project, context.obj.collection(project, collection)), keep)


def _told(entry: Entry) -> tuple[str, int, str, float, str]:
    return entry.tile, entry.number, entry.made, entry.size / 1000, ", ".join(entry.why)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.2f} MB"
