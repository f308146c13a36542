"""`mutirao series`: the trajectory of a pixel in a build, in a release, and on yearly rasters."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from mutirao.cli import console
from mutirao.client import open_release
from mutirao.engine.stack import open_stack
from mutirao.errors import GridError, UsageError
from mutirao.filters.apply import apply_chain

ROOT = Path(__file__).resolve().parents[2]
MAPS = ROOT.parent / "shared" / "data" / "mapbiomas-c8-sul-goiano"
CHAIN = """
id: trial
title: A chain that is only tried
vocabulary: {legend: mapbiomas-brazil, first: 1985, last: 2022}
steps:
  - {filter: gap_fill}
  - {filter: window, width: 5, classes: [4, 11, 3, 12, 21, 25, 33]}
  - {filter: window, width: 4, classes: [4, 11, 3, 12, 21, 25, 33]}
  - {filter: window, width: 3, classes: [4, 11, 3, 12, 21, 25, 33]}
  - {filter: isolated, classes: [3, 4, 12, 15]}
  - {filter: pattern, rewrites: ["3 21 21 15 -> 3 21 15 15", "15 21 15 -> _ 15 _"], reads: running}
  - {filter: patches, min_pixels: 3, protected: [33]}
"""


@pytest.fixture
def call(call, monkeypatch):
    """Call `mutirao` on a screen of 80 columns."""
    monkeypatch.setattr(console.out, "width", 80)
    return call


@pytest.fixture
def trial(tmp_path) -> Path:
    path = tmp_path / "trial.yaml"
    path.write_text(CHAIN, encoding="utf-8")
    return path


@pytest.fixture
def rasters(tmp_path) -> Path:
    """Write six years of 4 x 5 pixels: forest, but the second pixel of the first row is pasture in 2002."""
    classes = np.full((6, 4, 5), 3, np.uint8)
    classes[2, 0, 1] = 15
    for year, plane in enumerate(classes, start=2000):
        write(tmp_path / f"lulc_v10_{year}.tif", plane)
    return tmp_path


def write(path: Path, plane: np.ndarray, west: float = -48.0) -> None:
    profile = {"driver": "GTiff", "crs": "EPSG:4326", "transform": Affine(0.1, 0, west, 0, -0.1, -18.0)}
    shape = {"height": plane.shape[0], "width": plane.shape[1], "count": 1, "dtype": plane.dtype}
    with rasterio.open(path, "w", **profile, **shape) as target:
        target.write(plane, 1)


def short(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def at_pixel(grid, row: int, column: int) -> str:
    from pyproj import Transformer

    x, y = grid.transform @ (column + 0.5, row + 0.5)
    lon, lat = Transformer.from_crs(grid.crs, 4326, always_xy=True).transform(x, y)
    return f"{lon},{lat}"


@pytest.mark.parametrize("of", [(), ("0.2.0",)])
def test_series_of_a_map_end_as_the_map_says(call, demo, of):
    release = open_release(demo.result.releases[-1].folder)
    layers = {name: release.maps(layer=name).to_numpy() for name in ("class", "filter")}
    changed = np.argwhere(layers["filter"].any(axis=0))
    for row, column in changed[:: max(1, len(changed) // 4)].tolist():
        place = at_pixel(release.grid, row, column)
        options = ("--project", demo.project.root, "--workspace", demo.project.workspace)
        status, out, _ = call(*options, "series", *of, "--at", place, "--json")
        told = json.loads(out)
        assert (status, told["row"], told["column"]) == (0, row, column)
        assert told["map"] == told["steps"][-1]["series"] == layers["class"][:, row, column].tolist()
        assert told["written_by"] == layers["filter"][:, row, column].tolist()
        assert [step["filter"] for step in told["steps"]] == ["gap_fill", "window", "patches"]
        assert told["unconfirmed"] == [2020]


def test_words_fit_on_the_screen_and_mark_what_changed(call, demo):
    release = open_release(demo.result.releases[-1].folder)
    row, column = np.argwhere(release.maps(layer="filter").to_numpy().any(axis=0))[0].tolist()
    options = ("--project", demo.project.root, "--workspace", demo.project.workspace)
    status, out, _ = call(*options, "series", "--at", at_pixel(release.grid, row, column))
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"^step +16 +17 +18 +19 +20\?", out, re.MULTILINE)
    assert re.search(r"^[23] (?:Close|Remove) .*\d\*", out, re.MULTILINE)
    assert "the map says the same as the last row" in out
    assert "no step can judge 2020" in out


def test_series_of_rasters_under_a_chain(call, rasters, trial):
    options = ("series", "--chain", trial, "--rasters", f"{rasters}/*.tif", "--at", "-47.85,-18.05")
    status, out, err = call("--project", ROOT, *options, "--json")
    assert status == 0, err
    told = json.loads(out)
    assert told["years"] == [2000, 2001, 2002, 2003, 2004, 2005]
    assert told["start"] == [3, 3, 15, 3, 3, 3]
    assert [step["number"] for step in told["steps"] if step["changed"]] == [4]
    assert told["steps"][3]["changed"] == [2002]
    assert told["written_by"] == [0, 0, 4, 0, 0, 0]
    assert (told["map"], told["unconfirmed"]) == (None, [2005])


def test_real_series_are_those_of_the_whole_chain(call, trial):
    if not MAPS.is_dir():
        pytest.skip(f"the MapBiomas clip is not at {MAPS}")
    from mutirao.engine.stack import chain_on_stack
    from mutirao.grid import Tile
    from mutirao.project import Project

    pattern = f"{MAPS}/*-80-*.tif"
    stack = open_stack(sorted(MAPS.glob("*-80-*.tif")))
    chain = chain_on_stack(Project(ROOT, ROOT / "workspace"), str(trial), stack)
    window = Tile("window", 700, 760, 400, 460)
    filtered, touched = apply_chain(chain.steps, stack.read(window), chain.ground(window))
    inner = np.argwhere(touched[:, 10:-10, 10:-10].any(axis=0))[::60][:3] + 10
    for y, x in inner.tolist():
        place = at_pixel(stack.grid, 700 + y, 400 + x)
        status, out, _ = call(
            "--project", ROOT, "series", "--chain", trial, "--rasters", pattern, "--at", place, "--json"
        )
        told = json.loads(out)
        assert (status, len(told["years"])) == (0, 38)
        assert told["steps"][-1]["series"] == filtered[:, y, x].tolist()
        assert told["written_by"] == touched[:, y, x].tolist()


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((), "U110"),
        (("lulc.tif",), "U111"),
        (("a_2000.tif", "b_2000.tif"), "U111"),
        (("a_2000.tif", "a_2002.tif"), "U111"),
    ],
)
def test_rasters_that_make_no_series_are_refused(tmp_path, names, code):
    for name in names:
        write(tmp_path / name, np.ones((4, 5), np.uint8))
    with pytest.raises(UsageError, match=code):
        open_stack(sorted(tmp_path.glob("*.tif")))


def test_rasters_on_another_grid_or_of_another_type_are_refused_by_name(rasters):
    write(rasters / "lulc_v10_2003.tif", np.ones((4, 5), np.uint8), west=-47.0)
    write(rasters / "lulc_v10_2004.tif", np.ones((4, 5), np.int16))
    with pytest.raises(GridError, match=r"2003.tif: U112 .*grid(?s:.)*2004.tif: U112 .*int16"):
        open_stack(sorted(rasters.glob("*.tif")))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--chain", "banat"), "U114"),
        (("--rasters", "*.tif"), "U114"),
        (("--chain", "banat", "--rasters", "{}/*.tif", "--layer", "slope"), "U114"),
        (("--chain", "{}/silent.yaml", "--rasters", "{}/*.tif"), "U113"),
        (("--chain", "{}/asking.yaml", "--rasters", "{}/*.tif"), "F105"),
        (("--chain", "banat", "--rasters", "{}/none*.tif"), "U110"),
    ],
)
def test_refusals_have_a_code(call, rasters, options, code):
    short(rasters / "silent.yaml", "id: silent\ntitle: t\nsteps: [{filter: gap_fill}]\n")
    short(rasters / "asking.yaml", CHAIN.replace("{filter: gap_fill}", "{filter: gap_fill, where: {slope: 1}}"))
    words = [option.format(rasters) for option in options]
    status, _, err = call("--project", ROOT, "series", "--at", "-47.85,-18.05", *words)
    assert status in (1, 2)
    assert code in err


def test_layer_that_a_step_asks_is_read(call, rasters):
    asking = CHAIN.replace("{filter: window, width: 3,", "{filter: window, width: 3, where: {slope: 1},")
    west = np.zeros((4, 5), np.uint8)
    write(rasters / "slope.img", west)
    words = ("series", "--chain", short(rasters / "asking.yaml", asking), "--rasters", f"{rasters}/*.tif")
    options = ("--layer", f"slope={rasters}/slope.img", "--at", "-47.85,-18.05", "--json")
    for value, changed in ((0, False), (1, True)):
        write(rasters / "slope.img", west + np.uint8(value))
        told = json.loads(call("--project", ROOT, *words, *options)[1])
        assert any(step["changed"] for step in told["steps"][:4]) == changed
