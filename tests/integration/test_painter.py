"""Rules say what the networks' scripts do: a painter's loop of its own, over arrays, against the meaning of the rules.

The scripts paint the rule of the lowest priority first, so that the first one ends on top. An exception paints over its
rule, where the rule holds; the multiclass kind repaints by a table of codes, everywhere if the rule has no mask; a
second exception paints wherever its own layers hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.collection import Mosaic
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.reference import Decision, decide
from mutirao.integration.resolve import ResolvedRule, Vocabulary, link_mosaics, resolve, vocabulary_of
from mutirao.legend import Legend
from mutirao.project import Project

PROJECT = Project(Path(__file__).resolve().parents[2], Path("unused"))
AMAZONIA, MATA_ATLANTICA, PANTANAL, CERRADO, CAATINGA, PAMPA = 1, 2, 3, 4, 5, 6
Images = Mapping[str, np.ndarray]
Layers = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Paint:
    """One rule of a script, in the script's own terms."""

    source: str
    class_in: int
    class_out: int
    mask: Layers = field(default_factory=dict)
    layers: Layers = field(default_factory=dict)
    """Exception with several layers, all of which must hold; none if empty."""
    layers_out: int | str = 0
    """What it paints: a class, or another image."""
    multiclass: tuple[str, dict[int, int]] | None = None
    """Exception that repaints an image by a table."""
    second: Layers = field(default_factory=dict)
    """Second exception, not masked by the rule."""
    second_out: int = 0

    def paint(self, out: np.ndarray, images: Images) -> None:
        """Paint classes (n,) uint8 in place."""
        mine = (images[self.source] == self.class_in) & _all_hold(self.mask, images)
        out[mine] = self.class_out
        if self.layers:
            image = images[self.layers_out] if isinstance(self.layers_out, str) else np.full_like(out, self.layers_out)
            here = mine & _all_hold(self.layers, images) & (image != 0)  # an image without a value paints nothing
            out[here] = image[here]
        if self.multiclass:
            layer, table = self.multiclass
            painted = np.array([table.get(code, 0) for code in range(256)], np.uint8)[images[layer]]
            painted[~mine & bool(self.mask)] = 0
            out[painted > 0] = painted[painted > 0]
        if self.second:
            out[_all_hold(self.second, images)] = self.second_out


def _all_hold(layers: Layers, images: Images) -> np.ndarray:
    held = [np.isin(images[name], values) for name, values in layers.items()]
    return np.logical_and.reduce(held) if held else np.array(True)


def paint(script: Sequence[Paint], images: Images) -> np.ndarray:
    """Run a script, the lowest priority first."""
    out = np.zeros(len(next(iter(images.values()))), np.uint8)
    for rule in reversed(script):
        rule.paint(out, images)
    return out


def decisions(rules: Sequence[ResolvedRule], vocabulary: Vocabulary, images: Images) -> list[Decision]:
    """Decide every pixel by the meaning of the rules."""
    columns = {name: image.tolist() for name, image in images.items()}
    return [
        decide(
            rules,
            {module: columns[module][p] for module in vocabulary.modules},
            {layer: columns[layer][p] for layer in vocabulary.layers},
            2019,
            mosaics=vocabulary.mosaics,
        )
        for p in range(len(next(iter(images.values()))))
    ]


def shipped(name: str) -> tuple[RuleSet, tuple[ResolvedRule, ...], Vocabulary]:
    """Return a rule set of the project."""
    source = PROJECT.rules(name)
    legend = PROJECT.legend(source.value.vocabulary.legend).value
    vocabulary = vocabulary_of(source.value, legend, source.at)
    return source.value, resolve(source.value, vocabulary, source.at), vocabulary


def random_images(
    rule_set: RuleSet, layers: Mapping[str, Sequence[int]], pixels: int = 20_000
) -> dict[str, np.ndarray]:
    """Draw claims, each module silent in two pixels of three, and layers."""
    rng = np.random.default_rng(5)
    images = {name: rng.choice(values, pixels).astype(np.int64) for name, values in layers.items()}
    for module, classes in rule_set.vocabulary.sources.items():
        claims = rng.choice(np.array(classes, np.uint8), pixels)
        images[module] = np.where(rng.random(pixels) < 1 / 3, claims, 0).astype(np.uint8)
    return images


