"""Patches: a map worked by hand, the kernel against the reference, and the same result on any tiling."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.filters import patches
from mutirao.filters.step import Ground, MapWork, ReadyStep
from mutirao.grid import Grid

maps = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 3, 3, 4, 12]))


def removed(classes: np.ndarray, min_pixels: int, connectivity: int = 8, protected=()) -> np.ndarray:
    block = np.ascontiguousarray(classes[None])
    step = ReadyStep("", MapWork((), lambda *_: None, 0), protected=frozenset(protected))
    patches.remove_patches(block, Ground().site(step, block.shape), min_pixels, connectivity)
    return block[0]


HAND = np.array(
    [
        [3, 3, 3, 4, 4],
        [3, 12, 3, 4, 4],
        [3, 3, 12, 4, 4],
        [3, 3, 3, 4, 4],
    ],
    np.uint8,
)


def test_diagonal_pair_is_one_patch_of_two_with_8_neighbours():
    # The pair of 12s has 3 on four and three edges, 4 on one: it becomes 3.
    expected = HAND.copy()
    expected[1, 1] = expected[2, 2] = 3
    assert removed(HAND, 3).tolist() == expected.tolist()
    assert removed(HAND, 2).tolist() == HAND.tolist()


def test_diagonal_pair_is_two_patches_with_4_neighbours():
    assert removed(HAND, 2, connectivity=4)[2, 2] == 3


def test_protected_class_stays():
    assert removed(HAND, 3, protected=[12]).tolist() == HAND.tolist()


def test_tie_goes_to_the_smallest_code():
    assert removed(np.array([[4, 4, 12, 3, 3]], np.uint8), 2).tolist() == [[4, 4, 3, 3, 3]]


def test_small_patch_among_small_patches_and_nodata_stays():
    classes = np.array([[3, 4, 0], [12, 0, 0]], np.uint8)
    assert removed(classes, 2).tolist() == classes.tolist()


@settings(deadline=None)
@given(maps, st.integers(2, 6), st.sampled_from([4, 8]), st.sampled_from([frozenset(), frozenset({4})]))
def test_kernel_equals_reference(classes, min_pixels, connectivity, protected):
    expected = patches.reference(classes, min_pixels, connectivity, protected)
    assert removed(classes, min_pixels, connectivity, protected).tolist() == expected.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.sampled_from([16, 17, 23]))
def test_result_does_not_depend_on_the_tiling(seed, min_pixels, tile):
    random = np.random.default_rng(seed)
    classes = random.choice([0, 3, 4, 12], p=[0.05, 0.5, 0.25, 0.2], size=(40, 37)).astype(np.uint8)
    grid = Grid(crs="EPSG:3035", resolution=20, origin=(0, 0), shape=classes.shape, tile=tile)
    tiled = np.zeros_like(classes)
    for part in grid.tiles():
        window = grid.window_around(part, patches.halo(min_pixels))
        tiled[part.slices] = removed(classes[window.slices], min_pixels)[part.within(window)]
    assert (tiled == removed(classes, min_pixels)).all()
