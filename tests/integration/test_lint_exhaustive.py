"""The linter against the whole universe of small rule sets: nothing missed, nothing invented, every witness true."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.integration.lint import lint
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.reference import decide
from mutirao.integration.resolve import Vocabulary, hole_class, resolve
from mutirao.integration.rulefinding import Scope
from mutirao.legend import Legend

LEGEND = Legend.model_validate(
    {
        "id": "small",
        "version": "1",
        "title": "small",
        "classes": [{"code": code, "name": {"en": f"Class {code}"}, "color": "#000000"} for code in (1, 2, 3)],
        "groups": {"low": [1, 2]},
    }
)
CLAIMS = {"a": frozenset({1, 2}), "b": frozenset({1, 3}), "c": frozenset({2})}
MOSAICS = {"m": ("biome", {5: "a", 6: "b"})}
VOCABULARY = Vocabulary(LEGEND, ("a", "b", "c"), {"biome": {"five": 5, "six": 6}, "flag": {}}, MOSAICS)
YEARS = (2000, 2001)
SCOPE = Scope(VOCABULARY, CLAIMS, YEARS)
ELSE = 99
LAYERS = {"biome": (ELSE, 5, 6), "flag": (ELSE, 1)}
PIXELS = [
    (dict(zip("abc", claims, strict=True)), {"biome": biome, "flag": flag}, year)
    for claims in product((0, 1, 2), (0, 1, 3), (0, 2))
    for biome, flag, year in product(LAYERS["biome"], LAYERS["flag"], YEARS)
]

classes = st.lists(st.sampled_from([1, 2, 3, "low"]), min_size=1, max_size=3, unique=True)
claimed = st.tuples(st.sampled_from("abcm"), classes)
asked = st.one_of(
    st.tuples(
        st.sampled_from("abcm"), st.lists(st.sampled_from([0, 1, 2, 3, "low"]), min_size=1, max_size=2, unique=True)
    ),
    st.tuples(
        st.just("biome"),
        st.lists(st.sampled_from([5, 6, "five"]), min_size=1, max_size=2, unique_by=lambda value: value in (5, "five")),
    ),
    st.tuples(st.just("flag"), st.just([1])),
)
maps = st.dictionaries(st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]), min_size=1, max_size=2)
assigns = st.one_of(
    st.just("skip"),
    st.sampled_from([1, 2, 3]),
    st.sampled_from("abcm").map(lambda source: {"from": source}),
    maps.map(lambda pairs: {"map": pairs}),
    st.tuples(st.sampled_from("abcm"), maps).map(lambda found: {"from": found[0], "map": found[1]}),
)
spans = st.none() | st.sampled_from([{"first": y, "last": z} for y, z in ((2000, 2000), (2001, 2005), (1990, 2001))])
cases = st.builds(
    lambda when, assign: {"when": dict(when), "assign": assign}, st.lists(asked, min_size=1, max_size=2), assigns
)
rules = st.builds(
    lambda claim, where, years, unless, assign: {
        "claim": dict([claim]),
        "where": dict(where),
        "years": years,
        "unless": unless,
        "assign": assign,
        "why": "test",
    },
    claimed,
    st.lists(asked, max_size=1),
    spans,
    st.lists(cases, max_size=3),
    st.none() | st.just(2) | maps.map(lambda pairs: {"map": pairs}),
)
rule_sets = st.builds(
    lambda found, holes: {
        "id": "small",
        "title": "small",
        "holes": holes,
        "rules": [{"id": f"r{i}", **rule} for i, rule in enumerate(found)],
    },
    st.lists(rules, min_size=1, max_size=5),
    st.sampled_from(["report", "refuse", {"assign": 3}]),
)


def where(*place):
    return ".".join(map(str, place))


class Small:
    """A rule set, and its decision at every pixel there is."""

    def __init__(self, tree, pixels=PIXELS):
        self.tree = tree
        self.rule_set = RuleSet.model_validate(tree)
        self.rules = resolve(self.rule_set, VOCABULARY, where)
        self.hole = hole_class(self.rule_set, VOCABULARY, where)
        self.decisions = [decided(self.rules, pixel, self.hole) for pixel in pixels]

    @property
    def codes(self):
        return [decision.code for decision in self.decisions]

    def without(self, *path):
        """Return the classes if one part of the tree is taken out; the file may then hold no rule at all."""
        tree = cut(self.tree, path)
        return Small(tree).codes if tree["rules"] else [self.hole] * len(PIXELS)


def decided(rules, pixel, hole=0):
    return decide(rules, *pixel, mosaics=MOSAICS, hole=hole)


def cut(tree, path):
    if len(path) == 1:
        return (
            {k: v for k, v in tree.items() if k != path[0]}
            if isinstance(tree, dict)
            else ([v for i, v in enumerate(tree) if i != path[0]])
        )
    if isinstance(tree, dict):
        return {k: cut(v, path[1:]) if k == path[0] else v for k, v in tree.items()}
    return [cut(v, path[1:]) if i == path[0] else v for i, v in enumerate(tree)]


def alone(rule, pixel):
    """Whether a rule's own conditions hold."""
    return decided([replace(rule, cases=())], pixel).rule != 0


