"""The map page in a real browser: what is on the screen must be what rasterio reads from the same files."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import urlopen

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest
import rasterio
from pyproj import Transformer

pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright")

Picture = npt.NDArray[np.uint8]
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # screenshots have no place

READY = "html[data-ready=true]"
STACKED = "html[data-years=stack]"
PATIENCE_S = 6.0


@dataclass
class Release:
    """The release under test, read without the page."""

    folder: Path
    url: str
    info: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.info = json.loads((self.folder / "map.json").read_text())

    def codes(self, asset: str, year: int) -> npt.NDArray[Any]:
        with rasterio.open(self.folder / self.info["assets"][asset][str(year)]) as source:
            return source.read(1)

    def series(self, row: int, column: int) -> list[int]:
        return [int(self.codes("class", year)[row, column]) for year in self.info["years"]]

    def lonlat(self, row: int, column: int) -> tuple[float, float]:
        a, _, left, _, e, top = self.info["grid"]["transform"]
        to_degrees = Transformer.from_crs(self.info["grid"]["proj4"], "EPSG:4326", always_xy=True)
        return to_degrees.transform(left + (column + 0.5) * a, top + (row + 0.5) * e)

    def item(self, table: str, ident: int) -> dict[str, Any]:
        key = "code" if table == "legend" else "id"
        return next(item for item in self.info[table] if item[key] == ident)

    def palette(self, table: str = "legend") -> dict[int, tuple[int, int, int]]:
        key = "code" if table == "legend" else "id"
        return {item[key]: rgb(item["color"]) for item in self.info[table]}


class View:
    """One open page, and all that it said and asked for."""

    def __init__(self, browser: Any, release: Release, hash_: str = "", **context: Any) -> None:
        self.release = release
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", lambda request: self.errors.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(release.url + hash_)

    def wait(self, selector: str = STACKED) -> View:
        self.page.wait_for_selector(selector, state="attached", timeout=15000)
        return self

    def hash(self) -> str:
        return str(self.page.evaluate("location.hash"))

    def picture(self) -> Picture:
        """Take (y, x, rgb) of the map."""
        with rasterio.open(io.BytesIO(self.page.locator("#map").screenshot())) as source:
            return np.moveaxis(source.read()[:3], 0, -1)

    def only_raster(self) -> View:
        """Take off what lies over the raster."""
        self.page.get_by_label("Outlines").uncheck()
        self.page.mouse.move(2, 2)
        self.page.eval_on_selector_all(
            "#map button, #map label, #map .ol-scale-line",
            "items => items.forEach(item => { item.style.visibility = 'hidden' })",
        )
        return self

    def background(self) -> tuple[int, int, int]:
        color = self.page.eval_on_selector("#map", "map => getComputedStyle(map).backgroundColor")
        red, green, blue = map(int, re.findall(r"\d+", color)[:3])
        return red, green, blue


def rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def until(condition: Callable[[], bool]) -> bool:
    """Ask again until it holds: the screen follows a click a few frames later."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def box(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Give the first and one past the last row, then column, with any True."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def centres(picture: Picture, codes: npt.NDArray[Any], background: tuple[int, int, int]) -> tuple[Any, Any]:
    """Find the screen row of each raster row's centre and the same for columns, by where the drawn part lies."""
    top, bottom, left, right = box((picture != background).any(axis=-1))
    first_row, last_row, first_column, last_column = box(codes != 0)
    rows = top + (np.arange(codes.shape[0]) + 0.5 - first_row) * (bottom - top) / (last_row - first_row)
    columns = left + (np.arange(codes.shape[1]) + 0.5 - first_column) * (right - left) / (last_column - first_column)
    return rows, columns


def drawn(view: View, codes: npt.NDArray[Any], palette: dict[int, tuple[int, int, int]]) -> bool:
    """Whether the screen shows exactly these codes in these colours."""
    picture, background = view.picture(), view.background()
    if (picture == background).all():
        return False
    rows, columns = centres(picture, codes, background)
    seen = picture[np.ix_(rows.astype(int), columns.astype(int))]
    table = np.full((int(codes.max()) + 1, 3), background)
    for code, color in palette.items():
        if code < len(table):
            table[code] = color
    return bool((seen == table[codes]).all())


