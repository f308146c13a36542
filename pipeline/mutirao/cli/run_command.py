"""`mutirao run`: run a module's method."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, Watching, out, print_json, show_table

if TYPE_CHECKING:
    from mutirao.engine.runs import StoredRun


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Module to run.")],
    data: Annotated[Path | None, typer.Option(help="Wheel with the inputs, if the index is out of reach.")] = None,
    json: Json = False,
) -> None:
    """Run a module's method on its inputs; the result is kept for [bold]submit[/bold]."""
    from mutirao.engine.runs import run

    result = run(context.obj.project(), module, Watching(), data)
    if json:
        print_json({"module": module, "years": result.years, "fresh": result.fresh, "report": result.report})
        return
    out.print(f"{module}: {'ran' if result.fresh else 'nothing changed since the last run'}")
    show_pixels(result)
    for name, (share, pixels) in result.agreements().items():
        out.print(f"agreement {share:.4f} on {pixels} pixels: {name}")


def show_pixels(result: StoredRun) -> None:
    """Print pixels by local code and year."""
    pixels: dict[str, dict[str, int]] = result.report["pixels"]
    codes = sorted({int(code) for counts in pixels.values() for code in counts})
    rows = [(year, *(pixels[str(year)].get(str(code), 0) for code in codes)) for year in result.years]
    show_table("Pixels by local code (0 is no claim)", ["year", *map(str, codes)], rows)