def pasture_in(*biomes: int, **more: tuple[int, ...]) -> dict[str, Any]:
    return {"layers": {"biome": biomes, "pasture": (15,), **more}, "layers_out": 15}


BRAZIL = [
    Paint("mining", 30, 30),
    Paint("coast", 23, 23),
    Paint("bio", 23, 23),
    Paint("coast", 5, 5),
    Paint("coast", 31, 31),
    Paint("coast", 32, 32),
    Paint("urban", 24, 24),
    Paint("planted_forest", 9, 9),
    Paint("bio", 9, 9),
    Paint("agriculture", 20, 20),
    Paint("agriculture", 39, 39),
    Paint("agriculture", 41, 41),
    Paint("agriculture", 36, 36),
    Paint("agriculture", 19, 19),
    Paint("bio", 19, 41, **pasture_in(AMAZONIA)),
    Paint("bio", 29, 29),
    Paint("bio", 25, 25),
    Paint("bio", 22, 25, **pasture_in(AMAZONIA, CAATINGA, CERRADO, MATA_ATLANTICA, PANTANAL)),
    Paint("bio", 33, 33),
    Paint("bio", 3, 3, **pasture_in(AMAZONIA, CERRADO)),
    Paint("bio", 4, 4, **pasture_in(AMAZONIA, CERRADO, MATA_ATLANTICA)),
    Paint("bio", 11, 11),
    Paint("bio", 12, 12, **pasture_in(CERRADO, protected_area=(0,))),
    Paint("bio", 13, 13, **pasture_in(MATA_ATLANTICA)),
    Paint("pasture", 15, 15, layers={"biome": (PAMPA,), "bio": (0, 15, 21)}, layers_out=41),
    Paint("bio", 15, 15),
    Paint("bio", 21, 21, layers={"biome": (PAMPA,)}, layers_out=41),
    Paint("bio", 19, 41),
]
"""Collection 5, in the order in which it was published; 'bio' are the biomes' maps, each masked by its biome."""


def test_brazil_decides_as_its_script_paints():
    rule_set, rules, vocabulary = shipped("mapbiomas-brazil-c5")
    images = random_images(rule_set, {"biome": range(1, 7), "protected_area": (0, 1)})
    biomes = {AMAZONIA: "amazonia", MATA_ATLANTICA: "mata_atlantica", PANTANAL: "pantanal"}
    biomes |= {CERRADO: "cerrado", CAATINGA: "caatinga", PAMPA: "pampa"}
    images["bio"] = np.select([images["biome"] == b for b in biomes], [images[name] for name in biomes.values()])
    painted = paint(BRAZIL, images)
    assert [decision.code for decision in decisions(rules, vocabulary, images)] == painted.tolist()
    assert set(painted.tolist()) == {0, *(rule.class_out for rule in BRAZIL)}


PERU = [
    Paint("urban", 24, 24, second={"mosaic_region": (703,), "agriculture": (9,)}, second_out=9),
    Paint("general", 33, 33),
    Paint("water", 33, 33),
    Paint("mining", 30, 30),
    Paint("general", 11, 11, second={"classification_region": (70208,), "agriculture": (21,)}, second_out=21),
    Paint("wetland", 11, 11),
    Paint("agriculture", 18, 18),
    Paint("agriculture", 15, 15),
    Paint("general", 21, 21),
    Paint("agriculture", 21, 21),
    Paint("glacier", 34, 34),
    Paint("general", 25, 25),
    Paint("general", 12, 12),
    Paint("general", 13, 13),
    Paint("general", 6, 6),
    Paint("flooded_forest", 6, 6),
    Paint("general", 4, 4),
    Paint("general", 3, 3),
]
"""Collection 4, Amazonia, version 06."""


def test_peru_decides_as_its_script_paints():
    rule_set, rules, vocabulary = shipped("peru-amazonia-v06")
    regions = {"mosaic_region": (701, 703), "classification_region": (70208, 70301)}
    images = random_images(rule_set, regions)
    painted = paint(PERU, images)
    assert [decision.code for decision in decisions(rules, vocabulary, images)] == painted.tolist()
    assert set(painted.tolist()) == {0, 9, *(rule.class_out for rule in PERU)}