def click(view: View, row: int, column: int, codes: npt.NDArray[Any]) -> None:
    rows, columns = centres(view.picture(), codes, view.background())
    view.page.locator("#map").click(position={"x": float(columns[column]), "y": float(rows[row])})


def fact(view: View, name: str) -> str:
    return view.page.locator(f"[data-fact={name}]").inner_text(timeout=5000)


@pytest.fixture
def release(release_folder: Path, site: tuple[Path, str]) -> Release:
    return Release(release_folder, f"{site[1]}/{release_folder.relative_to(site[0])}/")


@pytest.fixture
def look(browser: Any, release: Release, site: tuple[Path, str]) -> Iterator[Callable[..., View]]:
    """Open pages; after the test, none may have complained or talked to anybody else."""
    views: list[View] = []

    def open_page(hash_: str = "", *, of: Release = release, **context: Any) -> View:
        views.append(View(browser, of, hash_, **context))
        return views[-1]

    yield open_page
    for view in views:
        view.context.close()
    assert [error for view in views for error in view.errors] == []
    strangers = {url for view in views for url in view.requests if not url.startswith((site[1], "data:"))}
    assert strangers == set()


@pytest.mark.parametrize("scale", [1, 2])
def test_the_screen_holds_legend_colours_only(look: Callable[..., View], release: Release, scale: int) -> None:
    view = look(device_scale_factor=scale).wait(READY).only_raster()
    codes = release.codes("class", release.info["years"][-1])
    assert until(lambda: drawn(view, codes, release.palette()))
    seen = {tuple(map(int, color)) for color in np.unique(view.picture().reshape(-1, 3), axis=0)}
    assert seen - {view.background()} == {release.palette()[code] for code in np.unique(codes) if code}


def test_the_slider_shows_the_other_year_without_any_request(look: Callable[..., View], release: Release) -> None:
    view = look().wait().only_raster()
    slider = view.page.get_by_role("slider", name="Year")
    asked = len(view.requests)
    for year in release.info["years"][-2::-1]:
        slider.press("ArrowLeft")
        assert view.page.locator("#year-now").inner_text() == str(year)
        assert until(lambda year=year: drawn(view, release.codes("class", year), release.palette())), year
    assert view.requests[asked:] == []


