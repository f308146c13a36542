"""A municipality's pasture edited in a real series: 38 years of MapBiomas Brazil, Collection 8, in Goiás."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely

from mutirao.collection import Territories
from mutirao.filters.apply import apply_chain, ready
from mutirao.filters.chain import Chain
from mutirao.filters.step import Ground, Surroundings
from mutirao.grid import Grid
from mutirao.io.burning import Canvas
from mutirao.io.configs import load
from mutirao.io.vectors import read_overlays, read_zones
from mutirao.legend import Legend

ROOT = Path(__file__).resolve().parents[2]
MAPS = ROOT.parent / "shared" / "data" / "mapbiomas-c8-sul-goiano"
MUNICIPALITIES = ROOT.parent / "shared" / "data" / "boundaries-brazil" / "geojs-52-mun.json"
YEARS = tuple(range(1985, 2023))
MARZAGAO = "5212907"
WINDOW = ((250, 550), (100, 600))
"""Rows and columns where Marzagão, Caldas Novas, Rio Quente and Água Limpa meet."""


@pytest.fixture(scope="module")
def maps() -> np.ndarray:
    """Give (year, y, x) uint8 of 1985 to 2022."""
    files = sorted(MAPS.glob("*-80-*.tif"))
    if not files or not MUNICIPALITIES.is_file():
        pytest.skip(f"the MapBiomas clip is not at {MAPS}, or the municipalities are not at {MUNICIPALITIES}")
    stack = []
    for file in files:
        with rasterio.open(file) as source:
            stack.append(source.read(1, window=WINDOW))
    return np.stack(stack)


@pytest.fixture(scope="module")
def grid(maps) -> Grid:
    with rasterio.open(next(MAPS.glob("*-80-2000.tif"))) as source:
        transform = source.transform @ source.transform.translation(WINDOW[1][0], WINDOW[0][0])
    return Grid(
        crs="EPSG:4326", resolution=transform.a, origin=(transform.c, transform.f), shape=maps.shape[1:], tile=128
    )


def centres_in(geometry: shapely.Geometry, grid: Grid) -> np.ndarray:
    """Return (y, x) bool, true at pixels whose centre lies in a polygon; by geometry, not by burning."""
    rows, columns = np.indices(grid.shape)
    x, y = grid.transform @ (columns + 0.5, rows + 0.5)
    return shapely.contains_xy(geometry, x, y)


def run(maps: np.ndarray, around: Surroundings, layers: dict[str, np.ndarray], *steps: dict) -> np.ndarray:
    legend = load(ROOT / "configs/legends/mapbiomas-brazil.yaml", Legend).value
    chain = Chain.model_validate({"id": "c", "title": "c", "steps": steps})
    return apply_chain(ready(chain, legend, lambda *place: str(place), around), maps, Ground(layers))[0]


def test_edit_of_one_municipality_changes_its_pasture_in_its_years_only(maps, grid, tmp_path):
    frame = geopandas.read_file(MUNICIPALITIES).set_index("id")
    drawn = frame.loc[[MARZAGAO], ["geometry"]].assign(was="Pasture", to=21, when="2000-2005")
    drawn.to_file(tmp_path / "marzagao.gpkg")
    step = {"filter": "edits", "file": "marzagao.gpkg", "attributes": {"from": "was", "years": "when"}}
    canvas = Canvas(grid, tmp_path / "burnt")
    overlays = read_overlays(Chain(id="c", title="c", steps=(step,)), tmp_path, canvas)
    indices = {name: overlay.index[grid.whole.slices] for name, overlay in overlays.items()}
    edited = run(maps, Surroundings(YEARS, overlays=overlays), indices, step)

    inside = centres_in(frame.loc[MARZAGAO].geometry, grid)
    wanted = np.zeros(maps.shape, bool)
    wanted[15:21] = inside & (maps[15:21] == 15)
    assert wanted[15:21].any(axis=(1, 2)).all()
    assert (maps == 15)[15:21, ~inside].any()
    assert ((edited != maps) == wanted).all()
    assert (edited[wanted] == 21).all()

    zones = read_zones(MUNICIPALITIES, Territories(level="municipality", title="", file=""), canvas)
    named = {name: code for code, name in enumerate(zones.ids, start=1)}
    around = Surroundings(YEARS, {"municipality": named}, levels=frozenset({"municipality"}))
    where = {"where": {"municipality": int(MARZAGAO)}, "years": {"first": 2000, "last": 2005}}
    codes = {"municipality": zones.codes[grid.whole.slices]}
    by_territory = run(maps, around, codes, {"filter": "pattern", "rewrites": ["15 -> 21"], **where})
    assert (by_territory == edited).all()


def test_overlapping_municipalities_hold_the_pixels_of_each(maps, grid, tmp_path):
    metres = geopandas.read_file(MUNICIPALITIES).to_crs("EPSG:31982")
    grown = metres.set_geometry(metres.buffer(2000)).to_crs(4326)
    near = grown[grown.intersects(shapely.box(*grid.bounds))].reset_index(drop=True)
    near.assign(to=3)[["to", "geometry"]].to_file(tmp_path / "grown.gpkg")
    step = {"filter": "edits", "file": "grown.gpkg"}
    canvas = Canvas(grid, tmp_path / "burnt")
    (overlay,) = read_overlays(Chain(id="c", title="c", steps=(step,)), tmp_path, canvas).values()
    index = overlay.index[grid.whole.slices]
    held = np.array([[number in members for members in overlay.members] for number in range(len(near))])
    assert max(map(len, overlay.members)) >= 3
    for number, geometry in enumerate(near.geometry):
        assert (held[number][index] == centres_in(geometry, grid)).all()