CODES = (3, 15, 18, 24, 41)
MODULES = ("north", "south", "crops", "pasture")
LAYERS: dict[str, tuple[int, ...]] = {"biome": (0, 1, 2), "state": (11, 335)}
LEGEND = Legend.model_validate(
    {
        "id": "test",
        "version": "1",
        "title": "test",
        "classes": [{"code": code, "name": {"en": str(code)}, "color": "#808080"} for code in CODES],
    }
)
MOSAIC = Mosaic.model_validate({"id": "bio", "layer": "biome", "members": {"north": 1, "south": 2}})
NAMES: dict[str, dict[str, int]] = {layer: {} for layer in LAYERS}
MOSAICS = link_mosaics([MOSAIC], MODULES, NAMES, lambda *place: str(place))
VOCABULARY = Vocabulary(LEGEND, MODULES, NAMES, MOSAICS)
SOURCES = st.sampled_from([*MODULES, "bio"])
CODE = st.sampled_from(CODES)
PLACES = st.dictionaries(st.sampled_from([*LAYERS]), st.just(0), max_size=2).flatmap(
    lambda named: st.fixed_dictionaries({name: _some(LAYERS[name]) for name in named})
)


def _some(values: Sequence[int]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.sampled_from(values), min_size=1).map(lambda chosen: tuple(sorted(chosen)))


TABLE = st.tuples(SOURCES, st.dictionaries(CODE, CODE, min_size=1))
CLAIMED = st.dictionaries(SOURCES, _some((0, *CODES)), min_size=1, max_size=2)
SURELY_CLAIMED = st.tuples(st.dictionaries(SOURCES, _some(CODES), min_size=1, max_size=1), PLACES).map(
    lambda parts: parts[0] | parts[1]
)
PAINT = st.one_of(
    st.builds(Paint, SOURCES, CODE, CODE, PLACES),
    st.builds(Paint, SOURCES, CODE, CODE, PLACES, layers=CLAIMED, layers_out=st.one_of(CODE, SOURCES)),
    st.builds(Paint, SOURCES, CODE, CODE, PLACES, multiclass=TABLE, second=st.just({})),
    st.builds(
        Paint, SOURCES, CODE, CODE, PLACES, layers=CLAIMED, layers_out=CODE, second=SURELY_CLAIMED, second_out=CODE
    ),
)


def as_rules(number: int, rule: Paint) -> list[dict[str, Any]]:
    """Say a rule of a script as docs/rules.md tells."""
    said: list[dict[str, Any]] = []
    if rule.second:
        (source, codes), *scope = rule.second.items()
        said.append(
            {"id": f"second-{number}", "claim": {source: codes}, "where": dict(scope), "assign": rule.second_out}
        )
    if rule.multiclass and not rule.mask:
        source, table = rule.multiclass
        said.append({"id": f"classes-{number}", "claim": {source: tuple(table)}, "assign": {"map": table}})
    unless: list[dict[str, Any]] = []
    if rule.layers:
        assign = {"from": rule.layers_out} if isinstance(rule.layers_out, str) else rule.layers_out
        unless.append({"when": rule.layers, "assign": assign})
    if rule.multiclass and rule.mask:
        source, table = rule.multiclass
        unless.append({"when": {source: tuple(table)}, "assign": {"from": source, "map": table}})
    plain = {
        "id": f"rule-{number}",
        "claim": {rule.source: rule.class_in},
        "where": rule.mask,
        "assign": rule.class_out,
    }
    return [*said, {**plain, "unless": unless}]


@settings(max_examples=150)
@given(st.lists(PAINT, min_size=1, max_size=8), st.integers(0, 1000))
def test_whatever_a_script_can_paint_rules_can_say(script, seed):
    entries = [{**said, "why": "test"} for number, rule in enumerate(script) for said in as_rules(number, rule)]
    rule_set = RuleSet.model_validate({"id": "test", "title": "test", "rules": entries})
    rules = resolve(rule_set, VOCABULARY, lambda *place: str(place))
    rng = np.random.default_rng(seed)
    images: dict[str, np.ndarray] = {name: rng.choice(values, 200) for name, values in LAYERS.items()}
    images |= {module: rng.choice((0, 0, *CODES), 200).astype(np.uint8) for module in MODULES}
    images["bio"] = np.select([images["biome"] == 1, images["biome"] == 2], [images["north"], images["south"]])
    told = [decision.code for decision in decisions(rules, VOCABULARY, images)]
    assert told == paint(script, images).tolist()
