"""`mutirao ledger`: the results behind the builds of a collection."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_table, watcher
from mutirao.modules.numbers import counted

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
    out.print(f"{_counted(len(entries), 'result')}, {_megabytes(sum(entry.size for entry in entries))}")


@app.command()
def verify(context: typer.Context, collection: Name = None, json: Json = False) -> None:
    """Digest every result again; exit status 1 if some are damaged. A build never uses these and makes them anew."""
    upkeep = _upkeep(context, collection, KEPT)
    damaged, total = upkeep.damaged(watcher(json)), len(upkeep.ledger.sizes())
    if json:
        print_json({"results": total, "damaged": [{**asdict(entry), "state": state} for entry, state in damaged]})
    elif damaged:
        rows = [(entry.tile, entry.number, state, f"{entry.key[:2]}/{entry.key[:16]}…") for entry, state in damaged]
        show_table("Damaged", ["tile", "pass", "state", "file"], rows)
        out.print(f"files are in {upkeep.ledger.folder}", soft_wrap=True)
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
    """Remove results that no kept build needs, older builds, what dead builds left, and polygons nobody asks for."""
    from mutirao.engine import burntsets

    upkeep, project = _upkeep(context, collection, keep), context.obj.project()
    plan = upkeep.prune() if yes else upkeep.plan()
    burnt = burntsets.prune(project) if yes else burntsets.unused(project)
    if json:
        print_json({"removed": yes, **asdict(plan), "burnt": asdict(burnt)})
        return
    verb, size = "removed" if yes else "would remove", plan.size + burnt.size
    things = {"result": plan.results, "build": plan.builds, "leftover of dead builds": plan.partials}
    things["set of polygons that no collection asks for"] = burnt.sets
    parts = [_counted(len(found), thing) for thing, found in things.items()]
    out.print(f"{verb} {_megabytes(size)}: {', '.join(parts)}", soft_wrap=True)
    out.print(f"builds that stay: {', '.join(upkeep.kept) or 'none'}", soft_wrap=True)
    if burnt.busy:
        out.print(f"polygons stay: {burnt.busy}", soft_wrap=True)
    if not yes and size:
        out.print("run it with --yes to remove them")


def _upkeep(context: typer.Context, collection: str | None, keep: int) -> Upkeep:
    from mutirao.engine.build import builds_folder
    from mutirao.engine.upkeep import Upkeep

    project = context.obj.project()
    return Upkeep(builds_folder(project, context.obj.collection(project, collection)), keep)


def _told(entry: Entry) -> tuple[str, int, str, float, str]:
    return entry.tile, entry.number, entry.made, entry.size / 1000, ", ".join(entry.why)


def _counted(count: int, thing: str) -> str:
    """Return a count with its noun, whose first word takes an s."""
    first, _, rest = thing.partition(" ")
    return f"{counted(count, first)} {rest}".rstrip()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.2f} MB"