def test_years_come_from_their_own_files_where_there_is_no_stack(
    look: Callable[..., View], release: Release, site: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = site[0] / "without-stack"
    shutil.copytree(release.folder, folder)
    without = {**release.info, "assets": {**release.info["assets"], "history": None}}
    (folder / "map.json").write_text(json.dumps(without))
    view = look(of=Release(folder, f"{site[1]}/without-stack/")).wait("html[data-years=files]").only_raster()
    view.page.get_by_role("slider", name="Year").press("Home")
    first = release.info["years"][0]
    assert until(lambda: drawn(view, release.codes("class", first), release.palette()))
    row, column = np.argwhere(release.codes("class", first) != 0)[0]
    longitude, latitude = release.lonlat(row, column)
    answer = view.page.evaluate(f"mutirao.pixel({longitude}, {latitude})")
    assert answer["history"] == release.series(row, column)


def test_play_goes_through_the_years_and_stops(look: Callable[..., View], release: Release) -> None:
    view = look().wait()
    view.page.get_by_role("button", name="Play the years").click()
    assert until(lambda: view.page.evaluate("mutirao.year()") == release.info["years"][0])
    view.page.get_by_role("button", name="Pause").click()
    now = view.page.evaluate("mutirao.year()")
    view.page.wait_for_timeout(1200)
    assert view.page.evaluate("mutirao.year()") == now


@pytest.mark.parametrize("asset", ["conflict", "filter"])
def test_a_click_tells_history_module_rule_and_changes(look: Callable[..., View], release: Release, asset: str) -> None:
    year = release.info["years"][-1]
    codes = release.codes("class", year)
    row, column = map(int, np.unravel_index(release.codes(asset, year).argmax(), codes.shape))
    view = look().wait().only_raster()
    assert until(lambda: drawn(view, codes, release.palette()))
    click(view, row, column, codes)

    cells = view.page.locator(".strip button")
    cells.first.wait_for(timeout=5000)
    assert [int(cell.get_attribute("data-code")) for cell in cells.all()] == release.series(row, column)
    for cell, code, when in zip(cells.all(), release.series(row, column), release.info["years"], strict=True):
        name = release.item("legend", code)["name"] if code else "No data"
        assert cell.get_attribute("aria-label") == f"{when}: {name}"

    def ident(name: str) -> int:
        return int(release.codes(name, year)[row, column])

    module, rule = release.item("modules", ident("source")), release.item("rules", ident("rule"))
    assert fact(view, "class") == release.item("legend", codes[row, column])["name"]
    for text in (module["name"], module["organisation"], module["version"]):
        assert text in fact(view, "module")
    assert rule["rule"] in fact(view, "rule")
    assert rule["why"] in fact(view, "rule")
    words = {0: "No module", 1: "One module"}
    assert words.get(ident("conflict"), str(ident("conflict"))) in fact(view, "conflict")
    step = ident("filter")
    assert (release.item("filters", step)["title"] if step else "Not changed") in fact(view, "filter")


def test_a_link_restores_year_layer_and_place(look: Callable[..., View], release: Release) -> None:
    year = release.info["years"][1]
    codes = release.codes("source", year)
    row, column = map(int, np.argwhere(codes != 0)[len(np.argwhere(codes != 0)) // 3])
    longitude, latitude = (round(value, 6) for value in release.lonlat(row, column))
    link = f"#year={year}&layer=source&at={longitude},{latitude}"
    view = look(link).wait()
    assert view.page.locator("#year-now").inner_text() == str(year)
    assert view.page.get_by_role("radio", name="Deciding module").is_checked()
    assert release.item("modules", int(codes[row, column]))["name"] in fact(view, "module")
    assert view.hash() == link

    view.page.get_by_role("button", name="Close this place").click()
    assert "at=" not in view.hash()
    view.only_raster()
    assert until(lambda: drawn(view, codes, release.palette("modules")))


def test_the_address_of_a_click_leads_back_to_the_same_pixel(look: Callable[..., View], release: Release) -> None:
    codes = release.codes("class", release.info["years"][-1])
    row, column = (size // 3 for size in codes.shape)
    view = look().wait().only_raster()
    assert until(lambda: drawn(view, codes, release.palette()))
    click(view, row, column, codes)
    assert until(lambda: "at=" in view.hash())
    longitude, latitude = view.hash().split("at=")[1].split(",")
    answer = view.page.evaluate(f"mutirao.pixel({longitude}, {latitude})")
    assert (answer["row"], answer["column"]) == (row, column)


def test_sixteen_bit_ids_are_drawn_and_read(
    look: Callable[..., View], site: tuple[Path, str], fabricate: ModuleType
) -> None:
    folder = fabricate.write_release(site[0] / "wide-ids", first_module_id=301)
    wide = Release(folder, f"{site[1]}/{folder.relative_to(site[0])}/")
    codes = wide.codes("source", wide.info["years"][-1])
    assert codes.dtype == np.uint16
    view = look("#layer=source", of=wide).wait().only_raster()
    assert until(lambda: drawn(view, codes, wide.palette("modules")))
    longitude, latitude = wide.lonlat(5, 5)
    assert view.page.evaluate(f"mutirao.pixel({longitude}, {latitude})")["module"]["id"] == codes[5, 5]


def test_a_class_can_be_hidden_with_the_keyboard(look: Callable[..., View], release: Release) -> None:
    codes = release.codes("class", release.info["years"][-1])
    commonest = int(np.bincount(codes[codes != 0]).argmax())
    name, color = release.item("legend", commonest)["name"], release.palette()[commonest]
    view = look().wait().only_raster()
    button = view.page.get_by_role("button", name=name)
    assert until(lambda: bool((view.picture() == color).all(axis=-1).any()))
    button.focus()
    button.press("Space")
    assert button.get_attribute("aria-pressed") == "false"
    assert until(lambda: not (view.picture() == color).all(axis=-1).any())
    view.page.get_by_role("button", name="Show all classes").click()
    assert until(lambda: drawn(view, codes, release.palette()))


def test_enter_on_the_map_reads_the_pixel_in_its_centre(look: Callable[..., View], release: Release) -> None:
    codes = release.codes("class", release.info["years"][-1])
    view = look().wait().only_raster()
    assert until(lambda: drawn(view, codes, release.palette()))
    picture = view.picture()
    middles = zip(centres(picture, codes, view.background()), picture.shape[:2], strict=True)
    row, column = (int(np.abs(cells - size / 2).argmin()) for cells, size in middles)
    view.page.locator("#map").focus()
    view.page.keyboard.press("Enter")
    cells = view.page.locator(".strip button")
    cells.first.wait_for(timeout=5000)
    assert [int(cell.get_attribute("data-code")) for cell in cells.all()] == release.series(row, column)


def test_the_search_box_finds_places_and_says_when_it_does_not(look: Callable[..., View], release: Release) -> None:
    longitude, latitude = release.lonlat(3, 4)
    view = look().wait()
    box_ = view.page.get_by_role("combobox", name="Find a place")
    box_.fill(f"{longitude:.6f}, {latitude:.6f}")
    box_.press("Enter")
    view.page.locator(".strip button").first.wait_for(timeout=5000)
    box_.fill("atlantis")
    box_.press("Enter")
    assert "Not found" in view.page.locator("#search-answer").inner_text()
    box_.fill("0, 0")
    box_.press("Enter")
    assert "outside the map" in view.page.locator("#place-body").inner_text()


def test_the_areas_are_those_of_the_table_for_the_chosen_territory(look: Callable[..., View], release: Release) -> None:
    rows = pq.read_table(release.folder / release.info["tables"]["areas"]["parquet"]).to_pylist()
    level, ident = next(
        (row["territory_level"], row["territory_id"]) for row in rows if row["territory_level"] != "all"
    )
    view = look().wait()
    view.page.get_by_label("Territory", exact=True).select_option(f"{level}/{ident}")
    view.page.get_by_text("The numbers").click()
    chosen = [row for row in rows if (row["territory_level"], row["territory_id"]) == (level, ident)]
    expected = {(row["class_name"], row["year"]): f"{row['area_ha']:,.1f}".removesuffix(".0") for row in chosen}

    def shown() -> dict[tuple[str, int], str]:
        lines = [line.split("\t") for line in view.page.locator("#area-table tbody").inner_text().splitlines()]
        years = release.info["years"]
        return {(line[0].strip(), year): value for line in lines for year, value in zip(years, line[1:], strict=True)}

    assert until(lambda: shown() == expected), shown()
    assert view.page.locator("#chart canvas").count() == 1


def test_every_link_of_the_page_leads_somewhere(look: Callable[..., View]) -> None:
    view = look().wait()
    links = view.page.eval_on_selector_all("#downloads a, footer a", "links => links.map(link => link.href)")
    assert len(links) >= 4
    for link in links:
        with urlopen(link) as answer:
            assert answer.status == 200


def test_nothing_is_wider_than_the_window(look: Callable[..., View]) -> None:
    view = look("#layer=filter", color_scheme="dark").wait()
    for width in (360, 400, 800, 1700):
        view.page.set_viewport_size({"width": width, "height": 800})
        assert view.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_missing_map_json_is_told_in_plain_words(browser: Any, release: Release, site: tuple[Path, str]) -> None:
    folder = site[0] / "not-a-release"
    shutil.copytree(release.folder / "assets", folder / "assets")
    shutil.copy(release.folder / "index.html", folder)
    page = browser.new_page()
    page.goto(f"{site[1]}/not-a-release/")
    text = page.get_by_role("alert").inner_text(timeout=5000)
    page.close()
    assert "map.json is not in this folder" in text
    assert "mutirao release" in text


def test_a_page_opened_as_a_file_says_how_to_serve_it(browser: Any, release: Release) -> None:
    page = browser.new_page()
    page.goto((release.folder / "index.html").as_uri())
    text = page.get_by_role("alert").inner_text(timeout=5000)
    page.close()
    assert "mutirao serve" in text
