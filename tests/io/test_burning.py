"""Polygons are burnt strip by strip, kept, and read in windows; the pixels are those of burning everything at once."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rasterio.features import rasterize
from shapely.geometry import MultiPolygon, Point, Polygon, box

from mutirao.grid import Grid, Tile
from mutirao.io import burning
from mutirao.io.burning import MAP, RECORD, Canvas
from mutirao.io.rasters import pixel_digest

GRID = Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(3, 4))
GRIDS = (
    Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=(41, 19)),
    Grid(crs="EPSG:4326", resolution=0.00026949458523585647, origin=(-60.123, 5.0), shape=(41, 19)),
    Grid(crs="EPSG:4326", resolution=0.25, origin=(-60, 5), shape=(41, 19)),
)


def polygons(grid: Grid, corners: list[list[tuple[float, float]]]) -> list[Polygon]:
    """Return polygons given by columns and rows."""
    (west, north), side = grid.origin, grid.resolution
    return [Polygon([(west + x * side, north - y * side) for x, y in points]) for points in corners]


PLACE = st.one_of(
    st.integers(-20, 60),
    st.integers(-40, 120).map(lambda value: value / 2),  # corners and centres of pixels
    st.floats(-20, 60, width=32),
)
CORNERS = st.lists(st.lists(st.tuples(PLACE, PLACE), min_size=3, max_size=7), max_size=12)


@example(grid=GRIDS[0], corners=[[(0, 0), (0, 0.5), (1, 0.5)]], strip=16)  # a side through the centre of a pixel
@settings(deadline=None, max_examples=120)
@given(grid=st.sampled_from(GRIDS), corners=CORNERS, strip=st.sampled_from([16, 32, 48]))
def test_burning_by_strips_is_burning_everything_at_once(grid, corners, strip):
    shapes = polygons(grid, corners)
    pairs = list(zip(shapes, range(1, len(shapes) + 1), strict=True))
    # An empty list is refused by rasterio.
    whole = rasterize(pairs, grid.shape, transform=grid.transform, dtype="uint16") if pairs else np.zeros(grid.shape)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(burning, "STRIP", strip)
        burnt = Canvas(grid, Path(folder)).burn(shapes)
        assert (burnt.codes[grid.whole.slices] == whole).all()
    assert burnt.digest == pixel_digest(whole.astype(np.uint16), grid)


def one_by_one(geometries, *, touch: bool) -> list[list[tuple[int, ...]]]:
    """Return the polygons of each pixel, each polygon burnt alone over the whole grid."""
    held = [[() for _ in range(GRID.shape[1])] for _ in range(GRID.shape[0])]
    for number, geometry in enumerate(geometries):
        burnt = rasterize([geometry], GRID.shape, transform=GRID.transform, all_touched=touch)
        for y, x in zip(*np.nonzero(burnt), strict=True):
            held[y][x] += (number,)
    return held


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(*[st.integers(-40, 160)] * 4), max_size=25), st.booleans())
def test_overlapping_polygons_give_the_combination_at_each_pixel(corners, touch):
    geometries = [
        Polygon([(300_000 + a, 7_800_000 - b), (300_000 + c + 1, 7_800_000 - b - 7), (300_000 + c, 7_800_000 - d - 8)])
        for a, b, c, d in corners
    ]
    with TemporaryDirectory() as folder:
        burnt = Canvas(GRID, Path(folder)).burn_overlaps(geometries, touch=touch)
        index = burnt.codes[GRID.whole.slices]
    assert [[burnt.members[code] for code in row] for row in index.tolist()] == one_by_one(geometries, touch=touch)
    assert burnt.members[0] == ()
    assert set(range(1, len(burnt.members))) <= set(index.ravel().tolist())


@settings(deadline=None, max_examples=60)
@given(corners=CORNERS, touch=st.booleans())
@example(corners=[[(0, 0), (19, 0), (19, 41), (0, 41)], [(3.3, 15.2), (9.7, 15.9), (8.1, 33.4)]], touch=True)
def test_polygons_across_strips_keep_their_combinations(corners, touch):
    # Boxes have no slanted sides, where GDAL's rule of touch turns on the last bit of a float.
    shapes = [box(*shape.bounds) for shape in polygons(GRIDS[2], [[(x + 0.2, y + 0.3) for x, y in c] for c in corners])]
    found = []
    for strip in (16, 48):
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(burning, "STRIP", strip)
            burnt = Canvas(GRIDS[2], Path(folder)).burn_overlaps(shapes, touch=touch)
            found.append([[burnt.members[code] for code in row] for row in burnt.codes[:, :].tolist()])
    assert found[0] == found[1]


def test_shapes_without_area_and_outside_the_grid_hold_no_pixel(tmp_path):
    far = box(400_000, 7_799_000, 400_100, 7_799_100)
    endless = Polygon([(300_000, 7_800_000), (float("inf"), 7_800_000), (300_000, 7_799_000)])
    shapes = [None, Polygon(), Point(300_050, 7_799_950), far, endless]
    burnt = Canvas(GRID, tmp_path).burn_overlaps(shapes, touch=True)
    assert not burnt.codes[GRID.whole.slices].any()
    assert burnt.members == ((),)


def test_parts_and_holes_of_a_polygon_keep_its_number(tmp_path):
    parts = MultiPolygon([box(300_000, 7_799_970, 300_030, 7_800_000), box(300_090, 7_799_910, 300_120, 7_799_940)])
    ring = box(300_000, 7_799_910, 300_120, 7_800_000).difference(box(300_030, 7_799_940, 300_090, 7_799_970))
    burnt = Canvas(GRID, tmp_path).burn([ring, parts])
    assert burnt.codes[GRID.whole.slices].tolist() == [[2, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 2]]
    assert burnt.codes[Tile("", 1, 3, 2, 4).slices].tolist() == [[0, 1], [1, 2]]


SHAPES = [box(300_000, 7_799_970, 300_060, 7_800_000), box(300_030, 7_799_910, 300_120, 7_800_000)]


@pytest.fixture
def burns(monkeypatch) -> list[Tile]:
    """Collect the windows that are burnt."""
    seen: list[Tile] = []
    original = burning.burnt

    def watched(shapes, values, window, dtype, *, touch):
        seen.append(window)
        return original(shapes, values, window, dtype, touch=touch)

    monkeypatch.setattr(burning, "burnt", watched)
    return seen


def test_what_was_burnt_is_found_again_unless_something_differs(tmp_path, burns):
    first = Canvas(GRID, tmp_path).burn_overlaps(SHAPES, touch=False)
    assert burns
    burns.clear()
    again = Canvas(GRID, tmp_path).burn_overlaps(SHAPES, touch=False)
    assert not burns
    assert (again.members, again.digest) == (first.members, first.digest)
    assert first.members == ((), (0,), (1,), (0, 1))
    other = GRID.model_copy(update={"origin": (300_030, 7_800_000)})
    for canvas, shapes, touch in (
        (Canvas(other, tmp_path), SHAPES, False),
        (Canvas(GRID, tmp_path), SHAPES, True),
        (Canvas(GRID, tmp_path), SHAPES[::-1], False),
        (Canvas(GRID, tmp_path), [*SHAPES, None], False),
    ):
        burns.clear()
        canvas.burn_overlaps(shapes, touch=touch)
        assert burns
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize("harm", [lambda f: (f / MAP).write_bytes(b"no"), lambda f: (f / RECORD).unlink()])
def test_what_is_damaged_is_burnt_again(tmp_path, burns, harm):
    canvas = Canvas(GRID, tmp_path)
    whole = canvas.burn(SHAPES).codes[GRID.whole.slices]
    harm(next(tmp_path.iterdir()))
    burns.clear()
    assert (canvas.burn(SHAPES).codes[GRID.whole.slices] == whole).all()
    assert burns


def test_a_failure_leaves_nothing_behind_and_a_faster_process_wins(tmp_path, monkeypatch):
    original = Canvas._write

    def failing(self, path, dtype, burn):
        original(self, path, dtype, burn)
        raise OSError("no space left")

    monkeypatch.setattr(Canvas, "_write", failing)
    with pytest.raises(Exception, match="no space left"):
        Canvas(GRID, tmp_path).burn(SHAPES)
    assert not list(tmp_path.iterdir())

    def overtaken(self, path, dtype, burn):
        monkeypatch.setattr(Canvas, "_write", original)
        Canvas(GRID, tmp_path).burn(SHAPES)
        return original(self, path, dtype, burn)

    monkeypatch.setattr(Canvas, "_write", overtaken)
    assert Canvas(GRID, tmp_path).burn(SHAPES).codes[GRID.whole.slices].tolist()[0] == [1, 2, 2, 2]
    assert len(list(tmp_path.iterdir())) == 1
