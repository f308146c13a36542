"""`mutirao series`: the trajectory of a pixel, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, print_json
from mutirao.cli.explain_command import evidence_named, place_of
from mutirao.cli.state import State
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.engine.stack import ChainOnStack
    from mutirao.engine.trajectory import Trajectory

ChainName = Annotated[str | None, typer.Option("--chain", help="A chain to try, by id or file, on --rasters.")]
Rasters = Annotated[
    str | None, typer.Option(help="Yearly rasters of classes, as 'maps/*.tif'; the year stands in each name.")
]
LegendName = Annotated[str | None, typer.Option("--legend", help="Legend of the rasters; default: that of the chain.")]
Layers = Annotated[list[str] | None, typer.Option("--layer", help="Raster that the chain asks: name=file; repeatable.")]


def command(
    context: typer.Context,
    of: Annotated[
        str | None,
        typer.Argument(
            help="A collection or a build; or a release, by folder, URL or version; default: the last build here.",
            metavar="[RELEASE-OR-BUILD]",
        ),
    ] = None,
    at: Annotated[str, typer.Option(help="Longitude and latitude in degrees, for example 22.147,45.205.")] = "",
    chain: ChainName = None,
    rasters: Rasters = None,
    legend: LegendName = None,
    layer: Layers = None,
    json: Json = False,
) -> None:
    """Show the series of a pixel before the chain and after every step; or under a chain that is only tried."""
    from mutirao.cli.series_text import as_json, show

    place = place_of(at)
    if chain or rasters:
        trajectory = _tried(stack_chain(context.obj, of, chain, rasters, legend, layer), place)
    else:
        trajectory = _known(context.obj, of, place)
    if json:
        print_json(as_json(trajectory, place))
    else:
        show(trajectory, place)


def _known(state: State, of: str | None, place: tuple[float, float]) -> Trajectory:
    from mutirao.engine.trajectory import of_evidence

    evidence = evidence_named(state, of)
    return of_evidence(evidence, *evidence.basis.collection.grid.index(*place))


def _tried(chain: ChainOnStack, place: tuple[float, float]) -> Trajectory:
    from mutirao.engine.trajectory import of_stack

    return of_stack(chain, *chain.stack.grid.index(*place))


def stack_chain(
    state: State, of: str | None, chain: str | None, rasters: str | None, legend: str | None, layers: list[str] | None
) -> ChainOnStack:
    """Return a chain and the rasters that it is tried on.

    Raises
    ------
    UsageError
        U114: --chain or --rasters is missing, a build is named too, or a --layer is no name=file.
    """
    from mutirao.engine.stack import chain_on_stack, open_stack
    from mutirao.io.storage import matching

    if of or chain is None or rasters is None:
        remedy = "write both, and no build: --chain my-chain --rasters 'maps/*.tif'"
        message = "a chain is tried on rasters: --chain and --rasters go together"
        raise UsageError.because("U114", message, where="--chain", remedy=remedy)
    named = [text.partition("=") for text in layers or []]
    wrong = [name for name, _, file in named if not file]
    if wrong:
        remedy = "write name=file, for example --layer slope=slope.tif"
        raise UsageError.because("U114", f"'{wrong[0]}' names no file", where="--layer", remedy=remedy)
    given = {name: Path(file) for name, _, file in named}
    return chain_on_stack(state.project(), chain, open_stack(matching(rasters)), legend=legend, layers=given)
