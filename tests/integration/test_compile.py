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
LAYERS = ("biome",)
CODES = (1, 2, 3, 255)
BIOMES = (0, 7, 70_000)
YEARS = (2000, 2001, 2002)

codes = st.frozensets(st.sampled_from(CODES), min_size=1, max_size=3)
claim_condition = st.tuples(st.sampled_from(MODULES), codes)
layer_condition = st.tuples(st.just("biome"), st.sampled_from([{7}, {70_000}, {7, 70_000}]).map(frozenset))
conditions = st.lists(claim_condition | layer_condition, max_size=2).map(tuple)


def outcomes(source: str):
    pairs = st.dictionaries(st.sampled_from(CODES), st.sampled_from(CODES), min_size=1, max_size=3)
    return (
        st.sampled_from(CODES).map(lambda code: Outcome(source, constant=code))
        | st.sampled_from(MODULES).map(Outcome)
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
    case = st.builds(
        Case, st.lists(claim_condition | layer_condition, min_size=1, max_size=2).map(tuple), outcomes(claim[0])
    )
    cases = tuple(draw(st.lists(case, max_size=2)))
    return ResolvedRule(number, f"r{number}", (claim,), draw(conditions), years, cases, Outcome(claim[0]))


@settings(max_examples=60, deadline=None)
@given(rule_lists(), st.integers(0, 2**32 - 1))
def test_kernel_equals_reference(rules, seed):
    random = np.random.default_rng(seed)
    claims = random.choice([0, *CODES], size=(3, 3, 4, 5)).astype(np.uint8)
    layers = random.choice(BIOMES, size=(1, 4, 5))
    got = integrate(compile_rules(rules, MODULES, LAYERS, YEARS), claims, layers)
    for t, y, x in np.ndindex(3, 4, 5):
        pixel = dict(zip(MODULES, claims[:, t, y, x].tolist(), strict=True))
        expected = decide(rules, pixel, {"biome": int(layers[0, y, x])}, YEARS[t])
        found = (got.classes[t, y, x], got.rule[t, y, x], got.source[t, y, x], got.conflicts[t, y, x])
        assert found == expected


def test_block_without_layers_and_without_claims_is_one_hole():
    rules = [ResolvedRule(1, "r", (("a", frozenset({1})),), (), None, (), Outcome("a"))]
    program = compile_rules(rules, MODULES, (), YEARS)
    got = integrate(program, np.zeros((3, 3, 2, 2), np.uint8), np.zeros((0, 2, 2), np.uint8))
    assert not got.classes.any()
    assert not got.rule.any()
    assert not got.conflicts.any()
