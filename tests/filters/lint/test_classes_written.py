"""What operators say that they write: nothing else is ever seen where it did not stand, on any series or map."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.filters.apply import ready, run_step
from mutirao.filters.chain import Chain
from mutirao.filters.lookup import Lookup
from mutirao.filters.overlay import Overlay
from mutirao.filters.step import Ground, Surroundings
from mutirao.legend import Legend

CODES = (1, 2, 3, 4)
LEGEND = Legend.model_validate(
    {
        "id": "small",
        "version": "1",
        "title": "small",
        "classes": [{"code": code, "name": {"en": f"Class {code}"}, "color": "#000000"} for code in CODES],
        "groups": {"low": [1, 2]},
    }
)
YEARS = (2000, 2001, 2002, 2003)
SIDE = 32
ROWS = (
    {"to": 4, "from": 1, "date": "2000-05-31"},
    {"to": "Class 2", "years": "2001-", "priority": 1, "date": "2001-05-31", "type": "mine"},
)
COLUMNS = ("to", "from", "years", "priority", "date", "type")
OVERLAY = Overlay(np.zeros((SIDE, SIDE), np.uint32), ((), (0,), (1,), (0, 1)), COLUMNS, ROWS)
ABOUT = Surroundings(YEARS, {}, (0.09, 0.09), overlays={"centres:x.geojson": OVERLAY})
SERIES = np.array(list(product((0, *CODES), repeat=len(YEARS))), np.uint8).T

STEPS = [
    ({"filter": "reassign", "map": {"low": 3, 4: "nodata"}}, {0, 3}),
    ({"filter": "persistence", "events": [1], "run": 2, "becomes": 4}, {4}),
    ({"filter": "mode"}, set(range(1, 256))),
    ({"filter": "mode", "classes": ["low"], "writes": "all"}, {1, 2}),
    ({"filter": "frequency", "group": ["low", 3], "total": 0.5, "thresholds": {1: 0.5, 4: 0.1}}, {1, 4}),
    ({"filter": "lead_in", "targets": [3, 4], "lead": ["low"]}, {3, 4}),
    ({"filter": "edits", "file": "x.geojson"}, {2, 4}),
    ({"filter": "events", "file": "x.geojson", "becomes": {"mine": {"class": 3, "years": 2}, "default": 1}}, {1, 3}),
    (
        {"filter": "incidence", "max_pixels": 4, "border_changes": 1, "interior_changes": 2, "ignored": [1]},
        set(range(2, 256)),
    ),
    ({"filter": "changed_patches", "groups": [1, [2, 3]], "min_pixels": 4}, {1, 2, 3}),
    ({"filter": "changed_patches", "groups": [1, 2], "min_pixels": 9, "scan": "descending"}, {1, 2}),
    ({"filter": "shape", "classes": ["low"]}, set(range(1, 256))),
    ({"filter": "enclosure", "classes": ["low"], "by": [3], "max_distance": 3}, {3}),
    ({"filter": "enclosure", "classes": [1], "by": [3, 4], "becomes": 2, "max_distance": 3}, {2}),
    ({"filter": "patches", "min_pixels": 6}, set(range(1, 256))),
    ({"filter": "patches", "min_pixels": 6, "becomes": "mode", "radius": 1}, set(range(1, 256))),
    ({"filter": "patches", "min_pixels": 6, "becomes": "largest", "size_cap": 9}, set(range(1, 256))),
]


def where(*place):
    return ".".join(map(str, place))


def made(keys):
    """Return a step ready to run, and the classes that it says it writes."""
    chain = Chain.model_validate({"id": "c", "title": "c", "steps": [keys]})
    findings = []
    written = chain.steps[0].classes_written(Lookup(LEGEND, where, findings, ABOUT))
    assert not findings
    return ready(chain, LEGEND, where, ABOUT)[0], written


def seen(step, block):
    """Return the classes that a step writes on (year, y, x) where they did not stand."""
    now = np.array(block, order="C")
    members = np.arange(now[0].size).reshape(now.shape[1:]) % 4
    run_step(step, now, Ground({"centres:x.geojson": members}, np.full(now.shape[1:], 0.09)))
    return set(now[now != block].tolist())


@pytest.mark.parametrize(("keys", "expected"), STEPS)
def test_nothing_else_is_written_on_any_series(keys, expected):
    step, written = made(keys)
    assert written == expected
    found = seen(step, np.random.default_rng(0).choice(np.array((0, *CODES), np.uint8), (len(YEARS), SIDE, SIDE)))
    for turn in range(4):
        found |= seen(step, np.repeat(np.roll(SERIES, turn, axis=1)[:, None], 4, axis=1))
    assert found
    assert found <= written


@settings(max_examples=40)
@given(st.sampled_from(STEPS), st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 4]))
def test_nothing_else_is_written_on_any_map(case, seed, grain):
    random = np.random.default_rng(seed)
    block = random.choice(np.array((0, *CODES), np.uint8), (len(YEARS), SIDE // grain, SIDE // grain))
    block = block.repeat(grain, axis=1).repeat(grain, axis=2)
    kept = random.random(block.shape[1:]) < 0.5
    block[1:, kept] = block[0, kept]
    step, written = made(case[0])
    assert seen(step, block) <= written


def test_operators_that_are_followed_by_the_linter_need_not_say():
    assert made({"filter": "gap_fill"})[1] is None
