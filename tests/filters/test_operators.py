"""Series operators: hand-worked series of the networks' practice, and every kernel against its reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutirao.errors import ConfigError
from mutirao.filters import endpoints, frequency, gapfill, isolated, lead_in, pattern, regrowth, window
from mutirao.filters.apply import apply_chain, ready
from mutirao.filters.chain import Chain
from mutirao.filters.pattern import Rewrite
from mutirao.filters.shares import Above, years_needed
from mutirao.filters.step import FREE, Limits
from mutirao.legend import Legend

CODES = (3, 12, 15, 21, 39)
NAMES = {3: "Forest", 12: "Grassland", 15: "Pasture", 21: "Mosaic of uses", 39: "Soybean"}
LEGEND = Legend.model_validate(
    {
        "id": "brazil",
        "version": "1",
        "title": "five classes",
        "classes": [{"code": code, "name": {"en": name}, "color": "#1f8d49"} for code, name in NAMES.items()],
        "groups": {"native": [3, 12], "farming": [15, 21, 39]},
    }
)
series = st.lists(st.sampled_from([0, 3, 12, 15, 21]), min_size=1, max_size=9)
flags = st.booleans()
reads = st.sampled_from(["original", "pass", "running"])


def chain(*steps: dict):
    parsed = Chain.model_validate({"id": "c", "title": "c", "steps": steps})
    return ready(parsed, LEGEND, lambda *place: ".".join(map(str, place)))


def run(values: list[int], **step) -> list[int]:
    block = np.array(values, np.uint8)[:, None, None]
    return apply_chain(chain(step), block)[0][:, 0, 0].tolist()


def refused(**step) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        chain(step)
    return [(finding.code, finding.where) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        # Networks write the first year of a gap and leave the rest to the next shorter window.
        ([3, 15, 15, 3], {"width": 4, "classes": [3]}, [3, 3, 15, 3]),
        ([3, 15, 15, 3], {"width": 4, "classes": [3], "writes": "gap"}, [3, 3, 3, 3]),
        ([3, 15, 21, 15, 3], {"width": 5, "classes": ["native"], "writes": "gap"}, [3, 3, 3, 3, 3]),
        ([3, 15, 3, 15, 3], {"width": 5, "classes": [3], "writes": "gap"}, [3, 15, 3, 15, 3]),
        ([3, 15, 15], {"width": 4, "classes": [3]}, [3, 15, 15]),
    ],
)
def test_window_of_four_and_five_years(values, step, expected):
    assert run(values, filter="window", **step) == expected


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        ([3, 21, 15], {"classes": [21]}, [3, 3, 15]),
        ([3, 21, 21, 15], {"classes": [21]}, [3, 21, 21, 15]),
        ([15, 21, 3], {"classes": [21], "allowed": ["native"]}, [15, 21, 3]),
        # The class that is judged first gives way first: 21 becomes 39, and then 39 stands for two years.
        ([15, 39, 21, 3], {"classes": [21, 39]}, [15, 39, 39, 3]),
        ([15, 39, 21, 3], {"classes": [39, 21]}, [15, 15, 15, 3]),
        ([3, 21, 3, 21, 3], {"classes": [21]}, [3, 3, 3, 3, 3]),
        ([0, 21, 3], {"classes": [21]}, [0, 21, 3]),
        ([21, 3], {"classes": [21]}, [21, 3]),
    ],
)
def test_isolated_year_takes_the_year_before(values, step, expected):
    assert run(values, filter="isolated", **step) == expected


@pytest.mark.parametrize(
    ("values", "rewrites", "options", "expected"),
    [
        ([3, 21, 21, 15], ["3 21 21 15 -> 3 21 15 15"], {}, [3, 21, 15, 15]),
        ([3, 21, 12], ["native farming native -> _ 3 _"], {}, [3, 3, 12]),
        ([3, 15, 3, 15, 3], ["3 * 3 -> _ 3 _"], {"windows": "first"}, [3, 3, 3, 15, 3]),
        ([3, 15, 3, 15, 3], ["3 * 3 -> _ 3 _"], {"windows": "last"}, [3, 15, 3, 3, 3]),
        # Running and ascending, the 3 that was just written is evidence for the next year; originally it is not.
        ([3, 15, 15, 15], ["3 15 -> 3 3"], {"reads": "running"}, [3, 3, 3, 3]),
        ([3, 15, 15, 15], ["3 15 -> 3 3"], {}, [3, 3, 15, 15]),
        ([3, 15, 15, 15], ["3 15 -> 3 3"], {"reads": "running", "scan": "descending"}, [3, 3, 15, 15]),
        ([15, 21], ["15 21 mosaic-of-uses -> _ _ 15"], {}, [15, 21]),
        # Rewrite by rewrite, the forest closes its gap first; year by year, the pasture comes first to its own.
        ([15, 3, 15, 3, 15], ["3 15 3 -> _ 3 _", "15 3 15 -> _ 15 _"], {"reads": "running"}, [15, 3, 3, 3, 15]),
        (
            [15, 3, 15, 3, 15],
            ["3 15 3 -> _ 3 _", "15 3 15 -> _ 15 _"],
            {"reads": "running", "order": "years"},
            [15, 15, 15, 15, 15],
        ),
        # All rewrites of one year judge on what stood there when the year was reached, or on what the first one wrote.
        ([3, 12], ["3 12 -> _ 15", "3 12 -> _ 21"], {"reads": "pass", "order": "years"}, [3, 21]),
        ([3, 12], ["3 12 -> _ 15", "3 12 -> _ 21"], {"reads": "running", "order": "years"}, [3, 15]),
        ([3, 12, 12], ["3 12 -> 3 3"], {"reads": "pass", "order": "years"}, [3, 3, 3]),
        ([3, 12, 12], ["3 12 -> 3 3"], {"order": "years"}, [3, 3, 12]),
        # Windows of different length are tried at the year in which they begin.
        ([3, 15, 15, 3], ["15 15 3 -> 21 _ _", "3 15 -> _ 39"], {"reads": "running", "order": "years"}, [3, 39, 15, 3]),
        ([3, 15, 15, 3], ["15 15 3 -> 21 _ _", "3 15 -> _ 39"], {"reads": "running"}, [3, 21, 15, 3]),
    ],
)
def test_patterns_are_read_as_people_write_them(values, rewrites, options, expected):
    assert run(values, filter="pattern", rewrites=rewrites, **options) == expected


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        ([15, 3, 3, 3], {"first": [3]}, [3, 3, 3, 3]),
        ([3, 3, 3, 15], {}, [3, 3, 3, 3]),
        ([3, 3, 3, 21], {"protected": [21]}, [3, 3, 3, 21]),
        ([3, 12, 3, 15], {}, [3, 12, 3, 15]),
        ([15, 3], {"first": [3]}, [15, 3]),
        # The last year of Pampa, Collection 10.
        ([3, 12, 12, 21], {"last": [21, 15, "Grassland"]}, [3, 12, 12, 12]),
        ([3, 3, 3, 21], {"last": [21, 15, "Grassland"]}, [3, 3, 3, 21]),
        ([0, 0, 3], {}, [0, 0, 0]),
        ([0, 0, 3], {"last": ["native"]}, [0, 0, 3]),
        # Of three years, the first has been corrected when the last is judged.
        ([15, 3, 3], {"first": [3], "last": [15]}, [3, 3, 3]),
        ([15, 15, 3], {"last": []}, [15, 15, 3]),
    ],
)
def test_ends_follow_the_two_years_next_to_them(values, step, expected):
    assert run(values, filter="endpoints", **step) == expected


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        # Nine of ten valid years are native, seven of them forest: native years become forest, the pasture stays.
        ([3] * 7 + [12] * 2 + [15], {}, [3] * 9 + [15]),
        ([3] * 7 + [12] * 2 + [15], {"writes": "all"}, [3] * 10),
        ([3] * 7 + [12] * 2 + [0], {}, [3] * 9 + [0]),
        ([3] * 8 + [15] * 2, {}, [3] * 8 + [15] * 2),
        ([3] * 5 + [12] * 5, {}, [3] * 5 + [12] * 5),
    ],
)
def test_frequency_gives_the_clearest_class(values, step, expected):
    settings = {"group": ["native"], "total": 0.9, "thresholds": {"Forest": 0.7, 12: 0.6}}
    assert run(values, filter="frequency", **settings, **step) == expected


@pytest.mark.parametrize(
    ("values", "step", "expected"),
    [
        ([15, 15, 15, 3, 3], {"run": 3}, [15, 15, 15, 21, 21]),
        ([15, 15, 3, 3, 3], {"run": 3}, [15, 15, 3, 3, 3]),
        # A year that is no use breaks the run.
        ([15, 15, 0, 15, 3], {"run": 3}, [15, 15, 0, 15, 3]),
        ([15, 15, 15, 39, 12], {"run": 2}, [15, 15, 15, 39, 21]),
    ],
)
def test_years_of_use_block_regrowth(values, step, expected):
    settings = {"use": ["farming"], "native": ["native"], "becomes": "mosaic of uses"}
    assert run(values, filter="regrowth", **settings, **step) == expected


@pytest.mark.parametrize(
    ("values", "keep", "expected"),
    [
        # The perennial step of Collection 11: the mosaic that ends in a crop is the crop but for its first year.
        ([3, 21, 21, 21, 39, 21], 1, [3, 21, 39, 39, 39, 21]),
        ([3, 21, 21, 21, 39, 21], 0, [3, 39, 39, 39, 39, 21]),
        ([21, 39], 1, [21, 39]),
        ([21, 3, 39], 0, [21, 3, 39]),
        ([21, 21, 3], 0, [21, 21, 3]),
    ],
)
def test_lead_in_becomes_what_it_leads_to(values, keep, expected):
    assert run(values, filter="lead_in", targets=["Soybean"], lead=[21], keep=keep) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"filter": "pattern", "rewrites": ["3 21 -> 3"]}, [("F103", "steps.0.rewrites.0")]),
        ({"filter": "pattern", "rewrites": ["3 21 3"]}, [("F103", "steps.0.rewrites.0")]),
        ({"filter": "pattern", "rewrites": ["3 -> 3", "3 -> farming"]}, [("F102", "steps.0.rewrites.1")]),
        ({"filter": "pattern", "rewrites": ["3 -> *"]}, [("F104", "steps.0.rewrites.0")]),
        ({"filter": "window", "classes": [3, "forrest"]}, [("F101", "steps.0.classes.1")]),
        (
            {"filter": "frequency", "group": ["nativ"], "total": 1, "thresholds": {"farming": 1}},
            [("F101", "steps.0.group.0"), ("F102", "steps.0.thresholds.farming")],
        ),
    ],
)
def test_mistakes_in_a_chain_are_told_with_their_place(step, expected):
    assert refused(**step) == expected


limits = st.builds(
    Limits,
    years=st.none() | st.frozensets(st.integers(0, 8)),
    protected=st.frozensets(st.sampled_from([0, 3, 12, 15, 21])),
)


def kernel(values: list[int], limits: Limits, function, *arguments) -> list[int]:
    block = np.array(values, np.uint8)[:, None]
    writable = np.array([limits.years is None or t in limits.years for t in range(len(values))])
    function(block, writable, table(limits.protected), *arguments)
    return block[:, 0].tolist()


def table(codes) -> np.ndarray:
    return np.isin(np.arange(256), list(codes))


def order(codes) -> np.ndarray:
    return np.array(codes, np.uint8)


@given(series, limits)
def test_gap_fill_kernel_equals_reference(values, limits):
    assert kernel(values, limits, gapfill.fill_gaps) == gapfill.reference(values, limits)


some_classes = st.lists(st.sampled_from([3, 12, 15]), min_size=1, max_size=4)


@given(series, some_classes, st.sampled_from([3, 4, 5]), flags, reads, flags, limits)
def test_window_kernel_equals_reference(values, classes, width, whole_gap, read, descending, limits):
    options = {"whole_gap": whole_gap, "reads": read, "descending": descending, "limits": limits}
    flags = (whole_gap, read == "original", read == "running", descending)
    made = kernel(values, limits, window.close_windows, order(classes), width, *flags)
    assert made == window.reference(values, classes, width, **options)


alternating = st.lists(st.sampled_from([3, 12]), min_size=3, max_size=9)


@given(alternating, st.permutations([3, 12]), st.sampled_from([3, 4, 5]), flags, reads, flags, limits)
def test_window_kernel_equals_reference_to_and_fro(values, classes, width, whole_gap, read, descending, limits):
    options = {"whole_gap": whole_gap, "reads": read, "descending": descending, "limits": limits}
    flags = (whole_gap, read == "original", read == "running", descending)
    made = kernel(values, limits, window.close_windows, order(classes), width, *flags)
    assert made == window.reference(values, classes, width, **options)


@given(series, some_classes, st.sampled_from([{3}, {12, 15}, {3, 12, 15, 21}]), limits)
def test_isolated_kernel_equals_reference(values, classes, allowed, limits):
    expected = isolated.reference(values, classes, frozenset(allowed), limits)
    assert kernel(values, limits, isolated.remove_isolated, order(classes), table(allowed)) == expected


ends = st.lists(st.sampled_from([3, 12, 15]), max_size=3)


@given(series, ends, flags | ends, limits)
def test_endpoints_kernel_equals_reference(values, first, last, limits):
    expected = endpoints.reference(values, first, last=last, limits=limits)
    assert kernel(values, limits, endpoints.correct_ends, table(first), table(endpoints.listed(last))) == expected


@pytest.mark.parametrize(
    ("values", "least", "expected"),
    [
        # Cerrado, Collection 10: savanna needs more than 40 %, and exactly 40 % are not enough.
        ([3, 3, 12, 12, 12], {3: {"above": 0.4}}, [3, 3, 12, 12, 12]),
        ([3, 3, 12, 12, 12], {3: 0.4}, [3] * 5),
        ([3, 3, 3, 12, 12], {3: {"above": 0.4}}, [3] * 5),
        ([3, 12], {3: {"above": 1}}, [3, 12]),
        ([3] * 7 + [12] * 18, {3: 0.28}, [3] * 25),
        ([3] * 7 + [12] * 18, {3: {"above": 0.28}}, [3] * 7 + [12] * 18),
    ],
)
def test_a_share_is_reached_or_exceeded_exactly(values, least, expected):
    assert run(values, filter="frequency", group=["native"], total=0.9, thresholds=least) == expected


def test_a_strict_threshold_is_told_from_another_one_and_survives_json():
    keys = {"filter": "frequency", "group": ["native"], "total": 0.9}
    strict, plain = ({**keys, "thresholds": {3: 0.7, 12: share}} for share in ({"above": 0.4}, 0.4))
    assert chain(strict)[0].settings != chain(plain)[0].settings
    parsed = Chain.model_validate({"id": "c", "title": "c", "steps": [strict]})
    assert Chain.model_validate_json(parsed.model_dump_json(by_alias=True)) == parsed
    with pytest.raises(ValueError, match="above"):
        Chain.model_validate({"id": "c", "title": "c", "steps": [{**keys, "thresholds": {3: {"above": 2}}}]})


shares = st.sampled_from([0.0, 0.28, 0.3, 0.5, 0.56, 0.6, 0.9, 1.0])
thresholds = shares | shares.map(lambda share: Above(above=share))
longer = st.lists(st.sampled_from([0, 3, 12, 15, 21]), min_size=1, max_size=50)
groups = st.sampled_from([frozenset({3, 12}), frozenset({12, 15}), frozenset({3, 12, 15, 21, 39})])


@given(longer, groups, shares, st.permutations([3, 12, 15]), st.tuples(*[thresholds] * 3), flags, limits)
def test_frequency_kernel_equals_reference(values, group, total, classes, least, whole, limits):
    expected = frequency.reference(
        values, group, total, dict(zip(classes, least, strict=True)), whole=whole, limits=limits
    )
    needed = np.array([years_needed(share) for share in least])
    arguments = (table(group), years_needed(total), order(classes), needed, whole)
    assert kernel(values, limits, frequency.stabilise, *arguments) == expected


@given(series, st.sampled_from([{15}, {15, 21}]), st.integers(1, 4), st.sampled_from([{3}, {3, 12, 15}]), limits)
def test_regrowth_kernel_equals_reference(values, use, years, native, limits):
    for becomes in (0, 21):
        expected = regrowth.reference(values, frozenset(use), years, frozenset(native), becomes, limits)
        arguments = (table(use), years, table(native), becomes)
        assert kernel(values, limits, regrowth.block_regrowth, *arguments) == expected


@given(series, st.sampled_from([{12}, {3, 12}]), st.sampled_from([{15}, {15, 21}]), st.integers(0, 2), limits)
def test_lead_in_kernel_equals_reference(values, targets, lead, keep, limits):
    expected = lead_in.reference(values, frozenset(targets), frozenset(lead), keep, limits)
    assert kernel(values, limits, lead_in.rewrite_lead_in, table(targets), table(lead), keep) == expected


places = st.tuples(
    st.sampled_from([frozenset({3}), frozenset({15, 21}), frozenset(range(256))]),
    st.sampled_from([pattern.KEEP, 3, 15]),
)
rewrites = st.lists(places, min_size=1, max_size=4).map(lambda pairs: Rewrite(*map(tuple, zip(*pairs, strict=True))))
laid = st.sampled_from(["any", "first", "last"])


@given(series, st.lists(rewrites, min_size=1, max_size=3), laid, reads, flags, flags, limits)
def test_pattern_kernel_equals_reference(values, chosen, windows, read, descending, by_years, limits):
    options = {"windows": windows, "reads": read, "descending": descending, "by_years": by_years, "limits": limits}
    expected = pattern.reference(values, chosen, **options)
    flags = (windows == "first", windows == "last", read == "original", read == "running", descending, by_years)
    made = kernel(values, limits, pattern.rewrite_patterns, *pattern.compile_rewrites(chosen), *flags)
    assert made == expected


@given(series, st.integers(1, 70), st.lists(st.integers(1, 70), min_size=1, max_size=4), reads, flags)
def test_patterns_of_more_places_than_a_word_has_bits(values, years, lengths, read, by_years):
    long = (values * years)[:years]
    chosen = [Rewrite((frozenset({3, 12, 15}),) * length, (pattern.KEEP,) * (length - 1) + (21,)) for length in lengths]
    options = (False, False, read == "original", read == "running", False, by_years)
    made = kernel(long, FREE, pattern.rewrite_patterns, *pattern.compile_rewrites(chosen), *options)
    assert made == pattern.reference(long, chosen, reads=read, by_years=by_years)
