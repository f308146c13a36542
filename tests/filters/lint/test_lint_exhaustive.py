"""The linter of chains against every series there is: nothing missed, nothing invented, every witness true."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.filters.apply import apply_chain, ready
from mutirao.filters.chain import Chain
from mutirao.filters.lint import lint
from mutirao.filters.lint.finding import ChainScope
from mutirao.filters.step import Ground, Surroundings
from mutirao.legend import Legend

CODES = (1, 2, 3)
LEGEND = Legend.model_validate(
    {
        "id": "small",
        "version": "1",
        "title": "small",
        "classes": [{"code": code, "name": {"en": f"Class {code}"}, "color": "#000000"} for code in CODES],
        "groups": {"low": [1, 2]},
    }
)
YEARS = (2000, 2001, 2002, 2003, 2004)
LAYERS = {"biome": {"wet": 1, "dry": 2}}
SCOPE = ChainScope(LEGEND, Surroundings(YEARS, LAYERS), frozenset((0, *CODES)))
SERIES = np.array(list(product((0, *CODES), repeat=len(YEARS))), np.uint8).T
USELESS = {"F201", "F202", "F203", "F204", "F205", "F206"}
LISTS = ("last", "first", "classes", "rewrites")

read = st.sampled_from(["1", "2", "3", "low", "*"])
written = st.sampled_from(["1", "2", "3", "_", "_"])
rewrites = st.integers(1, 3).flatmap(
    lambda n: st.tuples(*[st.tuples(read, written)] * n).map(
        lambda pairs: f"{' '.join(a for a, _ in pairs)} -> {' '.join(b for _, b in pairs)}"
    )
)
common = {
    "years": st.none() | st.sampled_from([{"first": 2001}, {"last": 2001}, {"first": 2002, "last": 2003}]),
    "protected": st.lists(st.sampled_from([1, 3]), max_size=1),
    "where": st.just({}) | st.sampled_from([{"biome": "wet"}, {"biome": ["wet", "dry"]}, {"biome": {"none_of": 1}}]),
}
reading = {
    "reads": st.sampled_from(["original", "pass", "running"]),
    "scan": st.sampled_from(["ascending", "descending"]),
}
listed = st.lists(st.sampled_from([1, 2, 3, "low"]), min_size=1, max_size=3)


def step(name, **keys):
    return st.fixed_dictionaries({"filter": st.just(name), **keys, **common})


patterns = step(
    "pattern",
    rewrites=st.lists(rewrites, min_size=1, max_size=3),
    windows=st.sampled_from(["any", "any", "first", "last"]),
    order=st.sampled_from(["rewrites", "years"]),
    **reading,
)
followed = st.one_of(
    patterns,
    patterns,
    step("window", width=st.sampled_from([3, 4]), classes=listed, writes=st.sampled_from(["first", "gap"]), **reading),
    step("isolated", classes=listed, allowed=st.lists(st.sampled_from([1, 2, 3]), max_size=2)),
    step("endpoints", first=listed, last=st.just(False) | listed),
    step("gap_fill"),
    step(
        "regrowth",
        use=st.just([1]) | st.just([1, 2]),
        run=st.integers(1, 3),
        native=st.just([3]) | st.just([2]),
        becomes=st.sampled_from([1, "before"]),
    ),
)
unknown = st.one_of(
    step("endpoints", first=listed, last=st.just(True)),
    step("lead_in", targets=st.just([3]), lead=st.just([1])),
    step("mode", classes=st.just([1, 2]), inside=st.booleans()),
    step("reassign", map=st.sampled_from([{1: 2}, {"low": 3, 3: "nodata"}])),
    step("persistence", events=st.just([1]), run=st.integers(1, 3), becomes=st.sampled_from([2, 3])),
    step("changed_patches", groups=st.just([1, [2, 3]]), min_pixels=st.integers(2, 9)),
    step("enclosure", classes=st.just([1]), by=st.just([3]), max_distance=st.integers(1, 3)),
    step("incidence", max_pixels=st.just(2), border_changes=st.just(1), ignored=st.sampled_from([[], [1]])),
    step("patches", min_pixels=st.integers(2, 9)),
    step("frequency", group=st.just(["low"]), total=st.just(0.5), thresholds=st.just({1: 0.5})),
)


def where(*place):
    return ".".join(map(str, place))


def run(steps, series=SERIES):
    """Return what a chain makes of every series in the two named biomes and in a third one."""
    if not steps:
        return np.stack([series] * 3, axis=1)
    chain = Chain.model_validate({"id": "small", "title": "small", "steps": steps})
    block = np.stack([series] * 3, axis=1)
    biome = np.repeat([[1], [2], [9]], series.shape[1], axis=1)
    return apply_chain(ready(chain, LEGEND, where, SCOPE.surroundings), block, Ground({"biome": biome}))[0]


def told(steps):
    return lint(Chain.model_validate({"id": "small", "title": "small", "steps": steps}), SCOPE, where)


def lists(step):
    """Return the lists of a step whose values are parts, the last first."""
    return [key for key in LISTS if isinstance(step.get(key), list)]


def places(steps):
    """Yield every part of every step from the last to the first, as the linter names its place."""
    for number in reversed(range(len(steps))):
        for key in lists(steps[number]) or [None]:
            for i in reversed(range(len(steps[number][key]) if key else 1)):
                yield (number, key, i)


def without(steps, taken):
    """Return a chain without some parts."""
    left = []
    for number, one in enumerate(steps):
        kept = {key: [value for i, value in enumerate(one[key]) if (number, key, i) not in taken] for key in lists(one)}
        if any(kept.values()) or one.get("last") is True or (not kept and (number, None, 0) not in taken):
            left.append({**one, **kept})
    return left


def useless(findings):
    found = set()
    for finding in findings:
        if finding.code in USELESS:
            _, number, *inner = finding.where.split(".")
            found.add((int(number), inner[0], int(inner[1])) if inner else (int(number), None, 0))
    return found


@settings(max_examples=150)
@given(st.lists(followed, min_size=1, max_size=3))
def test_a_part_is_called_useless_exactly_if_every_series_stays_the_same_without_it(steps):
    findings = told(steps)
    expected, taken = run(steps), set()
    for place in places(steps):
        changed = run(without(steps, {*taken, place}))[:, :2] != expected[:, :2]
        anywhere = run(without(steps, {*taken, place})) != expected
        if not anywhere.any():
            taken.add(place)
        elif not changed.any() and steps[place[0]]["where"] != {"biome": {"none_of": 1}}:
            assert "F208" in {finding.code for finding in findings if finding.step == place[0] + 1}
    assert useless(findings) == taken
    assert "F211" not in {finding.code for finding in findings}


@settings(max_examples=60)
@given(st.lists(followed | unknown, min_size=1, max_size=4))
def test_nothing_is_called_useless_that_is_not_whatever_else_is_in_the_chain(steps):
    assert (run(without(steps, useless(told(steps)))) == run(steps)).all()


@settings(max_examples=80)
@given(st.lists(followed, min_size=1, max_size=2))
def test_a_step_is_told_to_repeat_exactly_if_a_second_run_changes_a_series(steps):
    one = [{**step, "where": {}} for step in steps]
    findings = told(one)
    for number in range(len(one)):
        again = run([*one[: number + 1], one[number]]) != run(one[: number + 1])
        assert again.any() == any(f.code == "F209" and f.step == number + 1 for f in findings)


@settings(max_examples=80)
@given(st.lists(followed, min_size=1, max_size=3))
def test_witnesses_are_series_as_the_chain_makes_them(steps):
    for finding in told(steps):
        if finding.witness:
            rows = dict(finding.witness.stages)
            assert finding.witness.years == YEARS
            if finding.code == "F209":
                assert rows["once"] != rows["twice"]
            if finding.code == "F206":
                assert rows["before it"] != rows["after it"]
            if finding.code == "F204":
                assert rows["before that"] != rows["after that"]


@pytest.mark.parametrize("width", [3, 4, 5])
def test_wide_windows_are_followed(width):
    findings = told([{"filter": "window", "width": width, "classes": [1, 1]}])
    assert {finding.code for finding in findings} >= {"F207", "F204"}
