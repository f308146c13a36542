"""The kernel says what the reference says, on random rules and random pixels."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.collection import Years
from mutirao.integration.compile import compile_rules, integrate
from mutirao.integration.reach import Part, rules_within, values_in
from mutirao.integration.reference import decide
from mutirao.integration.resolve import Case, Outcome, ResolvedRule

MODULES = ("a", "b", "c")
LAYERS = ("biome", "state")
CODES = (1, 2, 3, 255)
BIOMES = (0, 7, 70_000)
STATES = (-5, 0, 2**31 - 1)
MOSAICS = {"ab": ("biome", {7: "a", 70_000: "b"}), "cb": ("state", {2**31 - 1: "c", 0: "b"})}
SOURCES = (*MODULES, *MOSAICS)
YEARS = (2000, 2001, 2002)

codes = st.frozensets(st.sampled_from(CODES), min_size=1, max_size=3)
claim_condition = st.tuples(st.sampled_from(SOURCES), codes)
silence = st.tuples(st.sampled_from(SOURCES), st.sampled_from([{0}, {0, 2}]).map(frozenset))
layer_condition = st.tuples(st.just("biome"), st.sampled_from([{7}, {70_000}, {7, 70_000}]).map(frozenset)) | st.tuples(
    st.just("state"), st.sampled_from([{-5}, {2**31 - 1}, {-5, 2**31 - 1}]).map(frozenset)
)
condition = claim_condition | silence | layer_condition
conditions = st.lists(condition, max_size=2).map(tuple)


any_source = st.sampled_from(SOURCES)


def outcomes(source: str):
    pairs = st.dictionaries(st.sampled_from(CODES), st.sampled_from(CODES), min_size=1, max_size=3)
    return (
        st.sampled_from(CODES).map(lambda code: Outcome(source, constant=code))
        | st.sampled_from(SOURCES).map(Outcome)
        | st.builds(lambda other, table: Outcome(other, tuple(table.items()), listed_only=True), any_source, pairs)
        | pairs.map(lambda table: Outcome(source, table=tuple(table.items())))
        | st.just(Outcome(source, skip=True))
    )


@st.composite
def rule_lists(draw):
    # Rules that never hold come first, so that the others lie in any word of the mask or across two.
    idle = draw(st.sampled_from([0, 60, 130, 520]))
    never = [
        ResolvedRule(n, f"r{n}", (("a", frozenset({200})),), (), None, (), Outcome("a")) for n in range(1, idle + 1)
    ]
    return never + [draw_rule(draw, idle + n) for n in range(1, draw(st.integers(1, 6)) + 1)]


def draw_rule(draw, number: int) -> ResolvedRule:
    claim = draw(claim_condition)
    years = draw(st.none() | st.just(Years(first=2001, last=2002)))
    case = st.builds(Case, st.lists(condition, min_size=1, max_size=2).map(tuple), outcomes(claim[0]))
    cases = tuple(draw(st.lists(case, max_size=2)))
    given = draw(st.just(Outcome(claim[0])) | st.sampled_from(CODES).map(lambda code: Outcome(claim[0], constant=code)))
    return ResolvedRule(number, f"r{number}", (claim,), draw(conditions), years, cases, given)


@settings(max_examples=60)
@given(rule_lists(), st.integers(0, 2**32 - 1), st.sampled_from([0, 9]))
def test_kernel_equals_reference(rules, seed, hole):
    claims, layers = pixels(np.random.default_rng(seed), (4, 5))
    agrees(rules, hole, claims, layers)


@settings(max_examples=30)
@given(rule_lists(), st.integers(0, 2**32 - 1), st.sampled_from([1, 63, 64, 65, 4095, 4096, 4097, 8192, 8300]))
def test_kernel_equals_reference_on_runs_of_any_length_across_strips(rules, seed, width):
    random = np.random.default_rng(seed)
    runs = random.integers(1, random.choice([3, 40, 5000]), size=width)
    index = np.repeat(np.arange(width), runs)[:width]
    claims, layers = pixels(random, (1, width))
    agrees(rules, 0, claims[..., index], layers[..., index])


@settings(max_examples=30)
@given(rule_lists(), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_kernel_equals_reference_where_some_pixels_stay_as_they_were(rules, seed, share):
    random = np.random.default_rng(seed)
    claims, layers = pixels(random, (3, 50))
    for t in (1, 2):
        stays = np.repeat(random.random((3, 10)) < share, 5, axis=1)
        claims[:, t] = np.where(stays, claims[:, t - 1], claims[:, t])
    agrees(rules, 0, claims, layers)


@settings(max_examples=20)
@given(rule_lists(), st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_kernel_equals_reference_where_one_input_varies(rules, seed, varies):
    random = np.random.default_rng(seed)
    claims, layers = pixels(random, (1, 200))
    for number, row in enumerate([*claims, *layers]):
        if number != varies:
            row[...] = row.flat[0]
    agrees(rules, 0, claims, layers)


def pixels(random: np.random.Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return claims and layers of a block."""
    claims = random.choice([0, *CODES], size=(3, 3, *shape)).astype(np.uint8)
    return claims, np.stack([random.choice(values, size=shape) for values in (BIOMES, STATES)]).astype(np.int32)


