"""The kernel says what the reference says, on random rules and random pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.collection import Years
from mutirao.integration.compile import compile_rules, integrate
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
    idle = draw(st.sampled_from([0, 60, 130]))
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


@settings(max_examples=60, deadline=None)
@given(rule_lists(), st.integers(0, 2**32 - 1), st.sampled_from([0, 9]))
def test_kernel_equals_reference(rules, seed, hole):
    claims, layers = pixels(np.random.default_rng(seed), (4, 5))
    agrees(rules, hole, claims, layers)


@settings(max_examples=20, deadline=None)
@given(rule_lists(), st.integers(0, 2**32 - 1))
def test_kernel_equals_reference_where_cells_and_years_are_alike(rules, seed):
    random = np.random.default_rng(seed)
    claims, layers = pixels(random, (1, 5))
    claims, layers = claims.repeat(70, axis=3), layers.repeat(70, axis=2)
    claims[:, random.integers(1, 3)] = claims[:, 0]
    agrees(rules, 0, claims, layers)


def pixels(random: np.random.Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return claims and layers of a block."""
    claims = random.choice([0, *CODES], size=(3, 3, *shape)).astype(np.uint8)
    return claims, np.stack([random.choice(values, size=shape) for values in (BIOMES, STATES)]).astype(np.int32)


def agrees(rules: list[ResolvedRule], hole: int, claims: np.ndarray, layers: np.ndarray) -> None:
    """Compare the kernel with the reference at every pixel."""
    got = integrate(compile_rules(rules, MODULES, LAYERS, YEARS, mosaics=MOSAICS, hole=hole), claims, layers)
    for t, y, x in np.ndindex(claims.shape[1:]):
        pixel = dict(zip(MODULES, claims[:, t, y, x].tolist(), strict=True))
        place = dict(zip(LAYERS, layers[:, y, x].tolist(), strict=True))
        expected = decide(rules, pixel, place, YEARS[t], mosaics=MOSAICS, hole=hole)
        found = (got.classes[t, y, x], got.rule[t, y, x], got.source[t, y, x], got.conflicts[t, y, x])
        assert found == expected


def test_block_without_layers_and_without_claims_is_one_hole():
    rules = [ResolvedRule(1, "r", (("a", frozenset({1})),), (), None, (), Outcome("a"))]
    program = compile_rules(rules, MODULES, (), YEARS)
    got = integrate(program, np.zeros((3, 3, 2, 2), np.uint8), np.zeros((0, 2, 2), np.uint8))
    assert not got.classes.any()
    assert not got.rule.any()
    assert not got.conflicts.any()
