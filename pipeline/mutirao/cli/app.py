"""The command `mutirao`: global options, groups of commands, and how an error ends."""

from __future__ import annotations

import importlib
import logging
import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from mutirao import __version__
from mutirao.cli.console import err, show_findings
from mutirao.cli.state import State
from mutirao.errors import MutiraoError, ResourceError
from mutirao.io.places import place

GROUPS = {
    "For members: run a module": ("new", "run", "check", "submit", "report", "sign"),
    "For maintainers: make the collection": (
        "status",
        "quality",
        "rules",
        "chain",
        "plan",
        "build",
        "ledger",
        "runlog",
        "review",
        "assess",
        "release",
        "trust",
        "sync",
    ),
    "For analysts: use the maps": ("list", "explain", "series", "stats", "download", "verify", "serve"),
    "To begin": ("demo",),
}

app = typer.Typer(
    name="mutirao",
    help="The open engine for networks that map the land together.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

STOPPED = 130
"""Exit status after Ctrl-C and SIGTERM."""


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mutirao {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    project: Annotated[Path | None, typer.Option(help="The network's repository; default: this folder.")] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            envvar="MUTIRAO_WORKSPACE",
            help="Where results are kept: a folder, or s3://bucket/folder; default: as configs/storage.yaml says, "
            "else workspace/ in the repository.",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """The open engine for networks that map the land together."""
    context.obj = State(project, place(workspace) if workspace else None)
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not debug:
        # What GDAL warns of, the checks tell with a remedy. Where a raster is read, warnings are kept quiet too, but
        # threads that do so at the same time let each other's through.
        logging.getLogger("rasterio").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", "Dataset has no geotransform")


def _register() -> None:
    for panel, commands in GROUPS.items():
        for command in commands:
            module = importlib.import_module(f"mutirao.cli.{command}_command")
            if hasattr(module, "app"):
                app.add_typer(module.app, name=command, rich_help_panel=panel)
            else:
                app.command(command, rich_help_panel=panel)(module.command)


_register()


def _storage_failed(error: OSError) -> ResourceError:
    remedy = "look at space and permissions, then run the command again; what is finished is kept"
    where = str(error.filename or "storage")
    return ResourceError.because("R204", f"the system refused: {error.strerror or error}", where=where, remedy=remedy)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; a refusal ends with its findings and exit status 1, 2 or 3, never with a trace."""
    # Batch systems and containers ask to end with SIGTERM: that is Ctrl-C without a keyboard.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except (MutiraoError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        refusal = error if isinstance(error, MutiraoError) else _storage_failed(error)
        show_findings(refusal.findings)
        raise SystemExit(refusal.exit_status) from None
    except SystemExit as ended:
        if ended.code == STOPPED:  # typer makes it of Ctrl-C
            err.print("stopped; what is finished is kept, run the same command to go on")
        raise