def agrees(rules: list[ResolvedRule], hole: int, claims: np.ndarray, layers: np.ndarray) -> None:
    """Compare the kernel with the reference at every pixel."""
    got = integrate(compile_rules(rules, MODULES, LAYERS, YEARS, mosaics=MOSAICS, hole=hole), claims, layers)

    @cache
    def expected(year, claimed, placed):
        pixel, place = dict(zip(MODULES, claimed, strict=True)), dict(zip(LAYERS, placed, strict=True))
        return decide(rules, pixel, place, year, mosaics=MOSAICS, hole=hole)

    for t, y, x in np.ndindex(claims.shape[1:]):
        found = (got.classes[t, y, x], got.rule[t, y, x], got.source[t, y, x], got.conflicts[t, y, x])
        assert found == expected(YEARS[t], tuple(claims[:, t, y, x].tolist()), tuple(layers[:, y, x].tolist()))


@pytest.mark.parametrize(("dtype", "value"), [(np.uint8, 200), (np.int16, -300), (np.uint32, 2**32 - 1)])
def test_layer_may_have_any_integer_type_up_to_32_bits(dtype, value):
    condition = (("biome", frozenset({value})),)
    rules = [ResolvedRule(1, "r", (("a", frozenset({1})),), condition, None, (), Outcome("a"))]
    program = compile_rules(rules, ("a",), ("biome",), (2000,))
    got = integrate(program, np.ones((1, 1, 1, 3), np.uint8), np.array([[[0, value, 0]]], dtype))
    assert got.rule.tolist() == [[[0, 1, 0]]]


def test_block_without_layers_and_without_claims_is_one_hole():
    rules = [ResolvedRule(1, "r", (("a", frozenset({1})),), (), None, (), Outcome("a"))]
    program = compile_rules(rules, MODULES, (), YEARS)
    got = integrate(program, np.zeros((3, 3, 2, 2), np.uint8), np.zeros((0, 2, 2), np.uint8))
    assert not got.classes.any()
    assert not got.rule.any()
    assert not got.conflicts.any()


@pytest.mark.parametrize(("number", "dtype"), [(255, np.uint8), (256, np.uint16)])
def test_numbers_of_rules_take_one_byte_while_they_fit(number, dtype):
    rules = [
        ResolvedRule(n, f"r{n}", (("a", frozenset({1 if n == number else 2})),), (), None, (), Outcome("a"))
        for n in range(1, number + 1)
    ]
    claims = np.array([1, 2, 0], np.uint8).reshape(1, 1, 1, 3)
    made = integrate(compile_rules(rules, ("a",), (), (2000,)), claims, np.zeros((0, 1, 3), np.uint8))
    assert made.rule.dtype == dtype
    assert made.rule.tolist() == [[[number, 1, 0]]]


@settings(deadline=None)
@given(
    rules=rule_lists(),
    seed=st.integers(0, 2**32 - 1),
    silent=st.sets(st.sampled_from(MODULES)),
    hole=st.sampled_from([0, 9]),
)
def test_rules_that_cannot_hold_may_be_left_out(rules, seed, silent, hole):
    random = np.random.default_rng(seed)
    claims = random.choice([0, *CODES], size=(len(MODULES), len(YEARS), 3, 4)).astype(np.uint8)
    claims[[MODULES.index(name) for name in silent]] = 0
    layers = np.stack([random.choice(random.choice(values, 2), (3, 4)) for values in (BIOMES, STATES)]).astype(np.int32)
    values = {name: values_in(layer) for name, layer in zip(LAYERS, layers, strict=True)}
    within = rules_within(rules, Part(set(MODULES) - silent, values, MOSAICS))
    whole = integrate(compile_rules(rules, MODULES, LAYERS, YEARS, mosaics=MOSAICS, hole=hole), claims, layers)
    if not within:
        assert not whole.rule.any()
        return
    fewer = integrate(compile_rules(within, MODULES, LAYERS, YEARS, mosaics=MOSAICS, hole=hole), claims, layers)
    for name in ("classes", "rule", "source", "conflicts"):
        np.testing.assert_array_equal(getattr(fewer, name), getattr(whole, name))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int64])
def test_values_in_a_layer(dtype):
    values = {0, 7, 255} if dtype == np.uint8 else {0, 7, 32_767}
    assert values_in(np.array([*values, 7], dtype).reshape(2, 2)) == values
