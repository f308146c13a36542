"""Rules that networks published decide as they say: hand-worked pixels of Brazil's Collection 5 and of Peru."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutirao.integration.reference import decide
from mutirao.integration.resolve import resolve, vocabulary_of
from mutirao.project import Project

PROJECT = Project(Path(__file__).resolve().parents[2], Path("unused"))
BIOMES = {"amazonia": 1, "mata_atlantica": 2, "pantanal": 3, "cerrado": 4, "caatinga": 5, "pampa": 6}


class Network:
    """A shipped rule set, and what it decides of a pixel."""

    def __init__(self, name: str) -> None:
        source = PROJECT.rules(name)
        legend = PROJECT.legend(source.value.vocabulary.legend).value
        self.vocabulary = vocabulary_of(source.value, legend, source.at)
        self.rules = resolve(source.value, self.vocabulary, source.at)

    def __call__(self, layers: dict[str, int], claims: dict[str, int]) -> tuple[int, str, str]:
        """Return class, rule and deciding module of a pixel; layers and modules that are not named are 0."""
        everywhere = {**dict.fromkeys(self.vocabulary.layers, 0), **layers}
        claimed = {**dict.fromkeys(self.vocabulary.modules, 0), **claims}
        got = decide(self.rules, claimed, everywhere, 2019, mosaics=self.vocabulary.mosaics)
        rule = self.rules[got.rule - 1].id if got.rule else ""
        return got.code, rule, self.vocabulary.modules[got.source - 1] if got.source else ""


BRAZIL = Network("mapbiomas-brazil-c5")
PERU = Network("peru-amazonia-v06")


def brazil(biome: str, claim: int = 0, protected: int = 0, **themes: int) -> tuple[int, str, str]:
    """Decide a pixel of a biome whose own map claims a class."""
    return BRAZIL({"biome": BIOMES[biome], "protected_area": protected}, {biome: claim, **themes})


def test_the_rules_are_as_many_as_the_networks_say():
    assert len(BRAZIL.rules) == 28
    assert len(PERU.rules) == 18 + 2


def test_brazil_takes_themes_in_their_order():
    themes = {"mining": 30, "coast": 23, "urban": 24, "planted_forest": 9, "agriculture": 39, "pasture": 15}
    order = []
    while themes:
        code, _, module = brazil("cerrado", 3, **themes)
        order.append(code)
        del themes[module]
    assert order == [30, 23, 24, 9, 39, 15]


@pytest.mark.parametrize(
    ("theme", "code", "rule"),
    [
        ("mining", 30, "mining"),
        ("coast", 23, "beach-of-the-coast"),
        ("coast", 5, "mangrove"),
        ("coast", 31, "aquaculture"),
        ("coast", 32, "tidal-flat"),
        ("urban", 24, "urban"),
        ("planted_forest", 9, "planted-forest"),
        ("agriculture", 20, "sugar-cane"),
        ("agriculture", 39, "soybean"),
        ("agriculture", 41, "other-temporary-crops"),
        ("agriculture", 36, "perennial-crop"),
        ("agriculture", 19, "temporary-crop"),
    ],
)
def test_brazil_prefers_a_theme_to_the_biome(theme, code, rule):
    assert brazil("caatinga", 12, **{theme: code}) == (code, rule, theme)


@pytest.mark.parametrize(
    ("claim", "code", "rule"),
    [
        (23, 23, "beach-of-the-biomes"),
        (9, 9, "planted-forest-of-the-biomes"),
        (19, 41, "temporary-crop-of-the-biomes"),
        (29, 29, "rocky-outcrop"),
        (25, 25, "other-non-vegetated"),
        (22, 25, "non-vegetated"),
        (33, 33, "water"),
        (3, 3, "forest"),
        (4, 4, "savanna"),
        (11, 11, "wetland"),
        (12, 12, "grassland"),
        (13, 13, "other-natural"),
        (15, 15, "pasture-of-the-biomes"),
        (21, 21, "mosaic-of-uses"),
    ],
)
def test_brazil_takes_the_biome_where_no_theme_claims(claim, code, rule):
    assert brazil("caatinga", claim) == (code, rule, "caatinga")


@pytest.mark.parametrize(
    ("claim", "biomes"),
    [
        (19, {"amazonia"}),
        (22, {"amazonia", "caatinga", "cerrado", "mata_atlantica", "pantanal"}),
        (3, {"amazonia", "cerrado"}),
        (4, {"amazonia", "cerrado", "mata_atlantica"}),
        (12, {"cerrado"}),
        (13, {"mata_atlantica"}),
        (15, set(BIOMES) - {"pampa"}),
    ],
)
def test_brazil_lets_pasture_correct_a_class_in_the_named_biomes(claim, biomes):
    assert {biome for biome in BIOMES if brazil(biome, claim, pasture=15)[0] == 15} == biomes


def test_brazil_keeps_grassland_of_the_cerrado_in_protected_areas():
    assert brazil("cerrado", 12, protected=1, pasture=15)[:2] == (12, "grassland")
    assert brazil("cerrado", 12, protected=0, pasture=15) == (15, "grassland", "pasture")


@pytest.mark.parametrize("claim", [0, 15, 21])
def test_brazil_makes_cropland_of_pasture_that_is_left_over_in_the_pampa(claim):
    assert brazil("pampa", claim, pasture=15) == (41, "pasture", "pasture")


def test_brazil_makes_cropland_of_the_mosaic_of_uses_in_the_pampa():
    assert brazil("pampa", 21) == (41, "mosaic-of-uses", "pampa")
    assert brazil("pantanal", 21) == (21, "mosaic-of-uses", "pantanal")


def test_brazil_never_comes_to_its_last_rule():
    decided = {brazil(biome, 19, pasture=pasture)[1] for biome in BIOMES for pasture in (0, 15)}
    assert decided == {"temporary-crop-of-the-biomes"}


def test_brazil_hears_a_biome_only_on_its_own_ground():
    assert BRAZIL({"biome": BIOMES["pampa"]}, {"amazonia": 3, "pampa": 12}) == (12, "grassland", "pampa")
    assert BRAZIL({"biome": 0}, {"amazonia": 3}) == (0, "", "")


@pytest.mark.parametrize(
    ("source", "code", "rule"),
    [
        ("urban", 24, "urban"),
        ("general", 33, "water-of-the-general-map"),
        ("water", 33, "water"),
        ("mining", 30, "mining"),
        ("general", 11, "wetland-of-the-general-map"),
        ("wetland", 11, "wetland"),
        ("agriculture", 18, "agriculture"),
        ("agriculture", 15, "pasture"),
        ("general", 21, "mosaic-of-uses-of-the-general-map"),
        ("agriculture", 21, "mosaic-of-uses"),
        ("glacier", 34, "glacier"),
        ("general", 25, "other-non-vegetated"),
        ("general", 12, "grassland"),
        ("general", 13, "other-natural"),
        ("general", 6, "floodable-forest-of-the-general-map"),
        ("flooded_forest", 6, "floodable-forest"),
        ("general", 4, "savanna"),
        ("general", 3, "forest"),
    ],
)
def test_peru_takes_each_claim_by_its_rule(source, code, rule):
    assert PERU({}, {source: code}) == (code, rule, source)


def test_peru_paints_its_second_exceptions_where_their_own_layers_hold():
    plantation = {"agriculture": 9, "general": 3}
    assert PERU({"mosaic_region": 703}, {**plantation, "urban": 24})[:2] == (9, "plantation-in-region-703")
    assert PERU({"mosaic_region": 704}, plantation) == (3, "forest", "general")
    mosaic = {"agriculture": 21, "general": 11}
    assert PERU({"classification_region": 70208}, mosaic)[:2] == (21, "mosaic-of-uses-in-region-70208")
    assert PERU({"classification_region": 70208}, {**mosaic, "mining": 30})[:2] == (30, "mining")
    assert PERU({}, mosaic) == (11, "wetland-of-the-general-map", "general")
