"""From a module's own grid to the collection's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mutirao.errors import GridError
from mutirao.grid import Grid
from mutirao.modules.regrid import Regrid, plan, regrid


def grid(shape: tuple[int, int], *, side: float = 30, x: float = 0, y: float = 0, crs: str = "EPSG:31983") -> Grid:
    return Grid(crs=crs, resolution=side, origin=(300000 + x, 7800000 + y), shape=shape)


def move(classes: list[list[int]], own: Grid, target: Grid, method: str = "mode") -> list[list[int]]:
    return regrid(np.array(classes, dtype=np.uint8), plan(own, target, method)).tolist()


def test_equal_grids_change_nothing():
    assert move([[3, 0], [15, 33]], grid((2, 2)), grid((2, 2))) == [[3, 0], [15, 33]]


def test_a_smaller_own_grid_is_filled_up_with_no_claim():
    own = grid((1, 2), x=30, y=-30)  # one pixel right and one down
    assert move([[3, 15]], own, grid((3, 3))) == [[0, 0, 0], [0, 3, 15], [0, 0, 0]]


def test_a_larger_own_grid_is_cut():
    own = grid((3, 3), x=-30, y=30)  # begins one pixel left and one up
    assert move([[1, 2, 3], [4, 5, 6], [7, 8, 9]], own, grid((2, 2))) == [[5, 6], [8, 9]]


def test_coarse_pixels_are_repeated():
    assert move([[3, 15]], grid((1, 2), side=60), grid((2, 4))) == [[3, 3, 15, 15], [3, 3, 15, 15]]


def test_coarse_pixels_may_begin_outside_the_target():
    own = grid((1, 2), side=60, x=-30)
    assert move([[3, 15]], own, grid((2, 3))) == [[3, 15, 15], [3, 15, 15]]


def test_mode_takes_the_claim_of_most_pixels():
    assert move([[3, 15], [15, 15]], grid((2, 2), side=15), grid((1, 1))) == [[15]]


def test_mode_ties_go_to_the_smallest_code():
    assert move([[15, 3], [3, 15]], grid((2, 2), side=15), grid((1, 1))) == [[3]]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ([[0, 0], [0, 3]], 0),  # three of four without a claim: a strict majority
        ([[0, 0], [3, 3]], 3),  # half without: the claim stays
        ([[0, 0], [33, 3]], 3),  # half without, claims tie
        ([[0, 3], [15, 33]], 3),  # no claim is no candidate, claims tie
        ([[0, 0], [0, 0]], 0),
    ],
)
def test_no_claim_wins_only_with_a_strict_majority(block, expected):
    assert move(block, grid((2, 2), side=15), grid((1, 1))) == [[expected]]


def test_mode_counts_fine_pixels_that_the_own_grid_does_not_reach_as_no_claim():
    own = grid((2, 1), side=15, x=15)  # right half of the one target pixel
    assert move([[3], [3]], own, grid((1, 1))) == [[3]]
    assert move([[3]], grid((1, 1), side=15), grid((1, 1))) == [[0]]


def test_nearest_takes_the_middle_pixel():
    fine = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert move(fine, grid((3, 3), side=10), grid((1, 1)), "nearest") == [[5]]


def test_nearest_takes_the_lower_right_of_four_middle_pixels():
    assert move([[1, 2], [3, 4]], grid((2, 2), side=15), grid((1, 1)), "nearest") == [[4]]


def test_a_fine_grid_that_is_not_aligned_is_refused_with_its_offset():
    # 4 m east of a lattice of 15 m: 300004 needs -4 / 15 = -0.27 fine pixel to reach the target's edge
    with pytest.raises(GridError, match=r"-0\.27 fine pixel in x and \+0\.00 in y apart.*origin \(300004") as refused:
        plan(grid((2, 2), side=15, x=4), grid((1, 1)), "mode")
    assert refused.value.findings[0].code == "M305"


def test_sides_that_are_no_multiples_are_refused():
    with pytest.raises(GridError, match=r"1\.5 times"):
        plan(grid((2, 2), side=20), grid((1, 1)), "mode")


def test_another_crs_is_refused():
    with pytest.raises(GridError, match="EPSG:32723"):
        plan(grid((2, 2), crs="EPSG:32723"), grid((1, 1)), "mode")


@pytest.mark.parametrize("shift", [60, -60])
def test_grids_without_a_common_pixel_are_refused(shift):
    with pytest.raises(GridError, match="no pixel in common"):
        plan(grid((2, 2), x=shift), grid((2, 2)), "nearest")


def naive_mode(block: np.ndarray) -> int:
    """Meaning of `mode` for one target pixel, from its (k, k) fine pixels."""
    values = block.ravel().tolist()
    if 2 * values.count(0) > len(values):
        return 0
    claims = sorted(value for value in values if value)
    return max(claims, key=claims.count)  # max keeps the first, the smallest


codes = st.sampled_from([0, 0, 3, 15, 33, 255])


@given(st.data(), st.integers(1, 4), st.integers(-5, 5), st.integers(-5, 5))
def test_mode_is_its_definition_at_every_offset(data, factor, top, left):
    classes = data.draw(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=codes))
    moved = regrid(classes, Regrid("mode", factor, True, (top, left), (3, 2)))
    padded = np.zeros((60, 60), dtype=np.uint8)
    padded[20 : 20 + classes.shape[0], 20 : 20 + classes.shape[1]] = classes
    for row, column in np.ndindex(3, 2):
        y, x = 20 + top + row * factor, 20 + left + column * factor
        assert moved[row, column] == naive_mode(padded[y : y + factor, x : x + factor])


@given(st.data(), st.integers(1, 4), st.sampled_from(["mode", "nearest"]))
def test_repeating_and_gathering_gives_the_map_back(data, factor, method):
    classes = data.draw(arrays.arrays(np.uint8, (3, 4), elements=codes))
    fine = regrid(classes, Regrid(method, factor, False, (0, 0), (3 * factor, 4 * factor)))
    assert np.array_equal(regrid(fine, Regrid(method, factor, True, (0, 0), (3, 4))), classes)


@given(arrays.arrays(np.uint8, (6, 6), elements=codes), st.sampled_from(["mode", "nearest"]))
def test_no_class_is_invented(classes, method):
    moved = regrid(classes, Regrid(method, 3, True, (0, 0), (2, 2)))
    assert set(moved.ravel().tolist()) <= {0, *classes.ravel().tolist()}
