"""Patches of any size on tiles: surveys, merge and second visit against the whole map at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mutirao.filters import patches, seams
from mutirao.filters.patchrule import Rule, uniform
from mutirao.filters.step import Limits
from mutirao.grid import Grid

MAPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "mapbiomas-c8-sul-goiano"
maps = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 3, 3, 4, 12]))
rules = st.builds(
    Rule,
    smallest=st.sampled_from([2, 4, 9, 30, 1000]).map(uniform),
    connectivity=st.sampled_from([4, 8]),
    becomes=st.sampled_from(["border", "largest"]),
    size_cap=st.sampled_from([None, 7]),
)


def on_tiles(
    classes: np.ndarray, rule: Rule, cuts: tuple[int, int], units=None, scope=None, protected=()
) -> np.ndarray:
    """Run a rule on tiles of at most (rows, columns), without a halo."""
    now = classes.copy()
    units = np.broadcast_to(np.int64(1), classes.shape) if units is None else units
    scope = np.ones(classes.shape, bool) if scope is None else scope
    shielded = np.isin(np.arange(256), list(protected))
    tiles = {
        (r, c): (slice(top, top + cuts[0]), slice(left, left + cuts[1]))
        for r, top in enumerate(range(0, classes.shape[0], cuts[0]))
        for c, left in enumerate(range(0, classes.shape[1], cuts[1]))
    }
    for _ in range(rule.passes):
        labelled = {at: seams.label_tile(now[tile], units[tile], rule.connectivity) for at, tile in tiles.items()}
        known = seams.merge({at: seams.survey(one, rule) for at, one in labelled.items()}, rule)
        for at, tile in tiles.items():
            seams.apply_tile(now[tile], labelled[at], known[at], scope[tile], shielded, rule)
    return now


def test_patch_over_four_tiles_is_one_patch_with_one_border():
    # Nine grass pixels lie around the corner of four tiles. Of their twelve edges eight are with savanna, which has 13
    # pixels, and four with forest, which has 14.
    classes = np.full((6, 6), 4, np.uint8)
    classes[:, 4:] = 3
    classes[:2, 3] = 3
    classes[2:5, 1:4] = 12
    for becomes, code in (("border", 4), ("largest", 3)):
        after = on_tiles(classes, Rule(uniform(10), becomes=becomes), (3, 3))
        assert after.tolist() == np.where(classes == 12, code, classes).tolist()
    assert on_tiles(classes, Rule(uniform(9)), (3, 3)).tolist() == classes.tolist()


def test_patches_that_touch_only_over_the_corner_of_four_tiles_are_one_with_8_neighbours():
    classes = np.full((4, 4), 3, np.uint8)
    classes[1, 1] = classes[2, 2] = 12
    assert on_tiles(classes, Rule(uniform(2), connectivity=8), (2, 2)).tolist() == classes.tolist()
    assert (on_tiles(classes, Rule(uniform(2), connectivity=4), (2, 2)) == 3).all()


def test_snake_through_all_tiles_is_as_long_as_it_is():
    classes = np.full((9, 9), 3, np.uint8)
    classes[::2] = 12
    classes[1::4, -1] = classes[3::4, 0] = 12  # 45 pixels in five rows and four joints
    assert on_tiles(classes, Rule(uniform(49), connectivity=4), (2, 2))[0, 0] == 12
    shorter = on_tiles(classes, Rule(tuple({12: 50}.get(code, 0) for code in range(256)), connectivity=4), (2, 2))
    assert (shorter == 3).all()


@settings(max_examples=200)
@given(maps, rules, st.tuples(st.integers(1, 7), st.integers(1, 7)), st.sampled_from([1, 2]))
def test_tiles_equal_reference(classes, rule, cuts, passes):
    rule = replace(rule, passes=passes)
    assert on_tiles(classes, rule, cuts).tolist() == patches.reference(classes, rule).tolist()


@given(maps, rules, st.tuples(st.integers(1, 7), st.integers(1, 7)), st.data())
def test_tiles_equal_reference_with_scope_protection_and_sizes_of_pixels(classes, rule, cuts, data):
    scope = data.draw(arrays(np.bool_, classes.shape))
    units = data.draw(arrays(np.int64, classes.shape, elements=st.integers(1, 5)))
    limits = Limits(protected=frozenset({4}))
    expected = patches.reference(classes, rule, units=units, scope=scope, limits=limits)
    assert on_tiles(classes, rule, cuts, units, scope, [4]).tolist() == expected.tolist()


def test_mode_is_refused():
    tile = seams.label_tile(np.ones((2, 2), np.uint8), np.ones((2, 2), np.int64), 8)
    with pytest.raises(ValueError, match="halo"):
        seams.survey(tile, Rule(uniform(3), becomes="mode", radius=1))


@pytest.mark.parametrize("becomes", ["border", "largest"])
@pytest.mark.parametrize("smallest", [11, 300, 5000])
def test_real_map_is_the_same_on_any_tiling(becomes, smallest):
    file = MAPS / "mapbiomas-brazil-collection-80-2022.tif"
    if not file.is_file():
        pytest.skip(f"the MapBiomas clip is not at {MAPS}")
    with rasterio.open(file) as source:
        classes = source.read(1)
    rule = Rule(uniform(smallest), becomes=becomes)
    grid = Grid(crs="EPSG:4326", resolution=0.00027, origin=(-50, -17), shape=classes.shape)
    units = np.rint(np.broadcast_to(grid.areas_ha(grid.whole), classes.shape) * 1e6).astype(np.int64)
    expected = on_tiles(classes, rule, classes.shape)
    assert (expected != classes).any()
    for cuts in ((64, 64), (50, 97)):
        assert on_tiles(classes, rule, cuts).tobytes() == expected.tobytes()
        in_area = replace(rule, smallest=uniform(smallest * 80_000), in_hectares=True)
        whole = on_tiles(classes, in_area, classes.shape, units)
        assert on_tiles(classes, in_area, cuts, units).tobytes() == whole.tobytes()
