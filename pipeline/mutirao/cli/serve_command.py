"""`mutirao serve`: the map page on this machine."""

from __future__ import annotations

import webbrowser
from contextlib import suppress
from typing import Annotated

import typer

from mutirao.cli.console import out
from mutirao.cli.releases import Location, choose
from mutirao.errors import ResourceError, UsageError
from mutirao.io.places import Place, is_web, place
from mutirao.web.server import make_server


def command(
    context: typer.Context,
    release: Location = None,
    port: Annotated[int, typer.Option(help="Port on the loopback address; 0 takes a free one.")] = 8000,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Show a release's map page at http://127.0.0.1; stop with Ctrl-C."""
    opened = choose(context.obj, release)
    if is_web(opened.location):
        remedy = "open its address in a browser: it is already served"
        raise UsageError.because("A109", "the release lies on the web", where=opened.location, remedy=remedy)
    show(place(opened.location), port, browser=browser)


def show(folder: Place, port: int, *, browser: bool) -> None:
    """Serve the folder of a product, so that the page can lead to other versions, until Ctrl-C."""
    try:
        server = make_server(folder.parent, port=port)
    except OSError as err:
        remedy = "choose another with --port, or --port 0 for any free one"
        raise ResourceError.because("R202", f"port {port} cannot be used: {err}", where="serve", remedy=remedy) from err
    address = f"http://127.0.0.1:{server.server_port}/{folder.name}/"
    out.print(f"map page: [bold]{address}[/bold]   (stop with Ctrl-C)", soft_wrap=True)
    if browser:
        webbrowser.open(address)
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()
