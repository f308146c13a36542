"""Strips and chains: what the years of many pixels at once, and several steps in one pass, must not change."""

from __future__ import annotations

import re
import tracemalloc

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.filters import frequency, gapfill, isolated, pattern, strips, window
from mutirao.filters.apply import _STRIP, apply_chain, ready, run_step
from mutirao.filters.chain import Chain
from mutirao.filters.shares import years_needed
from mutirao.filters.step import Ground, Limits, Surroundings
from mutirao.legend import Legend

CODES = (3, 4, 9, 11, 12, 15, 18, 20, 21, 24, 25, 29, 33, 36, 39, 41, 46)
LEGEND = Legend.model_validate(
    {
        "id": "seventeen",
        "version": "1",
        "title": "seventeen classes",
        "classes": [{"code": code, "name": {"en": f"class {code}"}, "color": "#1f8d49"} for code in CODES],
        "groups": {"native": [3, 4, 11, 12], "farming": [15, 18, 20, 21]},
    }
)
REWRITES = ("farming native native -> farming native 15", "3 21 21 15 -> 3 21 15 15", "native * native -> _ 3 _")
THRESHOLDS = {3: 0.7, 12: 0.4}
STEPS = (
    {"filter": "gap_fill"},
    *({"filter": "window", "width": width, "classes": CODES} for width in (5, 4, 3)),
    {"filter": "isolated", "classes": [3, 12, 15]},
    {"filter": "pattern", "rewrites": [REWRITES[1], REWRITES[2]], "reads": "running", "where": {"region": 1}},
    {"filter": "endpoints", "first": [3, 21], "protected": [9], "where": {"region": {"none_of": 2}}},
    {"filter": "frequency", "group": ["native"], "total": 0.8, "thresholds": THRESHOLDS, "years": {"first": 1987}},
)


def steps(*chosen: dict, years: int):
    parsed = Chain.model_validate({"id": "c", "title": "c", "steps": chosen})
    surroundings = Surroundings(years=tuple(range(1985, 1985 + years)), layers={"region": {}})
    return ready(parsed, LEGEND, lambda *place: str(place), surroundings)


def noisy(years: int, pixels: int, seed: int, codes=(0, *CODES)) -> np.ndarray:
    """Return (year, pixel) uint8: constant series, ones that change for a while, missing ones and mere noise."""
    random = np.random.default_rng(seed)
    old, new, third = random.choice(np.array(codes, np.uint8), (3, pixels))
    series = np.repeat(old[np.newaxis], years, axis=0)
    flips = random.random((years, pixels)) < random.choice([0, 0.1, 0.5], pixels)
    series = np.where(flips, new, series)
    series = np.where(random.random((years, pixels)) < random.choice([0, 0.3], pixels), third, series)
    return np.ascontiguousarray(series, np.uint8)


@pytest.mark.parametrize("pixels", [1, 63, 64, 65, 200])
@settings(max_examples=15)
@given(years=st.integers(1, 12), seed=st.integers(0, 999), few=st.booleans(), free=st.booleans())
def test_kernels_equal_references_on_many_pixels(pixels, years, seed, few, free):
    random = np.random.default_rng(seed)
    series = noisy(years, pixels, seed, (0, 3, 12, 15) if few else (0, *CODES))
    limits = Limits() if free else Limits(frozenset(random.choice(years, 5).tolist()), frozenset({15, 18}))
    writable = np.array([limits.years is None or t in limits.years for t in range(years)])
    protected = np.isin(np.arange(256), list(limits.protected))
    order = random.permutation(np.array(CODES, np.uint8))
    group, allowed = frozenset({3, 4, 11, 12}), frozenset(range(1, 256))
    compiled = [pattern.Rewrite((frozenset({code}), allowed, group), (-1, code, -1)) for code in (3, 12, 15)]

    def equal(kernel, reference, *arguments) -> None:
        made = series.copy()
        kernel(made, writable, protected, *arguments)
        assert made.T.tolist() == [reference(one.tolist()) for one in series.T]

    equal(gapfill.fill_gaps, lambda one: gapfill.reference(one, limits))
    for width in (3, 4, 5):
        for reads in ("original", "pass", "running"):
            keys = {"whole_gap": few, "reads": reads, "descending": free, "limits": limits}
            flags = (few, reads == "original", reads == "running", free)
            plain = order.tolist()
            equal(
                window.close_windows,
                lambda one, width=width, plain=plain, keys=keys: window.reference(one, plain, width, **keys),
                order,
                width,
                *flags,
            )
    table = np.isin(np.arange(256), list(allowed))
    equal(isolated.remove_isolated, lambda one: isolated.reference(one, order.tolist(), allowed, limits), order, table)
    arguments = pattern.compile_rewrites(compiled)
    for by_years in (False, True):
        equal(
            pattern.rewrite_patterns,
            lambda one, by=by_years: pattern.reference(one, compiled, reads="running", by_years=by, limits=limits),
            *(*arguments, False, False, False, True, False, by_years),
        )
    needed = np.array([years_needed(share) for share in THRESHOLDS.values()])
    equal(
        frequency.stabilise,
        lambda one: frequency.reference(one, group, 0.8, THRESHOLDS, whole=few, limits=limits),
        np.isin(np.arange(256), list(group)),
        years_needed(0.8),
        np.array(list(THRESHOLDS), np.uint8),
        needed,
        few,
    )


