"""What a chain did: counted by the kernel as by plain Python."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mutirao.filters import tally
from mutirao.filters.apply import apply_chain, ready, run_step
from mutirao.filters.chain import Chain
from mutirao.filters.step import Ground
from mutirao.filters.tally import MOST_REWRITES, Sums, Tally, reference
from mutirao.grid import Tile
from mutirao.io.configs import load
from mutirao.io.rasters import read
from mutirao.legend import Legend

ROOT = Path(__file__).resolve().parents[2]
MAPS = ROOT.parent / "shared" / "data" / "mapbiomas-c8-sul-goiano"
STEPS = [
    {"filter": "gap_fill"},
    *({"filter": "window", "width": width, "classes": [4, 11, 3, 12, 21, 25, 33]} for width in (5, 4, 3)),
    {"filter": "patches", "min_pixels": 6},
    {"filter": "pattern", "rewrites": ["3 21 21 15 -> 3 21 15 15", "15 21 15 -> _ 15 _"], "reads": "running"},
    {"filter": "frequency", "group": [3, 4, 11, 12], "total": 0.9, "thresholds": {3: 0.7, 4: 0.4}},
]


def watched(stages: list[np.ndarray], pixel_ha: np.ndarray, *, halo: int = 0, strip: int = 7) -> Sums:
    """Show a tally the stages of a chain: odd steps strip by strip, even ones whole; a halo of other pixels around."""
    years, rows, columns = stages[0].shape
    wide = [np.pad(stage, ((0, 0), (halo, halo), (halo, halo)), constant_values=9) for stage in stages]
    for number, stage in enumerate(wide):
        if halo:
            stage[:, :halo] = number  # the halo is rewritten by every step
    core = (slice(halo, halo + rows), slice(halo, halo + columns))
    seen = Tally(len(stages) - 1, years, np.pad(pixel_ha, halo, constant_values=1e6), core)
    for number, (before, after) in enumerate(pairwise(wide), start=1):
        old, new = before.reshape(years, -1), after.reshape(years, -1)
        size = strip if number % 2 else old.shape[1]
        for first in range(0, old.shape[1], size):
            part = slice(first, first + size)
            seen.see(number, np.ascontiguousarray(old[:, part]), np.ascontiguousarray(new[:, part]), first)
    return seen.finish(stages[0], stages[-1])


def assert_equal(found: Sums, expected: Sums) -> None:
    assert found.kinds.tolist() == expected.kinds.tolist()
    for name in ("area_ha", "steps", "whole"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-9)
    assert found.rewrites.dtype == np.uint16
    assert (found.rewrites == expected.rewrites).all()


def one_pixel(*series: list[int], ha: float = 2.0) -> Sums:
    """Count in one pixel, by the kernel and in plain Python."""
    stages = [np.array(codes, np.uint8)[:, None, None] for codes in series]
    pixel_ha = np.array([[ha]])
    found = watched(stages, pixel_ha)
    assert_equal(found, reference(stages, pixel_ha))
    return found


def test_rewrite_that_is_rewritten_again_counts_in_both_steps_and_not_in_the_chain():
    found = one_pixel([3, 21, 3], [3, 15, 3], [3, 21, 3])
    assert found.kinds.tolist() == [[1, 1, 21, 15], [2, 1, 15, 21]]
    assert found.area_ha.tolist() == [2, 2]
    assert found.steps.tolist() == [[0, 0, 4, 4], [1, 2, 4, 4], [1, 2, 4, 4]]
    assert found.rewrites.tolist() == [[2]]


def test_closed_interruption_takes_two_changes_away():
    found = one_pixel([3, 21, 3, 15], [3, 3, 3, 15])
    assert found.steps.tolist() == [[1, 2, 6, 2], [1, 2, 6, 2]]
    assert found.kinds.tolist() == [[0, 1, 21, 3], [1, 1, 21, 3]]


def test_filled_gap_is_a_series_and_one_without_class_is_none():
    found = one_pixel([0, 0, 3], [3, 3, 3])
    assert found.whole.tolist() == [1, 2]
    assert found.steps[1].tolist() == [1, 2, 2, 0]
    assert one_pixel([0, 0], [0, 0]).whole.tolist() == [0, 0]


@pytest.mark.parametrize("series", [[[7]], [[7], [7]], [[7], [8]], [[0], [0]], [[3, 4], [4, 4]], [[5] * 4, [5] * 4]])
def test_short_constant_and_empty_series(series):
    found = one_pixel(*series)
    assert len(found.steps) == len(series)
    assert (found.rewrites > 0).any() == (series[0] != series[-1])


def test_rewrites_stop_at_the_largest_number():
    seen = Tally(1, 3, np.ones((1, 1)), (slice(None), slice(None)))
    seen._rewrites[:] = MOST_REWRITES - 1
    seen.see(1, np.full((3, 1), 3, np.uint8), np.full((3, 1), 4, np.uint8), 0)
    assert seen._rewrites.tolist() == [[MOST_REWRITES]]


def test_more_kinds_than_there_was_room_for_at_first():
    random = np.random.default_rng(1)
    stages = [random.integers(0, 256, (3, 40, 50), np.uint8) for _ in range(3)]
    pixel_ha = random.random((40, 50))
    found = watched(stages, pixel_ha, strip=611)
    assert len(found.kinds) > 2 * tally._KINDS
    assert_equal(found, reference(stages, pixel_ha))


@given(
    stages=st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4)).flatmap(
        lambda shape: arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 3, 15, 255]))
    ),
    halo=st.integers(0, 2),
    strip=st.integers(1, 40),
)
def test_kernel_equals_plain_python(stages, halo, strip):
    pixel_ha = np.linspace(0.5, 1.5, stages[0, 0].size).reshape(stages[0, 0].shape)
    assert_equal(watched(list(stages), pixel_ha, halo=halo, strip=strip), reference(list(stages), pixel_ha))


def test_real_chain_tells_each_step_as_if_it_had_run_alone():
    files = sorted(MAPS.glob("*-80-*.tif"))
    if not files:
        pytest.skip(f"the MapBiomas clip is not at {MAPS}")
    maps = np.stack([read(file, Tile("clip", 60, 100, 60, 100)) for file in files])
    legend = load(ROOT / "configs/legends/mapbiomas-brazil.yaml", Legend).value
    chain = Chain.model_validate({"id": "c", "title": "c", "steps": STEPS})
    steps = ready(chain, legend, lambda *place: str(place))
    pixel_ha, core = np.linspace(0.08, 0.09, 1600).reshape(40, 40), (slice(10, 30), slice(5, 40))
    seen, stages = Tally(len(steps), len(maps), pixel_ha, core), [maps]
    filtered, _ = apply_chain(steps, maps, Ground(pixel_ha=pixel_ha), seen)
    for step in steps:
        now = stages[-1].copy()
        run_step(step, now, Ground(pixel_ha=pixel_ha))
        stages.append(now)
    assert (stages[-1] == filtered).all()
    stages = [stage[:, *core] for stage in stages]
    found = seen.finish(stages[0], stages[-1])
    assert_equal(found, reference(stages, pixel_ha[core]))
    assert found.rewrites.max() > 1