def marked(small, number, branch, *, only=False):
    """Rules up to one whose exception gives class 250, so that it shows where the exception is reached."""
    rule = small.rules[number]
    mark = replace(rule.cases[branch], outcome=replace(rule.cases[branch].outcome, constant=250, skip=False))
    if only:
        return [replace(rule, cases=(mark,))]
    return [*small.rules[:number], replace(rule, cases=(*rule.cases[:branch], mark))]


def reached(small, number, branch, pixel):
    return decided(marked(small, number, branch), pixel).code == 250


def claimable(source):
    return CLAIMS["a"] | CLAIMS["b"] if source == "m" else CLAIMS[source]


def stands_for(name, reference):
    if name == "biome":
        return {5 if reference == "five" else reference}
    return {reference} if isinstance(reference, int) else set(LEGEND.resolve(reference))


def entries(conditions, path):
    """Places of entries whose loss leaves something in the list, if the source may claim any of it."""
    for name, references in conditions.items():
        for i, reference in enumerate(references):
            is_claim = name in CLAIMS or name == "m"
            if len(references) > 1 and not (is_claim and not stands_for(name, reference) & (claimable(name) | {0})):
                yield (*path, name, i)


def expected(small):
    """Yield code and place of everything that is wrong, by trying."""
    deciders = {decision.rule for decision in small.decisions}
    for n, (rule, tree) in enumerate(zip(small.rules, small.tree["rules"], strict=True)):
        yield from same_support(small, n)
        if rule.number not in deciders:
            yield "I201", ("rules", n)
            continue
        if small.without("rules", n) == small.codes:
            yield "I205", ("rules", n)
        else:
            parts = [*entries(tree["claim"], ("rules", n, "claim")), *entries(tree["where"], ("rules", n, "where"))]
            yield from (("I204", place) for place in parts if removable(small, place))
        for i, case in enumerate(tree["unless"]):
            place = ("rules", n, "unless", i)
            if not any(reached(small, n, i, pixel) for pixel in PIXELS):
                yield "I202", place
            elif small.without(*place) == small.codes:
                yield "I203", place
            else:
                yield from (("I204", e) for e in entries(case["when"], (*place, "when")) if removable(small, e))


def removable(small, place):
    return small.without(*place) == small.codes


def same_support(small, n):
    mine = [alone(small.rules[n], pixel) for pixel in PIXELS]
    if any(mine) and any([alone(other, p) for p in PIXELS] == mine for other in small.rules[:n]):
        yield "I212", ("rules", n)


