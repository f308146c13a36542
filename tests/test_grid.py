"""The grid: areas on the ellipsoid, tiles, places."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from pyproj import Geod, Transformer

from mutirao.errors import GridError
from mutirao.grid import Grid, Tile

EARTH_KM2 = 510_065_621.724
"""Surface of the WGS 84 ellipsoid."""
BANAT = Grid(crs="EPSG:3035", resolution=20, origin=(5271982.57655193, 2533004.21491519), shape=(50, 50), tile=16)


def geodesic_ha(grid: Grid, row: int, column: int) -> float:
    """Area of one pixel as a geodesic polygon."""
    left, top = grid.transform @ (column, row)
    right, bottom = grid.transform @ (column + 1, row + 1)
    to_lonlat = Transformer.from_crs(grid.pyproj_crs, 4326, always_xy=True)
    lon, lat = to_lonlat.transform([left, right, right, left], [top, top, bottom, bottom])
    return abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]) / 10_000


def test_degree_pixels_of_the_whole_earth_sum_to_its_surface():
    grid = Grid(crs="EPSG:4326", resolution=1, origin=(-180, 90), shape=(180, 360), tile=64)
    total = sum(np.broadcast_to(grid.areas_ha(tile), tile.shape).sum() for tile in grid.tiles())
    assert total / 100 == pytest.approx(EARTH_KM2, rel=1e-9)


def test_small_degree_pixels_equal_geodesic_polygons():
    grid = Grid(crs="EPSG:4326", resolution=0.00026949458523585647, origin=(-50, -10), shape=(40, 40))
    assert grid.areas_ha(grid.whole)[17, 0] == pytest.approx(geodesic_ha(grid, 17, 3), rel=1e-6)


def test_utm_pixels_equal_geodesic_polygons_far_from_the_central_meridian():
    grid = Grid(crs="EPSG:32723", resolution=30, origin=(200_000, 8_000_000), shape=(100, 70))
    areas = grid.areas_ha(grid.whole)
    assert areas.shape == (100, 70)
    assert areas[63, 41] == pytest.approx(geodesic_ha(grid, 63, 41), rel=1e-7)


UTM = Grid(crs="EPSG:32723", resolution=30, origin=(200_000, 8_000_000), shape=(100, 170))
CONFORMAL = Grid(crs="EPSG:3034", resolution=250, origin=(2_000_000, 3_500_000), shape=(700, 1100))
DEGREES = Grid(crs="EPSG:4326", resolution=0.05, origin=(-60, 6), shape=(300, 200))
MERIDIAN = Grid(crs="EPSG:32723", resolution=10, origin=(497_000, 8_000_000), shape=(90, 700))
"""Along the central meridian of its zone, where the scale hardly changes within a tile."""


@pytest.mark.parametrize("grid", [UTM, CONFORMAL, DEGREES, MERIDIAN, BANAT], ids=lambda grid: grid.crs)
@pytest.mark.parametrize(("side", "first"), [(16, 0), (33, 5), (40, 3), (1, 30)])
def test_area_of_a_pixel_is_the_same_through_any_tile(grid, side, first):
    whole = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)
    for top, left in ((first, first), (first + 11, first + 3), (grid.shape[0] - side, grid.shape[1] - side)):
        tile = Tile("", top, min(top + side, grid.shape[0]), left, min(left + side, grid.shape[1]))
        part = np.broadcast_to(grid.areas_ha(tile), tile.shape)
        assert part.tobytes() == whole[tile.slices].tobytes()


@pytest.mark.parametrize("grid", [UTM, CONFORMAL, DEGREES, MERIDIAN, BANAT], ids=lambda grid: grid.crs)
def test_range_of_areas_encloses_every_pixel_closely(grid):
    areas = grid.areas_ha(grid.whole)
    low, high = grid.pixel_ha_range()
    assert low <= areas.min() <= areas.max() <= high
    assert high - low <= 1.1 * np.ptp(areas) + 1e-5 * areas.mean()


def test_range_of_areas_finds_an_extreme_between_the_points_it_looks_at():
    # The scale is least on the central meridian, x = 500 km; with 33 points a side, none lies on it.
    grid = Grid(crs="EPSG:32723", resolution=500, origin=(330_010, 8_000_000), shape=(40, 701))
    assert grid.pixel_ha_range()[1] >= grid.areas_ha(grid.whole).max()


def test_equal_area_grid_has_one_area():
    assert BANAT.areas_ha(BANAT.whole).tolist() == [[pytest.approx(0.04, rel=1e-9)]]


def test_crs_without_epsg_code_works():
    grid = Grid(crs="+proj=sinu +R=6371007.181", resolution=231.656, origin=(-6e6, -1.3e6), shape=(10, 10))
    assert grid.areas_ha(grid.whole)[0, 0] == pytest.approx(231.656**2 / 10_000)


def test_tiles_cover_every_pixel_once():
    seen = np.zeros(BANAT.shape, int)
    for tile in BANAT.tiles():
        seen[tile.slices] += 1
    assert (seen == 1).all()
    assert sum(1 for _ in BANAT.tiles()) == 16


def test_window_grows_by_the_halo_and_stops_at_the_edge():
    tile = next(tile for tile in BANAT.tiles() if tile.id == "0_1")
    window = BANAT.window_around(tile, 6)
    assert (window.top, window.bottom, window.left, window.right) == (0, 22, 10, 38)
    assert tile.within(window) == (slice(0, 16), slice(6, 22))


def test_place_gives_row_and_column_of_its_pixel():
    to_lonlat = Transformer.from_crs(3035, 4326, always_xy=True)
    lon, lat = to_lonlat.transform(*(BANAT.transform @ (30.5, 7.5)))
    assert BANAT.index(lon, lat) == (7, 30)


def test_place_outside_is_refused_with_the_extent():
    with pytest.raises(GridError, match=r"G101 .*outside.*22\.14"):
        BANAT.index(0, 0)


def test_offset_of_a_quarter_pixel_is_found():
    shifted = BANAT.transform.translation(3 * 20 + 5, 0) @ BANAT.transform
    assert BANAT.offset_px(shifted) == pytest.approx((0.25, 0))


def test_bounds_in_degrees_give_the_pixels_that_meet_them():
    to_lonlat = Transformer.from_crs(3035, 4326, always_xy=True)
    lon, lat = to_lonlat.transform(*(BANAT.transform @ (30.5, 7.5)))
    assert BANAT.window_of((lon, lat, lon, lat)) == Tile("window", 7, 8, 30, 31)
    assert min(BANAT.window_of((0, 0, 1, 1)).shape) == 0


@pytest.mark.parametrize("change", [{"crs": "EPSG:0"}, {"shape": (0, 5)}, {"resolution": -1}, {"tile": 3}])
def test_impossible_grids_are_refused(change):
    with pytest.raises(ValidationError):
        Grid.model_validate({**BANAT.model_dump(), **change})
