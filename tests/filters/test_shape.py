"""Shape: patches worked by hand, the kernel against the reference, and any tiling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.errors import GridError
from mutirao.filters import shape
from mutirao.filters.step import Ground, Limits, ReadyStep, Surroundings

KEYS = {"filter": "shape", "classes": [21]}
shapes = st.tuples(st.integers(1, 2), st.integers(1, 7), st.integers(1, 7))
maps = arrays(np.uint8, shapes, elements=st.sampled_from([0, 3, 4, 15, 21, 21, 21, 21]))


def drawn(*rows: str) -> np.ndarray:
    """Make a (1, y, x) map: `#` is 21, `.` is 3, `s` is 4 and a blank is nodata."""
    codes = {"#": 21, ".": 3, "s": 4, " ": 0}
    return np.array([[[codes[letter] for letter in row] for row in rows]], np.uint8)


LINE = drawn(
    ".......",
    ".#####.",
    ".......",
)
SQUARE = drawn(
    ".....",
    ".###.",
    ".###.",
    ".###.",
    ".....",
)
RAGGED = drawn(  # 9 pixels in the square, 4 in the tail: 13 of a box of 3 x 7, a fill of 0.62
    ".........",
    ".###.....",
    ".#######.",
    ".###.....",
    ".........",
)
BETTER = drawn(  # 13 of 20: just 0.65
    "......",
    ".###..",
    ".###..",
    ".####.",
    ".##...",
    ".#....",
    "......",
)
SPECK = drawn(
    "....",
    ".##.",
    "....",
)


@pytest.mark.parametrize(
    ("patch", "keys", "removed"),
    [
        (LINE, {}, True),
        (LINE, {"core": False}, False),
        (SQUARE, {}, False),
        (RAGGED, {}, True),
        (RAGGED, {"min_fill": 0.61}, False),
        (BETTER, {}, False),
        (BETTER, {"min_fill": 0.66}, True),
        (SPECK, {}, True),
        (SPECK, {"specks": "keep"}, False),
        (SPECK, {"specks": "keep", "speck_pixels": 1}, True),
        (LINE, {"max_pixels": 4}, False),
        (LINE, {"max_pixels": 5}, True),
        (LINE, {"protected": [21]}, False),
        (drawn("#####"), {}, False),
    ],
)
def test_odd_patch_takes_what_is_around_it(make_step, run_map, patch, keys, removed):
    after = run_map(make_step(**KEYS, **keys), patch)
    assert after.tolist() == (np.where(patch == 21, 3, patch) if removed else patch).tolist()


def test_patch_of_better_shape_has_the_fill_it_is_said_to_have():
    ys, xs = np.nonzero(BETTER[0] == 21)
    assert (len(ys), int(np.ptp(ys) + 1), int(np.ptp(xs) + 1)) == (13, 5, 4)


def test_each_pixel_looks_around_itself_and_ties_go_to_the_smallest_code(make_step, run_map):
    # One pixel around: the first sees a single 4, the last a single 3, the middle one neither and stays.
    assert run_map(make_step(**KEYS, radius=1), drawn("s###.")).tolist() == drawn("ss#..").tolist()
    # Two around, the one in the middle sees a 4 and a 3.
    assert run_map(make_step(**KEYS, radius=2), drawn("s###.")).tolist() == drawn("ss...").tolist()


def test_circle_of_five_pixels_has_81():
    assert len(shape.circle(5)) == 81
    assert sorted(shape.circle(1).tolist()) == [[-1, 0], [0, -1], [0, 0], [0, 1], [1, 0]]


def test_limit_in_hectares_is_summed_over_true_areas(make_step, run_map):
    # Collection 11: one hectare. Eleven pixels of 0.09 ha are 0.99 ha; of 0.091 ha they are 1.001 ha.
    line = np.full((1, 3, 13), 3, np.uint8)
    line[0, 1, 1:12] = 21
    step = make_step(Surroundings(pixel_ha=(0.09, 0.091)), **KEYS, max_ha=1)
    assert step.halo == 11
    small, large = np.full((3, 13), 0.09), np.full((3, 13), 0.091)
    assert (run_map(step, line, Ground(pixel_ha=small)) == 3).all()
    assert run_map(step, line, Ground(pixel_ha=large)).tolist() == line.tolist()
    with pytest.raises(GridError, match="F125"):
        run_map(step, line)


def test_map_of_one_class_or_none_stays(make_step, run_map):
    for rows in (["###"], ["   "], ["#"], ["# #"], ["..."]):
        assert run_map(make_step(**KEYS), drawn(*rows)).tolist() == drawn(*rows).tolist()


def test_no_smaller_halo_would_do(make_step, run_map):
    # A patch of seven is judged, one of eight is not: the pixel seven away decides. So does the 4 in the circle.
    step = make_step(**KEYS, max_pixels=7, radius=1)
    assert run_map(step, drawn(".#######."))[0, 0, 1] == 3
    assert run_map(step, drawn(".########"))[0, 0, 1] == 21
    assert step.halo == 7
    step = make_step(**KEYS, max_pixels=1, radius=4)
    assert [run_map(step, drawn(row))[0, 0, 0] for row in ("#   s", "#    s")] == [4, 21]
    assert step.halo == 4


def test_halo_is_the_largest_patch_or_the_radius(make_step):
    assert make_step(**KEYS).halo == 128
    assert make_step(**KEYS, max_ha=1).halo == 128
    assert make_step(Surroundings(pixel_ha=(0.5, 0.6)), **KEYS, max_ha=1).halo == 5


def test_area_below_a_pixel_and_radius_of_zero_are_refused(make_step, refusals):
    assert refusals(Surroundings(pixel_ha=(0.08, 0.09)), **KEYS, max_ha=0.07) == [("F124", "steps.0.max_ha")]
    assert refusals(filter="shape", classes=["mosaic"]) == [("F101", "steps.0.classes.0")]
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        make_step(**KEYS, radius=0)


@settings(max_examples=200)
@given(maps, st.data())
def test_kernel_equals_reference(make_step, run_map, years, data):
    max_pixels, max_dm2 = data.draw(st.integers(1, 20)), data.draw(st.sampled_from([None, 5, 9]))
    form = (data.draw(st.sampled_from([0.0, 0.65, 1.0])), data.draw(st.booleans()), data.draw(st.integers(0, 10)))
    specks, radius = data.draw(st.sampled_from(["remove", "keep"])), data.draw(st.integers(1, 3))
    allowed = data.draw(st.lists(st.booleans(), min_size=len(years), max_size=len(years)))
    protected = data.draw(st.sampled_from([[], [21], [15], [21, 15]]))
    scope = data.draw(arrays(np.bool_, years.shape[1:]))
    area = data.draw(arrays(np.int64, years.shape[1:], elements=st.integers(1, 2)))
    keys = dict(zip(("min_fill", "core", "speck_pixels"), form, strict=True))
    made = make_step(Surroundings((), {"biome": {}}), filter="shape", classes=[21, 15], max_pixels=max_pixels, **keys,
                     max_ha=max_dm2 and max_dm2 / 1e6, specks=specks, radius=radius, protected=protected,
                     where={"biome": 1})  # fmt: skip
    step = ReadyStep("", made.work, made.scope, tuple(allowed), made.protected)
    limits = Limits(frozenset(np.flatnonzero(allowed).tolist()), frozenset(protected))
    shaped = (*form, specks == "remove")
    options = {"area_dm2": area, "limits": limits, "scope": scope}
    expected = [
        shape.reference(year, {21, 15}, max_pixels, max_dm2 or 10**9, shaped, radius, **options, t=t).tolist()
        for t, year in enumerate(years)
    ]
    assert run_map(step, years, Ground({"biome": scope.astype(int)}, area / 1e6)).tolist() == expected


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from([None, 4e-6]), st.integers(1, 4),
    st.sampled_from([3, 5, 8]),
)  # fmt: skip
def test_result_does_not_depend_on_the_tiling(make_step, run_map, seed, max_pixels, max_ha, radius, tile):
    random = np.random.default_rng(seed)
    years = random.choice([3, 4, 21, 0], p=[0.3, 0.2, 0.45, 0.05], size=(2, 23, 19)).astype(np.uint8)
    ground = Ground(pixel_ha=random.integers(1, 3, size=(23, 19)) / 1e6)
    keys = {"max_pixels": max_pixels, "max_ha": max_ha, "radius": radius, "min_fill": 0.8}
    step = make_step(Surroundings(pixel_ha=(1e-6, 2e-6)), **KEYS, **keys)
    assert run_map(step, years, ground, tile).tobytes() == run_map(step, years, ground).tobytes()


def test_real_maps_equal_plain_python(make_step, run_map, goias):
    years = goias[::9]
    ground = Ground(pixel_ha=np.full(years.shape[1:], 0.0847))
    after = run_map(make_step(**KEYS, max_ha=1), years, ground)
    area = np.full(years.shape[1:], 84_700)
    form = (0.65, True, 3, True)
    expected = [shape.reference(year, {21}, 128, 10**6, form, 5, area_dm2=area).tolist() for year in years]
    assert after.tolist() == expected
    assert (after != years).any()
    assert (years[after != years] == 21).all()
