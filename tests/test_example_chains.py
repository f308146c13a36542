"""The chains that ship as examples do what the networks say: hand-worked series through the whole of each.

Every pixel of a map of 16 x 16 has the same series, so that no step finds a patch that is too small.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from mutirao.filters.apply import apply_chain, halo, ready
from mutirao.filters.chain import Chain
from mutirao.filters.step import Ground, Surroundings
from mutirao.grid import Grid
from mutirao.io.burning import Canvas
from mutirao.io.configs import load
from mutirao.io.vectors import read_overlays
from mutirao.legend import Legend

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
SIDE = 16
BIOMES = {"amazonia": 1, "caatinga": 2, "cerrado": 3, "mata-atlantica": 4, "pampa": 5, "pantanal": 6}
MINE = Grid(crs="EPSG:4326", resolution=0.0005, origin=(-56.103, -6.887), shape=(32, 32), tile=32)
"""Holds the polygon of the mine in the made-up alerts, 20 x 20 pixels."""


def years(text: str) -> list[int]:
    """Read a series such as `3*10 15 3*30`: a class, or a class and how many years it lasts."""
    parts = [part.partition("*") for part in text.split()]
    return [int(code) for code, _, times in parts for _ in range(int(times or 1))]


def run(name: str, series: str, grid: Grid, **values: int) -> np.ndarray:
    """Run a chain over a map with one series and constant layers; return (year, y, x)."""
    source = load(CONFIGS / "chains" / f"{name}.yaml", Chain)
    stated = source.value.vocabulary
    legend = load(CONFIGS / "legends" / f"{stated.legend}.yaml", Legend).value
    all_years = tuple(range(stated.first, stated.last + 1))
    with TemporaryDirectory() as folder:
        overlays = read_overlays(source.value, source.path.parent, Canvas(grid, Path(folder)))
        indices = {layer: overlay.index[grid.whole.slices] for layer, overlay in overlays.items()}
    surroundings = Surroundings(all_years, stated.layers, grid.pixel_ha_range(), overlays=overlays)
    steps = ready(source.value, legend, source.at, surroundings)
    layers = {layer: np.full(grid.shape, value) for layer, value in values.items()}
    layers.update(indices)
    block = np.array(years(series), np.uint8)[:, None, None] * np.ones(grid.shape, np.uint8)
    assert len(block) == len(all_years)
    return apply_chain(steps, block, Ground(layers, grid.areas_ha(grid.whole)))[0]


def after(name: str, series: str, **values: int) -> list[int]:
    """Return the series that every pixel has in the end."""
    grid = Grid(crs="EPSG:4326", resolution=0.00027, origin=(-50.0, -12.0), shape=(SIDE, SIDE), tile=SIDE)
    block = run(name, series, grid, **values)
    assert (block == block[:, :1, :1]).all()
    return block[:, 0, 0].tolist()


@pytest.mark.parametrize(
    ("biome", "series", "expected"),
    [
        ("pampa", "12*10 39*3 12*28", "12*10 39*3 21*5 12*23"),
        ("cerrado", "12*10 39*3 12*28", "12*10 39*3 12*28"),
        ("cerrado", "15*10 3*5 9*26", "15*10 9*31"),
        ("caatinga", "9*4 21*4 9*33", "9*41"),
        ("mata-atlantica", "9*39 3*2", "9*41"),
        ("mata-atlantica", "9*34 3*7", "9*34 3*7"),
        ("amazonia", "3*10 15 3*30", "3*41"),
        ("amazonia", "33*10 15 3*30", "33*10 3*31"),
        ("amazonia", "3*20 15 41*20", "3*20 21 41*20"),
        ("pampa", "11*40 49", "11*41"),
        ("cerrado", "15*10 21*2 15*29", "15*41"),
        ("cerrado", "15*10 21*4 15*27", "15*10 21*4 15*27"),
        ("cerrado", "3*5 21*6 46*30", "3*5 21 46*35"),
        ("amazonia", "3*20 6*21", "6*41"),
        ("cerrado", "3*20 6*21", "3*20 6*21"),
        ("cerrado", "12*10 4 12*30", "12*41"),
        ("pantanal", "12*10 4 12*30", "12*10 4 12*30"),
        # Pasture is not among the classes that may take the place of an isolated year.
        ("caatinga", "15*10 11 15*30", "15*10 11 15*30"),
    ],
)
def test_collection_11_of_brazil(biome, series, expected):
    assert after("mapbiomas-brazil-c11", series, biome=BIOMES[biome]) == years(expected)


def test_alerts_of_collection_11_hold_for_ever_inside_their_polygon():
    block = run("mapbiomas-brazil-c11", "3*41", MINE, biome=1)
    assert block[:, 16, 16].tolist() == years("3*36 25*5")
    assert block[:, 0, 0].tolist() == years("3*41")
    assert (block[-1] == 25).sum() == 400


@pytest.mark.parametrize(
    ("slope", "series", "expected"),
    [
        (12, "11*40", "12*40"),
        (9, "11*40", "11*40"),
        (0, "21*10 3*30", "21*40"),
        (0, "21*6 3*34", "21*6 3*34"),
        # 37 of 40 years are native. Savanna in more than 40 percent of them takes all; grassland would need half.
        (0, "4*17 12*20 15*3", "4*40"),
        (0, "4*16 12*21 15*3", "12*40"),
        # 16 changes: too many even for a large patch.
        (0, "3 15 3 15 3 15 3 15 3 15 3 15 3 15 3 15 3*24", "3*40"),
        (0, "21*5 0*3 4*2 21*30", "21*40"),
        (0, "21*5 4*3 21*32", "21*40"),
    ],
)
def test_collection_10_of_the_cerrado(slope, series, expected):
    assert after("mapbiomas-cerrado-c10", series, slope_percent=slope) == years(expected)


@pytest.mark.parametrize(
    ("region", "series", "expected"),
    [
        # A gap of three years is closed by windows of five, four and three years; other regions have no window of five.
        (3, "12*10 15*3 12*27", "12*40"),
        (1, "12*10 15*3 12*27", "12*10 15*3 12*27"),
        (1, "12*10 15*2 12*28", "12*40"),
        (1, "33*39 12", "33*40"),
        (1, "15*39 12", "15*39 12"),
        (1, "12 33*39", "33*40"),
    ],
)
def test_collection_10_of_the_pampa(region, series, expected):
    assert after("mapbiomas-pampa-c10", series, region=region) == years(expected)


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("21*15 3*23", "21*38"),
        ("21*14 3*24", "21*14 3*24"),
        ("21*35 11*3", "21*38"),
        ("21*30 11*8", "21*30 11*8"),
        ("21*18 3*3 21*17", "21*38"),
    ],
)
def test_collection_1_of_suriname(series, expected):
    assert after("mapbiomas-suriname-c1", series) == years(expected)


@pytest.mark.parametrize("path", sorted((CONFIGS / "chains").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_chain_that_ships_has_a_halo_that_tiles_can_afford(path, tmp_path):
    chain = load(path, Chain).value
    if chain.vocabulary is None:
        pytest.skip("its collection says what it speaks of; the demonstration runs it")
    legend = load(CONFIGS / "legends" / f"{chain.vocabulary.legend}.yaml", Legend).value
    grid = Grid(crs="EPSG:4326", resolution=0.00027, origin=(-50.0, -12.0), shape=(SIDE, SIDE), tile=SIDE)
    span = tuple(range(chain.vocabulary.first, chain.vocabulary.last + 1))
    overlays = read_overlays(chain, path.parent, Canvas(grid, tmp_path))
    known = Surroundings(span, chain.vocabulary.layers, grid.pixel_ha_range(), overlays=overlays)
    assert halo(ready(chain, legend, lambda *place: str(place), known)) < 700
