"""Serve a release folder, of this machine or of an object store, with the range requests that the map page needs.

Python's own ``http.server`` ignores ``Range``; the page reads rasters and tables in parts, so it needs a server that
does not.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from mutirao.io.places import ObjectPlace, Place

logger = logging.getLogger(__name__)

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".qml": "text/xml; charset=utf-8",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff; application=geotiff",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "text/xml; charset=utf-8",
    ".yaml": "text/yaml; charset=utf-8",
}
"""Content type by file suffix; the system's own table differs between machines, so it is not asked."""

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_LISTING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:16px/1.7 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}\
ul{{list-style:none;padding:0}}:root{{color-scheme:light dark}}</style>
<h1>{title}</h1><ul>
{items}
</ul></html>
"""


class RangeNotSatisfiableError(ValueError):
    """The range begins beyond the end of the file."""


@dataclass(frozen=True)
class _Body:
    """What an answer carries: `length` bytes of `stream`, which stands at the first of them."""

    stream: BinaryIO
    length: int


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Read a ``Range`` header of one range.

    Parameters
    ----------
    header : value of the header, None if the request has none.
    size : length of the file [bytes].

    Returns
    -------
    First and last byte, both inclusive; None to send the whole file (no header, another unit, more than one
    range, or not well formed: RFC 9110 lets a server ignore those).

    Raises
    ------
    RangeNotSatisfiableError : the range holds no byte of the file.

    Examples
    --------
    >>> parse_range("bytes=2-", 10), parse_range("bytes=-3", 10)
    ((2, 9), (7, 9))
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiableError(f"{header} of a file of {size} bytes")
    return start, end


def resolve(root: Place, url_path: str) -> Place | None:
    """Find the file that a request names.

    Parameters
    ----------
    root : the folder that is served, resolved.
    url_path : path of the request, percent-encoded, with its query if any.

    Returns
    -------
    An existing file or folder inside `root`, or None: missing, asked for by way of ``..``, or a link that leads
    outside.
    """
    path = unquote(urlsplit(url_path).path)
    parts = [part for part in path.split("/") if part]
    if "\0" in path or "\\" in path or ".." in parts:
        return None
    if isinstance(root, ObjectPlace):
        found = root / "/".join(parts) if parts else root
        return found if found.exists() else None
    try:
        target = root.joinpath(*parts).resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return None
    return target if target.is_relative_to(root) else None


class RangeHandler(BaseHTTPRequestHandler):
    """Answer GET and HEAD for the files of one folder."""

    protocol_version = "HTTP/1.1"
    server_version = "mutirao"
    sys_version = ""

    def __init__(self, *args: object, root: Place) -> None:
        self.root = root
        super().__init__(*args)  # type: ignore[arg-type]  # the socket server hands over its own three

    def do_GET(self) -> None:
        """Answer with a file, a part of it, or the list of a folder."""
        self._answer(self._send_body)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self._answer(lambda body: None)

    def _answer(self, send: Callable[[_Body], None]) -> None:
        target = resolve(self.root, self.path)
        path = urlsplit(self.path).path
        if target is None:
            self.send_error(HTTPStatus.NOT_FOUND, "No such file")
        elif target.is_file():
            self._answer_file(target, send)
        elif not path.endswith("/"):
            self._redirect(f"/{path.lstrip('/')}/")  # one slash: two would name another host
        elif (target / "index.html").is_file():
            self._answer_file(target / "index.html", send)
        else:
            self._answer_listing(target, send)

    def _answer_file(self, path: Place, send: Callable[[_Body], None]) -> None:
        size = path.stat().st_size
        try:
            part = parse_range(self.headers.get("Range"), size)
        except RangeNotSatisfiableError:
            self._refuse_range(size)
            return
        start, end = part or (0, size - 1)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK)
        if part:
            self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        content_type = CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
        self._send_headers(content_type, end - start + 1)
        with path.open("rb") as stream:
            stream.seek(start)
            send(_Body(stream, end - start + 1))

    def _answer_listing(self, folder: Place, send: Callable[[_Body], None]) -> None:
        page = listing(folder, is_root=folder == self.root).encode()
        self.send_response(HTTPStatus.OK)
        self._send_headers(CONTENT_TYPES[".html"], len(page))
        send(_Body(BytesIO(page), len(page)))

    def _send_headers(self, content_type: str, length: int) -> None:
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")  # a release being made changes under the same name
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()

    def _refuse_range(self, size: int) -> None:
        self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        self.send_header("Content-Range", f"bytes */{size}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _redirect(self, location: str) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_body(self, body: _Body) -> None:
        remaining = body.length
        try:
            while remaining and (block := body.stream.read(min(remaining, 1 << 18))):
                self.wfile.write(block)
                remaining -= len(block)
        except (BrokenPipeError, ConnectionResetError):  # the page moved on and wants no more
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Write to the log instead of the terminal."""
        logger.debug(format, *args)


def listing(folder: Place, *, is_root: bool) -> str:
    """Make a small page with the names in a folder, folders first; hidden files are left out."""
    found: list[Place] = list(folder.iterdir())
    entries = sorted(found, key=lambda item: (item.is_file(), item.name))
    names = [item.name + ("/" if item.is_dir() else "") for item in entries if not item.name.startswith(".")]
    links = [] if is_root else ['<li><a href="../">../</a>']
    links += [f'<li><a href="{quote(name)}">{html.escape(name)}</a>' for name in names]
    return _LISTING.format(title=html.escape(folder.name) or "/", items="\n".join(links))


def make_server(root: Place, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """Bind a server for a folder; it serves once its ``serve_forever`` runs.

    Parameters
    ----------
    root : the folder to serve; nothing outside is ever sent.
    host : address to bind; the default is this machine only.
    port : 0 takes any free port: read it from ``server_address``.

    Raises
    ------
    NotADirectoryError : `root` is not a folder.
    OSError : the port is taken.
    """
    folder = root.resolve()
    if not folder.is_dir():
        raise NotADirectoryError(f"{root} is not a folder: give a release folder, or the one that holds them all")
    return ThreadingHTTPServer((host, port), partial(RangeHandler, root=folder))


def serve(
    root: Place, host: str = "127.0.0.1", port: int = 8000, *, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve a folder until interrupted.

    Parameters
    ----------
    root, host, port : as in `make_server`.
    on_ready : told the address to open once the server listens.
    """
    with make_server(root, host, port) as server:
        address = f"http://{host}:{server.server_address[1]}/"
        logger.info("serving %s at %s", root, address)
        if on_ready:
            on_ready(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            logger.info("stopped")