def expected_holes(small):
    """Yield code, module and class of claims to blame for a hole."""
    spoken = {name for rule in small.rules for name, _ in (*rule.claim, *rule.where)}
    spoken |= {name for rule in small.rules for case in rule.cases for name, _ in case.when}
    spoken |= {case.outcome.source for rule in small.rules for case in rule.cases}
    for module in CLAIMS:
        part = {"a": 5, "b": 6}.get(module)
        local = "m" in spoken and module not in spoken and part is not None
        for code in sorted(CLAIMS[module]):
            blamed = [
                pixel
                for pixel, decision in zip(PIXELS, small.decisions, strict=True)
                if decision.rule == 0 and pixel[0][module] == code and (not local or pixel[1]["biome"] == part)
                if is_to_blame(small, pixel, module)
            ]
            if blamed:
                yield "I206" if any(pixel[1]["biome"] != ELSE for pixel in blamed) else "I214", module, code


def is_to_blame(small, pixel, module):
    claims, layers, year = pixel
    others = [code for other, code in claims.items() if other != module]
    return not any(others) or decided(small.rules, ({**claims, module: 0}, layers, year)).rule != 0


def pixel_of(witness):
    return dict(witness.claims), {k: ELSE if v is None else v for k, v in witness.layers.items()}, witness.year


def is_true(small, finding):
    """Whether the witness shows what the finding says."""
    pixel = pixel_of(finding.witness)
    decision = decided(small.rules, pixel, small.hole)
    path = finding.where.split(".")
    number = int(path[1]) if len(path) > 1 else -1
    match finding.code:
        case "I201":
            return alone(small.rules[number], pixel) and decision.rule != number + 1
        case "I202":
            mark = marked(small, number, int(path[3]), only=True)
            return decided(mark, pixel).code == 250 and not reached(small, number, int(path[3]), pixel)
        case "I203":
            return reached(small, number, int(path[3]), pixel) and finding.witness.shows == either_way(decision)
        case "I205":
            return decision.rule == number + 1 and finding.witness.shows == either_way(decision)
        case "I204":
            return alone(small.rules[number], pixel)
        case "I212":
            return alone(small.rules[number], pixel)
        case "I206" | "I214":
            return all(decided(small.rules, other).rule == 0 for other in like(finding.witness))
    return False


def either_way(decision):
    return f"{f'{decision.code} Class {decision.code}' if decision.code else 'no class'} either way"


def like(witness):
    """All pixels that agree with a witness in what matters."""
    mine = pixel_of(witness)
    for claims, layers, year in PIXELS:
        same = [mine[1][k] == v for k, v in layers.items() if k in witness.matters]
        if claims == mine[0] and all(same) and ("year" not in witness.matters or year == mine[2]):
            yield claims, layers, year


DECLARED = {"I209", "I210", "I211"}


@settings(max_examples=150)
@given(rule_sets)
def test_everything_is_found_and_nothing_invented(tree):
    small = Small(tree)
    found = [f for f in lint(small.rule_set, SCOPE, where) if f.code not in DECLARED]
    about_rules = {(f.code, f.where) for f in found if f.where != "rules"}
    assert about_rules == {(code, where(*place)) for code, place in expected(small)}
    claims = [
        (f.code, *f.message.split(" claims ")[:1], int(f.message.split(" claims ")[1][0]))
        for f in found
        if f.where == "rules"
    ]
    assert claims == list(expected_holes(small))
    for finding in found:
        if finding.witness is not None:
            assert is_true(small, finding), finding
        elif finding.code == "I201":
            assert not any(alone(small.rules[int(finding.where.split(".")[1])], pixel) for pixel in PIXELS)
        else:
            assert finding.code in ("I202", "I204")


@settings(max_examples=100)
@given(rule_sets)
def test_named_rules_hide_a_dead_rule_and_each_is_needed(tree):
    small = Small(tree)
    for finding in lint(small.rule_set, SCOPE, where):
        if finding.code == "I201" and "first everywhere" in finding.message:
            number = int(finding.where.split(".")[1])
            named = [rule for rule in small.rules[:number] if f"'{rule.id}'" in finding.message]
            assert not fires([*named, small.rules[number]])
            assert all(fires([*(r for r in named if r != left), small.rules[number]]) for left in named)


def fires(rules):
    return any(decided(rules, pixel).rule == rules[-1].number for pixel in PIXELS)