class Seen:
    """Keeps what a watch is shown."""

    def __init__(self) -> None:
        self.shown: dict[int, list[tuple[int, np.ndarray, np.ndarray]]] = {}

    def see(self, number: int, before: np.ndarray, after: np.ndarray, first: int) -> None:
        self.shown.setdefault(number, []).append((first, before.copy(), after.copy()))

    def whole(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        parts = self.shown[number]
        assert [first for first, _, _ in parts] == np.cumsum([0, *(part[1].shape[1] for part in parts)])[:-1].tolist()
        return tuple(np.concatenate([part[side] for part in parts], axis=1) for side in (1, 2))


@pytest.mark.parametrize(("years", "width"), [(12, 300), (2, 301), (1, 150)])
def test_fused_chain_equals_its_steps_one_by_one(years, width):
    shape = (years, 29, width)  # two strips and an odd remainder, or two strips, or not quite two
    assert shape[1] * shape[2] > _STRIP
    assert shape[1] * shape[2] % _STRIP
    classes = noisy(years, 29 * width, 8).reshape(shape)
    region = np.random.default_rng(1).integers(0, 3, shape[1:])
    region[:15] = 1
    chain, ground, seen = steps(*STEPS, years=max(years, 3))[:8], Ground({"region": region}), Seen()
    if years < 3:
        chain = steps(*STEPS[:-1], years=years)
    filtered, touched = apply_chain(chain, classes, ground, seen)
    now, last = classes, np.zeros_like(classes)
    for number, step in enumerate(chain, start=1):
        after = now.copy()
        run_step(step, after, ground)
        alone, marks = apply_chain([step], now, ground)
        assert (alone == after).all()
        assert (marks == (after != now)).all()
        outside = ~step.scope.mask({"region": region}, region.shape)
        assert (after == now)[:, outside].all()
        before_seen, after_seen = seen.whole(number)
        assert (before_seen == now.reshape(years, -1)).all()
        assert (after_seen == after.reshape(years, -1)).all()
        last[after != now] = number
        now = after
    assert (filtered == now).all()
    assert (touched == last).all()
    assert years < 3 or set(np.unique(touched)) == set(range(9))


def test_series_and_map_steps_take_turns():
    classes = noisy(5, 64 * 70, 3).reshape(5, 64, 70)
    chain = steps(STEPS[3], {"filter": "patches", "min_pixels": 4}, STEPS[0], years=5)
    kept, seen = classes.copy(), Seen()
    filtered, touched = apply_chain(chain, classes, None, seen)
    now, last = classes.copy(), np.zeros_like(classes)
    for number, step in enumerate(chain, start=1):
        before = now.copy()
        run_step(step, now, Ground())
        last[now != before] = number
        assert (seen.whole(number)[1] == now.reshape(5, -1)).all()
    assert (filtered == now).all()
    assert (touched == last).all()
    assert (classes == kept).all()
    assert set(np.unique(touched)) == {0, 1, 2, 3}


def test_results_go_where_they_are_wanted_and_little_else_is_held():
    classes = noisy(20, 300 * 300, 5).reshape(20, 300, 300)
    chain = steps(*STEPS[:5], years=20)
    expected, marks = apply_chain(chain, classes)
    out, touched = np.empty_like(classes), np.full_like(classes, 99)
    tracemalloc.start()
    apply_chain(chain, classes, out=out, touched=touched)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (out == expected).all()
    assert (touched == marks).all()
    assert held < 6 * _STRIP * len(classes)
    apply_chain(chain, classes, out=classes)
    assert (classes == expected).all()


@pytest.mark.parametrize("width", [3, 4, 5])
@pytest.mark.parametrize("reads", ["original", "pass", "running"])
def test_windows_on_a_wide_block_equal_those_on_narrow_ones(width, reads):
    wide = noisy(9, 2 * window._ABREAST + 77, 4)
    (step,) = steps({"filter": "window", "width": width, "classes": CODES, "reads": reads, "writes": "gap"}, years=9)
    narrow = [wide[:, start : start + 50].copy() for start in range(0, wide.shape[1], 50)]
    before = wide.copy()
    for block in (wide, *narrow):
        run_step(step, block[:, None], Ground())
    assert (wide == np.concatenate(narrow, axis=1)).all()
    assert (wide != before).any(axis=0).sum() > 2 * window._GATHERED


def test_a_chain_without_steps_changes_nothing():
    classes = noisy(3, 40, 1).reshape(3, 5, 8)
    filtered, touched = apply_chain((), classes)
    assert (filtered == classes).all()
    assert not touched.any()
    assert filtered is not classes


ROW = numba.types.Array(numba.uint8, 1, "C")
BLOCK = numba.types.Array(numba.uint8, 2, "C")
COUNTS = numba.types.Array(numba.int16, 1, "C")


@pytest.mark.parametrize(
    ("kernel", "signature"),
    [
        (strips.find_changing, (BLOCK,)),
        (strips.holds, (ROW, numba.uint8)),
        (strips.count_class, (BLOCK, numba.uint8, COUNTS)),
        (strips._differ, (ROW, ROW, numba.int64, numba.int64)),
        (window._any_single_year, (ROW, ROW, ROW, numba.int64)),
        (window._any_gap, (ROW, ROW, ROW, ROW, ROW, numba.int64)),
        (isolated._find_isolated, (BLOCK,)),
    ],
)
def test_loops_over_pixels_vectorise(kernel, signature):
    compiled = numba.njit(nogil=True)(kernel.py_func)
    compiled.compile(signature)
    assert re.search(r"icmp \w+ <(16|32|64) x i8>", compiled.inspect_llvm(compiled.signatures[0]))
