"""A release is written in windows: no layer of the map is ever whole in memory, and no chunk is decoded twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.client import open_release
from mutirao.engine.build import Build, build
from mutirao.engine.evidence import BuildEvidence
from mutirao.engine.progress import Silent
from mutirao.errors import ImmutableError
from mutirao.grid import Grid, Tile
from mutirao.io import cogs
from mutirao.io.rasters import pixel_digest, read
from mutirao.legend import Legend
from mutirao.modules.submission import submit
from mutirao.project import Project
from mutirao.release import names, windows
from mutirao.release.diff import COLUMNS, OldRules, Version, compare_versions
from mutirao.release.maps import smallest_type
from mutirao.release.publish import publish

YEARS = (2020, 2021, 2022)
CHUNK = 12
"""Rows of a strip here, so that the tiles of 16 rows are cut, too."""


def enlarged(project: Project, times: int) -> Project:
    """Give the tiny project with `times` its rows and columns, submitted, with a layer besides."""
    shape = 36 * times, 40 * times
    path = project.root / "configs/collections/tiny.yaml"
    text = path.read_text(encoding="utf-8").replace("shape: [36, 40]", f"shape: [{shape[0]}, {shape[1]}]")
    layer = "layers:\n  - {id: side, file: side.tif, values: {west: 1, east: 300}}\n"
    path.write_text(text + layer, encoding="utf-8")
    grid = project.collection("tiny").value.grid
    side = np.where(np.arange(shape[1]) < shape[1] // 2, 1, 300).astype(np.uint16) * np.ones((shape[0], 1), np.uint16)
    cogs.write_cog(path.parent / "side.tif", side, grid)
    random = np.random.default_rng(20)
    squares = random.choice([3, 15, 39, 33], size=(3, shape[0] // 4, shape[1] // 4)).astype(np.uint8)
    water = np.zeros((3, *shape), np.uint8)
    water[:, :, :4] = 33
    urban = np.zeros(shape, np.uint8)
    urban[:4, 2:6] = 1
    submit(project, "valley", "0.1.0", dict(zip(YEARS, squares.repeat(4, axis=1).repeat(4, axis=2), strict=True)))
    submit(project, "water", "0.1.0", dict(zip(YEARS, water, strict=True)))
    submit(project, "urban", "0.1.0", {2021: urban, 2022: urban})
    return project


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, Tile]]:
    """Collect what is read of a build and of its evidence, and what is written to files, with its window."""
    seen: list[tuple[str, Tile]] = []

    def watch(owner: type, method: str, window_of) -> None:
        original = getattr(owner, method)

        def watched(self, *given):
            seen.append(window_of(self, *given))
            return original(self, *given)

        monkeypatch.setattr(owner, method, watched)

    monkeypatch.setattr(windows, "CHUNK", CHUNK)
    watch(Build, "window", lambda self, name, window: (name, window))
    watch(BuildEvidence, "claims", lambda self, years, window: (f"claims {years}", window))
    watch(BuildEvidence, "layers", lambda self, window: ("layers", window))
    watch(cogs.Draft, "write", lambda self, pixels, window=None: (self.path.name, window or self.grid.whole))
    return seen


@pytest.mark.parametrize("times", [1, 2])
def test_nothing_larger_than_a_tile_is_asked_for_however_large_the_map(tiny_project, asked, times):
    project = enlarged(tiny_project, times)
    built = build(project, "tiny", Silent())
    asked.clear()
    published = publish(project, built, "1.0.0", Silent())
    assert max(rows for _, window in asked for rows in window.shape) <= 16
    pixels = Counter()
    for name, window in asked:
        pixels[name] += window.shape[0] * window.shape[1]
    whole = 36 * 40 * times * times
    for name in names.YEARLY:  # besides one pixel that tells the type, for the history once more
        assert pixels[name] == whole + {"class": 2}.get(name, 1)
    for year in YEARS:
        assert pixels[f"claims [{year}]"] == whole
    written = {name: count for name, count in pixels.items() if name.endswith(".tif")}
    assert set(written.values()) == {whole}
    assert len(written) == 5 * 3 + 1 + 3 + 1
    assert written.keys() == {file.name for file in published.release.files if file.name.endswith(".tif")}
    release = open_release(published.folder)
    for layer in names.YEARLY:
        assert (release.maps(layer=layer).to_numpy() == built.layer(layer)).all()
    assert read(published.folder / "tiny_layers_v1.0.0.tif").max() == 300


def test_comparison_reads_both_versions_in_windows(tiny_project, asked):
    project = enlarged(tiny_project, 2)
    publish(project, build(project, "tiny", Silent()), "1.0.0", Silent())
    built = build(project, "tiny", Silent())
    asked.clear()
    published = publish(project, built, "1.0.1", Silent())
    assert published.changes is not None
    assert published.changes.empty
    assert max(rows for _, window in asked for rows in window.shape) <= 16
    # The layer is read for its maps and once more for the comparison, which asks for no source where nothing changed.
    read_of = Counter(name for name, _ in asked)
    assert read_of["class"] - read_of["source"] == read_of["integrated"] + 1 + len(windows.strips(built.grid))


def test_smallest_type_holds_all_values():
    assert smallest_type(0, 255) == np.uint8
    assert smallest_type(3, 256) == np.uint16
    assert smallest_type(-1, 7) == np.int32
    assert smallest_type(0, 70_000) == np.int32
    assert smallest_type(0, 1 << 31) == np.int64
    assert smallest_type(5, 5) == np.uint8


def test_same_pixels_made_on_another_tiling_are_the_same_release(tiny_project, tiny_submitted):
    publish(tiny_project, build(tiny_project, "tiny", Silent()), "1.0.0", Silent())
    path = tiny_project.root / "configs/collections/tiny.yaml"
    text = path.read_text(encoding="utf-8")
    assert "tile: 16" in text
    path.write_text(text.replace("tile: 16", "tile: 20"), encoding="utf-8")
    again = build(tiny_project, "tiny", Silent())
    assert len(again.record.tiles) == 4
    assert not publish(tiny_project, again, "1.0.0", Silent()).created
    rules = tiny_project.root / "configs/rules/tiny.yaml"
    rules.write_text(
        rules.read_text(encoding="utf-8").replace(
            "{urban: 24}\n    why", "{urban: 24}\n    years: {first: 2020, last: 2020}\n    why"
        )
    )
    with pytest.raises(ImmutableError, match=r"L103.*class"):
        publish(tiny_project, build(tiny_project, "tiny", Silent()), "1.0.0", Silent())


CLASSES = [{"code": code, "name": {"en": f"c{code}"}, "color": "#000000"} for code in (1, 2, 3)]
LEGEND = Legend(id="l", title="L", version="1", classes=CLASSES)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), tile=st.integers(16, 40), told=st.booleans())
def test_comparison_is_that_of_the_whole_maps_pixel_by_pixel(seed, tile, told):
    random, shape = np.random.default_rng(seed), (21, 33)
    grid = Grid(crs="EPSG:4326", resolution=0.5, origin=(-60.0, 5.0), shape=shape, tile=tile)
    maps = [
        {"class": random.integers(0, 4, (3, *shape)), "source": random.integers(0, 3, (3, *shape))} for _ in range(2)
    ]
    rules = {"class": random.integers(0, 4, (3, *shape)), "cause": random.integers(0, 3, (3, *shape))}
    numbers = {1: "a", 2: "b"}
    before = Version((2000, 2001, 2002), partial(cut, maps[0]), numbers, {"a": "1.0.0", "b": "1.0.0"})
    after = Version((2001, 2002, 2003), partial(cut, maps[1]), numbers, {"a": "1.1.0", "b": "1.0.0"})
    old_rules = OldRules(partial(cut, rules), ("", "r1", "r2")) if told else None
    table = compare_versions(before, after, LEGEND, grid, Silent(), old_rules)
    expected: Counter[tuple] = Counter()
    hectares = np.broadcast_to(grid.areas_ha(grid.whole), shape)
    for t, u, y, x in ((t, t - 1, y, x) for t in (1, 2) for y in range(shape[0]) for x in range(shape[1])):
        old, new = int(maps[0]["class"][t, y, x]), int(maps[1]["class"][u, y, x])
        if old != new:
            cause = "a" if 1 in (maps[0]["source"][t, y, x], maps[1]["source"][u, y, x]) else "filter chain"
            if told and rules["class"][u, y, x] == old:
                cause = f"rules: {('filter chain', 'r1', 'r2')[rules['cause'][u, y, x]]}"
            expected[2000 + t, old, new, cause] += hectares[y, x]
    rows = {(r.year, r.class_from, r.class_to, r.through): r.area_ha for r in table.itertuples()}
    assert rows == {kind: pytest.approx(area, abs=1e-5) for kind, area in expected.items()}
    assert tuple(table.columns) == COLUMNS
    assert (table.groupby("year")["area_ha"].diff().dropna() <= 0).all()


def cut(layers: dict[str, np.ndarray], name: str, window: Tile) -> np.ndarray:
    return layers[name][:, *window.slices].astype(np.uint16 if name == "cause" else np.uint8)


def test_strips_cover_the_grid_once_and_stay_inside_their_tile():
    grid = Grid(crs="EPSG:3035", resolution=20, origin=(0, 0), shape=(1100, 700), tile=600)
    covered = np.zeros(grid.shape, int)
    for strip in windows.strips(grid):
        covered[strip.slices] += 1
        (tile,) = grid.tiles_meeting(strip)
        assert strip.id == tile.id
        assert (strip.top - tile.top) % 512 == 0
        assert strip.shape[0] <= 512
    assert (covered == 1).all()


def test_drafts_share_the_cache_of_gdal_without_waiting_for_each_other(tmp_path):
    # Many files and few cached blocks: threads then write blocks of each other's files.
    grid = Grid(crs="EPSG:31983", resolution=30, origin=(0, 0), shape=(1000, 900), tile=256)
    stack = np.random.default_rng(3).integers(0, 200, (12, 1000, 900)).astype(np.uint8)
    with cogs.rasterio.Env(GDAL_CACHEMAX=2_000_000):
        drafts = [cogs.Draft(tmp_path / f"{n}.tif", grid, np.uint8) for n in range(12)]

        def fill(window: Tile) -> None:
            for draft, plane in zip(drafts, stack, strict=True):
                draft.write(np.ascontiguousarray(plane[window.slices]), window)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(fill, grid.tiles()))
            digests = list(threads.map(lambda draft: draft.finish(), drafts))
    assert digests == [pixel_digest(plane, grid) for plane in stack]
