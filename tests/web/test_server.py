"""The range server: what a browser and a curious visitor may get from it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mutirao.web.server import CONTENT_TYPES, RangeNotSatisfiableError, make_server, parse_range

Answer = tuple[int, dict[str, str], bytes]
TEN_BYTES = b"0123456789"


class Client:
    """Sends paths as they are, which urllib would tidy up."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), body


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("server")
    folder = outside / "root"
    (folder / "release").mkdir(parents=True)
    (outside / "secret.txt").write_text("secret")
    (folder / "map.tif").write_bytes(TEN_BYTES)
    (folder / "empty.csv").write_bytes(b"")
    (folder / ".hidden").write_text("hidden")
    (folder / "release" / "index.html").write_text("<p>page</p>")
    (folder / "to-secret.txt").symlink_to(outside / "secret.txt")
    (folder / "to-outside").symlink_to(outside)
    (folder / "to-map.tif").symlink_to(folder / "map.tif")
    (folder / "odd <name> & more").mkdir()
    return folder


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[Client]:
    with make_server(root) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Client(int(server.server_address[1]))
        server.shutdown()


def test_a_whole_file_is_sent_without_a_range(client: Client) -> None:
    status, headers, body = client.ask("/map.tif")
    assert (status, body) == (200, TEN_BYTES)
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Length"] == "10"


@pytest.mark.parametrize(
    ("asked", "content_range", "expected"),
    [
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=2-4", "bytes 2-4/10", b"234"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=-99", "bytes 0-9/10", TEN_BYTES),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
    ],
)
def test_a_range_is_answered_with_its_bytes(client: Client, asked: str, content_range: str, expected: bytes) -> None:
    status, headers, body = client.ask("/map.tif", Range=asked)
    assert (status, body) == (206, expected)
    assert headers["Content-Range"] == content_range
    assert headers["Content-Length"] == str(len(expected))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-120", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_size(client: Client, asked: str) -> None:
    status, headers, body = client.ask("/map.tif", Range=asked)
    assert (status, body) == (416, b"")
    assert headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize("asked", ["bytes=4-2", "bytes=-", "bytes=a-b", "rows=1-2", "bytes=0-1,3-4"])
def test_a_range_that_makes_no_sense_gives_the_whole_file(client: Client, asked: str) -> None:
    assert client.ask("/map.tif", Range=asked)[::2] == (200, TEN_BYTES)


def test_any_range_of_an_empty_file_is_refused() -> None:
    with pytest.raises(RangeNotSatisfiableError):
        parse_range("bytes=0-", 0)
    with pytest.raises(RangeNotSatisfiableError):
        parse_range("bytes=-5", 0)


def test_an_empty_file_is_sent_whole(client: Client) -> None:
    status, headers, body = client.ask("/empty.csv")
    assert (status, body, headers["Content-Length"]) == (200, b"", "0")


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 200), ({"Range": "bytes=2-4"}, 206), ({"Range": "bytes=99-"}, 416)]
)
def test_head_gives_the_headers_of_get_and_no_body(client: Client, headers: dict[str, str], status: int) -> None:
    head, get = client.ask("/map.tif", "HEAD", **headers), client.ask("/map.tif", **headers)
    assert (head[0], head[2]) == (status, b"")
    assert {**head[1], "Date": ""} == {**get[1], "Date": ""}


def test_other_methods_are_refused(client: Client) -> None:
    assert client.ask("/map.tif", "PUT")[0] == 501


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/release/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/release/%2e%2e/%2e%2e/secret.txt",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "/to-secret.txt",
        "/to-outside/secret.txt",
        "/to-outside/",
        "/map.tif%00.txt",
        "/map.tif/x",
        "/missing.tif",
    ],
)
def test_nothing_outside_the_folder_is_sent(client: Client, path: str) -> None:
    status, _, body = client.ask(path)
    assert status == 404
    assert b"secret" not in body.replace(path.encode(), b"")


def test_the_absolute_path_of_a_file_outside_is_not_found(client: Client, root: Path) -> None:
    assert client.ask(f"/{root.parent}/secret.txt")[0] == 404


def test_a_link_that_stays_inside_is_followed(client: Client) -> None:
    assert client.ask("/to-map.tif")[::2] == (200, TEN_BYTES)


def test_a_folder_shows_its_index(client: Client) -> None:
    status, headers, body = client.ask("/release/")
    assert (status, body) == (200, b"<p>page</p>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/release", "//release"])
def test_a_folder_without_slash_leads_to_the_one_with_it(client: Client, path: str) -> None:
    status, headers, _ = client.ask(path)
    assert (status, headers["Location"]) == (301, "/release/")


def test_a_folder_without_index_lists_its_names(client: Client) -> None:
    status, _, body = client.ask("/")
    page = body.decode()
    assert status == 200
    assert '<a href="release/">release/</a>' in page
    assert "odd &lt;name&gt; &amp; more" in page
    assert ".hidden" not in page
    assert "../" not in page  # there is no way up from the top


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [
        (".tif", "image/tiff; application=geotiff"),
        (".json", "application/json"),
        (".geojson", "application/geo+json"),
        (".parquet", "application/vnd.apache.parquet"),
        (".js", "text/javascript; charset=utf-8"),
        (".css", "text/css; charset=utf-8"),
        (".csv", "text/csv; charset=utf-8"),
        (".md", "text/markdown; charset=utf-8"),
        (".qml", "text/xml; charset=utf-8"),
        (".xml", "text/xml; charset=utf-8"),
        (".sig", "application/octet-stream"),
    ],
)
def test_files_are_sent_with_their_type(client: Client, root: Path, suffix: str, content_type: str) -> None:
    (root / f"file{suffix}").write_text("x")
    assert client.ask(f"/file{suffix}")[1]["Content-Type"] == content_type


def test_types_are_found_whatever_the_case_of_the_suffix(client: Client, root: Path) -> None:
    (root / "LOUD.TIF").write_text("x")
    assert client.ask("/LOUD.TIF")[1]["Content-Type"] == CONTENT_TYPES[".tif"]


def test_a_query_does_not_hide_the_file(client: Client) -> None:
    assert client.ask("/map.tif?v=1")[0] == 200


def test_the_server_is_bound_to_this_machine_only(root: Path) -> None:
    with make_server(root) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_a_file_as_root_is_refused(root: Path) -> None:
    with pytest.raises(NotADirectoryError, match="give a release folder"):
        make_server(root / "map.tif")
