"""The survey: one pass in bands gives what plain numpy says of whole maps, however the bands are cut."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mutirao.errors import Finding, QualityError
from mutirao.grid import Grid, Tile
from mutirao.io.delivered import FilePlane
from mutirao.io.rasters import RasterError
from mutirao.modules.checks import borders, plain, survey
from mutirao.modules.checks.others import Neighbour, Others, Released, spread
from mutirao.modules.checks.stream import ClassPlanes, Recoding, Tally
from mutirao.modules.checks.survey import Task, take_survey
from mutirao.modules.regrid import plan, regrid

YEAR = 2000
SAME = np.arange(256, dtype=np.uint8)


def grid_of(shape, crs="EPSG:4326", **changes):
    return Grid(**{"crs": crs, "resolution": 0.01, "origin": (-50.0, -10.0), "shape": shape} | changes)


def task_of(cube, *, classes=4, territory=None, years=None, **given):
    grid = grid_of(cube.shape[1:])
    years = years or range(YEAR, YEAR + len(cube))
    recoding = Recoding(SAME, plan(grid, grid), grid.shape[0])
    planes = dict(zip(years, cube, strict=True))
    return Task(grid, planes, tuple(years), recoding, tuple(range(classes)), territory, **given)


cubes = st.tuples(st.integers(1, 5), st.integers(1, 14), st.integers(1, 9)).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape, elements=st.integers(0, 3))
)


@settings(max_examples=60)
@given(cubes, st.integers(1, 6), st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_pass_agrees_with_plain_numpy(cube, band, cells, random):
    territory = np.array([[random.random() < 0.7 for _ in range(cube.shape[2])] for _ in range(cube.shape[1])])
    gap = 1 if len(cube) > 2 else 0
    years = [*range(YEAR, YEAR + len(cube) - 1), YEAR + len(cube) - 1 + gap]
    older = (cube[::-1] + 1) % 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "BAND", band)
        patch.setattr(survey, "CELLS", cells)
        grid = grid_of(cube.shape[1:])
        ha = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)
        smallest = 2.5 * float(ha.mean())
        previous = dict(zip(years, older, strict=True))
        found = take_survey(
            task_of(
                cube,
                territory=territory,
                years=years,
                previous=previous,
                smallest_ha=smallest,
                watched=((2, 1), (3, 0)),
            )
        )
    for k, plane in enumerate(cube):
        assert_same(found.by_year[k], plain.count_year(plane, ha, 4, found.cell))
        assert_same(found.land[k], plain.count_land(plane, territory, ha, found.cell))
        np.testing.assert_allclose(found.small_ha[k], plain.small_patches_ha(plane, ha, 4, smallest))
        differs = older[k] != plane
        np.testing.assert_array_equal(found.difference_cells[k], plain.cells_of(differs.astype(int), found.cell))
        np.testing.assert_allclose(found.from_to_ha[k].sum(), ha[differs].sum())
    steps, watched = (np.diff(years) == 1).tolist(), np.zeros((4, 4), bool)
    watched[2, 1] = watched[3, 0] = True
    assert_same(found.series, plain.count_series(cube, territory, ha, 4, found.cell, steps, watched))


def assert_same(found, expected):
    for name, one, other in zip(found._fields, found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, err_msg=name)


@settings(max_examples=60)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.integers(0, 3)))
def test_small_patches_agree_with_scipy(plane):
    ha, expected = np.ones(plane.shape), np.zeros(4)
    for code in (1, 2, 3):
        labels, _ = scipy.ndimage.label(plane == code, np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())[1:]
        expected[code] = sizes[sizes < 4].sum()
    np.testing.assert_array_equal(plain.small_patches_ha(plane, ha, 4, 4), expected)


def test_a_visit_of_one_year_is_a_flicker_and_two_years_are_none():
    cube = np.array([[[1, 1]], [[2, 2]], [[1, 2]], [[1, 1]]], np.uint8)
    found = take_survey(task_of(cube))
    ha = found.area_ha[0].sum() / 2
    np.testing.assert_allclose(found.series.flicker_ha.sum(axis=0), [0, 0, ha, 0])
    np.testing.assert_allclose(found.series.series, [2 * ha, ha])
    assert found.series.changes.tolist() == [0, 0, 2, 0]


@pytest.mark.parametrize("band", [1, 3, 100])
@pytest.mark.parametrize(
    ("resolution", "method"), [(0.01, "nearest"), (0.02, "nearest"), (0.005, "mode"), (0.005, "nearest")]
)
def test_rows_of_another_grid_are_those_of_the_whole(band, resolution, method):
    rng, target = np.random.default_rng(1), grid_of((8, 6))
    own = grid_of((11, 13), resolution=resolution, origin=(-50.0 - 2 * resolution, -10.0 + 4 * resolution))
    values = rng.integers(0, 4, own.shape).astype(np.uint8)
    how = plan(own, target, method)
    recoding, tally = Recoding(SAME, how, own.shape[0]), Tally(lambda top, bottom: values[top:bottom], own.shape[0])
    rows = [recoding.rows(tally, top, min(top + band, 8)) for top in range(0, 8, band)]
    np.testing.assert_array_equal(np.concatenate(rows), regrid(values, how))
    tally.finish()
    assert tally.counts.tolist() == np.bincount(values.ravel(), minlength=256).tolist()


def write(path, plane, **options):
    profile = {"driver": "GTiff", "height": plane.shape[0], "width": plane.shape[1], "count": 1, "dtype": "uint8"}
    with rasterio.open(
        path, "w", crs="EPSG:4326", transform=grid_of(plane.shape).transform, **profile, **options
    ) as dst:
        dst.write(plane, 1)
    return FilePlane(path, plane.shape, np.dtype(np.uint8))


def test_a_file_that_breaks_off_is_left_out_and_the_others_are_not(tmp_path):
    rng = np.random.default_rng(0)
    cube = rng.integers(1, 4, (3, 700, 300)).astype(np.uint8)
    planes = {
        YEAR + k: write(tmp_path / f"{k}.tif", plane, compress="deflate", blockysize=16) for k, plane in enumerate(cube)
    }
    path = planes[YEAR + 1].path
    path.write_bytes(path.read_bytes()[:-3000])
    given = task_of(cube)
    found = take_survey(Task(given.grid, planes, given.placed, given.recoding, given.codes))
    assert found.years == (YEAR, YEAR + 2)
    assert {year: finding.code for year, finding in found.unreadable.items()} == {YEAR + 1: "M202"}
    np.testing.assert_array_equal(found.pixels, [np.bincount(cube[k].ravel(), minlength=4) for k in (0, 2)])


def test_a_file_that_changes_after_the_check_is_refused(tmp_path):
    first = np.full((20, 30), 1, np.uint8)
    planes = {YEAR: write(tmp_path / "a.tif", first)}
    given = task_of(first[None])
    digests = take_survey(Task(given.grid, planes, given.placed, given.recoding, given.codes)).digests
    classes = ClassPlanes(planes, given.recoding, digests)
    np.testing.assert_array_equal(classes[YEAR], first)
    write(tmp_path / "a.tif", first + 1)
    with pytest.raises(QualityError) as refused:
        classes[YEAR]
    assert refused.value.findings[0].code == "M213"


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 14), st.integers(1, 9)).flatmap(
        lambda shape: st.tuples(
            arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 1, 2])),
            arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 0, 1, 2])),
        )
    ),
    st.integers(1, 6),
    st.integers(1, 8),
    st.data(),
)
def test_a_neighbour_is_compared_as_plain_numpy_says(maps, band, cells, data):
    mine, theirs = maps
    height, width = mine.shape[1:]
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    box = Tile("box", top, data.draw(st.integers(top + 1, height)), left, data.draw(st.integers(left + 1, width)))
    planes = {YEAR + k: lambda tile, plane=plane: plane[tile.slices] for k, plane in enumerate(theirs)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "BAND", band)
        patch.setattr(survey, "CELLS", cells)
        found = take_survey(task_of(mine, others=Others((Neighbour("n", "1.0.0", planes, box),)), most_years=9))
    (seam,) = found.beside.seams
    apart = np.zeros((2, height, width), np.int64)
    for k in range(len(mine)):
        sums, by_pixel = plain.count_seam(mine[k][box.slices], theirs[k][box.slices], 1)
        np.testing.assert_array_equal(seam.sums[k], sums)
        apart[:, *box.slices] += by_pixel
    np.testing.assert_array_equal(seam.cells, plain.cells_of(apart, found.cell))


small = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: st.tuples(*(arrays.arrays(np.uint8, shape, elements=st.integers(0, 3)) for _ in range(5)))
)


@settings(max_examples=60)
@given(small, st.integers(1, 3))
def test_contests_and_releases_are_what_plain_numpy_says(maps, me):
    mine, classes, source, others, other_source = maps
    ha = 1 + np.arange(mine.size, dtype=float).reshape(mine.shape)
    sums = np.zeros((256, 256)), np.zeros((256, 256)), np.zeros(256)
    borders.count_contest(mine, (classes, source), (others, other_source), ha, me, *sums)
    assert_sums(sums, plain.count_contest(mine, (classes, source), (others, other_source), ha, me))
    assert borders.count_claims(mine, ha) == ha[mine > 0].sum()
    from_to = np.zeros((256, 256))
    borders.count_released(mine, classes, source, ha, me, from_to)
    np.testing.assert_allclose(from_to, plain.count_released(mine, classes, source, ha, me))


def assert_sums(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other)


def test_a_map_of_others_that_breaks_off_is_left_out_and_named():
    def broken(tile):
        raise RasterError(Finding("M202", "cannot be read", "there.tif", "copy it again"))

    mine = np.ones((2, 9, 4), np.uint8)
    neighbour = Neighbour("north", "1.0.0", {YEAR: broken, YEAR + 1: broken}, Tile("box", 0, 9, 0, 4))
    released = Released(
        "1.0.0", 1, {YEAR: lambda tile: mine[0][tile.slices]}, {YEAR: lambda tile: mine[0][tile.slices]}
    )
    found = take_survey(task_of(mine, others=Others((neighbour,), released=released)))
    assert found.beside.seams == ()
    assert found.beside.failed == ("M901 and M902 with north: cannot be read",)
    assert found.beside.release.years == (YEAR,)
    assert found.pixels[:, 1].tolist() == [36, 36]


def test_large_neighbours_are_looked_at_in_fewer_years():
    mine = np.ones((12, 6, 4), np.uint8)
    whole = Tile("box", 0, 6, 0, 4)
    planes = {YEAR + k: lambda tile: mine[0][tile.slices] for k in range(12)}
    neighbours = tuple(Neighbour(f"n{k}", "1.0.0", planes, whole) for k in range(8))
    found = take_survey(task_of(mine, others=Others(neighbours), most_years=2))
    # two maps of each year for eight neighbours: a quarter of the years of each
    assert {seam.years for seam in found.beside.seams} == {(YEAR, YEAR + 6, YEAR + 11)}


@pytest.mark.parametrize(
    ("years", "most", "expected"),
    [
        (range(2001, 2004), 5, (2001, 2002, 2003)),
        (range(2001, 2012), 3, (2001, 2006, 2011)),
        (range(2001, 2012), 1, (2011,)),
        ((), 3, ()),
    ],
)
def test_years_are_spread_over_the_series(years, most, expected):
    assert spread(years, most) == expected
