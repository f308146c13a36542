"""The page explains a pixel as Python does: the same rule, module, class, and the same words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from mutirao.engine.basis import read_basis
from mutirao.integration.explain import Explanation, explain
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.reference import decide
from mutirao.integration.resolve import ResolvedRule, Vocabulary, resolve
from mutirao.integration.wording import Names, rule_words
from mutirao.io.rasters import read_bands
from mutirao.legend import Legend
from mutirao.release.pagerules import page_rule

pytest.importorskip("playwright.sync_api", reason="the browser tests need the Python package playwright")

READY = "html[data-ready=true]"
Pixels = list[tuple[int, int]]


@pytest.fixture
def page(browser: Any, site: tuple[Path, str]) -> Iterator[Any]:
    """Give a page; nothing may go wrong on it, and it may talk to nobody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda request: errors.append(f"failed: {request.url}"))
    page.on(
        "request", lambda request: None if request.url.startswith((site[1], "data:")) else errors.append(request.url)
    )
    yield page
    context.close()
    assert errors == []


def places(folder: Path, pixels: Pixels) -> list[tuple[float, float]]:
    """Return longitude and latitude of the pixels' centres."""
    from pyproj import Transformer

    grid = json.loads((folder / "map.json").read_text(encoding="utf-8"))["grid"]
    a, _, left, _, e, top = grid["transform"]
    to_degrees = Transformer.from_crs(grid["proj4"], "EPSG:4326", always_xy=True)
    return [to_degrees.transform(left + (column + 0.5) * a, top + (row + 0.5) * e) for row, column in pixels]


def ask(page: Any, folder: Path, pixels: Pixels, years: list[int]) -> list[dict[str, Any]]:
    """Return what the page says of pixels in years, one after the other."""
    jobs = [[lon, lat, year] for (lon, lat), year in zip(places(folder, pixels), years, strict=True)]
    script = "jobs => Promise.all(jobs.map(([lon, lat, year]) => mutirao.explain(lon, lat, year)))"
    return list(page.evaluate(script, jobs))


def plain(told: Explanation, names: Names) -> dict[str, Any]:
    """Return an explanation as the page gives it."""
    return {
        "year": told.year,
        "claims": told.claims,
        "layers": told.layers,
        "code": told.code,
        "rule": told.winner.id if told.winner else None,
        "module": told.module,
        "against": list(told.against),
        "tried": [
            {"rule": rule.id, "number": rule.number, "verdict": rule.verdict, "words": list(rule_words(rule, names))}
            for rule in told.tried
        ],
    }


def address(site: tuple[Path, str], folder: Path) -> str:
    return f"{site[1]}/{folder.relative_to(site[0])}/"


def test_the_page_says_what_python_says_of_the_demonstration(
    page: Any, release_folder: Path, site: tuple[Path, str]
) -> None:
    basis, random = read_basis(str(release_folder)), np.random.default_rng(11)
    pixels = [(int(row), int(column)) for row, column in random.integers(0, 50, (60, 2))]
    years = random.choice(basis.collection.years.all(), 60).tolist()
    page.goto(address(site, release_folder))
    page.wait_for_selector(READY, state="attached")
    claims = {
        year: read_bands(release_folder / f"banat_claims_{year}_v0.2.0.tif") for year in basis.collection.years.all()
    }
    said = ask(page, release_folder, pixels, years)
    for (row, column), year, answer in zip(pixels, years, said, strict=True):
        claimed = dict(zip(basis.modules, claims[year][:, row, column].tolist(), strict=True))
        decision = decide(basis.rules, claimed, {}, year)
        assert answer["rule"] == (basis.rules[decision.rule - 1].id if decision.rule else None)
        assert (answer["code"], len(answer["against"])) == (decision.code, decision.conflicts)
        assert answer == plain(explain(basis.rules, claimed, {}, year), basis.names)
    assert len({answer["rule"] for answer in said}) > 2


LAYERS = {"biome": {"lowland": 7, "upland": 70_000}}
MOSAICS = {"regions": ("biome", {7: "plain", 70_000: "hill_forest"})}
CODES = [0, 3, 12, 18, 33]
TRICKY: list[dict[str, Any]] = [
    {"id": "late", "claim": {"water": 33}, "years": {"first": 2018, "last": 2019}, "where": {"biome": "upland"}},
    {
        "id": "skips",
        "claim": {"water": [33, 12]},
        "unless": [
            {"when": {"plain": 18, "biome": "lowland"}, "assign": "skip"},
            {"when": {"hill_forest": 0}, "assign": {"from": "plain", "map": {12: 5, 18: 12}}},
            {"when": {"hill_forest": 3}, "assign": {"map": {12: 18}}},
            {"when": {"biome": [7, 99]}, "assign": {"from": "regions"}},
            {"when": {"regions": "dry"}, "assign": 5},
        ],
    },
    {"id": "towns", "claim": {"regions": 18}, "where": {"water": 0}, "assign": {"map": {18: 12}}},
    {"id": "base", "claim": {"regions": ["dry", 33]}},
]


def tricky_rules(legend: Legend) -> tuple[ResolvedRule, ...]:
    rule_set = {"id": "tricky", "title": "tricky", "rules": [{"why": "test", **rule} for rule in TRICKY]}
    vocabulary = Vocabulary(legend, ("hill_forest", "plain", "water"), LAYERS, MOSAICS)
    return resolve(RuleSet.model_validate(rule_set), vocabulary, lambda *place: "test")


def tricky_release(folder: Path, fabricate: ModuleType, legend: Legend) -> tuple[np.ndarray, np.ndarray]:
    """Add claims, a layer of 32 bits, a mosaic and rules of every kind to a made-up release."""
    random = np.random.default_rng(3)
    shape = (fabricate.HEIGHT, fabricate.WIDTH)
    claims = random.choice(CODES, (len(fabricate.YEARS), 3, *shape)).astype(np.uint8)
    biome = random.choice([0, 7, 99, 70_000], (1, *shape)).astype(np.int32)
    names = {year: f"hills_claims_{year}.tif" for year in fabricate.YEARS}
    for name, bands in zip(names.values(), claims, strict=True):
        fabricate.write_cog(folder / name, bands)
    fabricate.write_cog(folder / "hills_layers.tif", biome)
    page = json.loads((folder / "map.json").read_text(encoding="utf-8"))
    page["assets"] |= {"claims": {str(year): name for year, name in names.items()}, "layers": "hills_layers.tif"}
    page["rules"] = [page_rule(rule, Names(legend, LAYERS)) for rule in tricky_rules(legend)]
    page["layers"] = [{"id": "biome", "names": {"7": "lowland", "70000": "upland"}}]
    members = {str(value): module for value, module in MOSAICS["regions"][1].items()}
    page["mosaics"] = [{"id": "regions", "layer": "biome", "members": members}]
    page["hole"] = 5
    (folder / "map.json").write_text(json.dumps(page), encoding="utf-8")
    return claims, biome


def test_the_page_knows_every_kind_of_rule(page: Any, site: tuple[Path, str], fabricate: ModuleType) -> None:
    classes = [
        {"code": item["code"], "name": {"en": item["name"]}, "color": item["color"]} for item in fabricate.LEGEND
    ]
    legend = Legend.model_validate(
        {"id": "hills", "version": "1", "title": "hills", "classes": classes, "groups": {"dry": [3, 5, 12]}}
    )
    folder = fabricate.write_release(site[0] / "tricky")
    claims, biome = tricky_release(folder, fabricate, legend)
    random = np.random.default_rng(4)
    pixels = [(int(row), int(column)) for row, column in random.integers(0, [50, 60], (300, 2))]
    years = random.choice(fabricate.YEARS, 300).tolist()
    page.goto(address(site, folder))
    page.wait_for_selector(READY, state="attached")
    rules, names, seen = tricky_rules(legend), Names(legend, LAYERS), set()
    for (row, column), year, answer in zip(pixels, years, ask(page, folder, pixels, years), strict=True):
        claimed = dict(
            zip(("hill_forest", "plain", "water"), claims[year - 2016, :, row, column].tolist(), strict=True)
        )
        here = {"biome": int(biome[0, row, column])}
        assert answer == plain(explain(rules, claimed, here, year, mosaics=MOSAICS, hole=5), names)
        decision = decide(rules, claimed, here, year, mosaics=MOSAICS, hole=5)
        assert answer["code"] == decision.code
        seen |= {(tried["rule"], tried["verdict"]) for tried in answer["tried"]}
    assert seen >= {("late", "decides"), ("skips", "steps back"), ("skips", "decides"), ("base", "does not hold")}


def test_a_reader_opens_every_claim_and_rule_with_the_keyboard_and_goes_on_in_other_years(
    page: Any, release_folder: Path, site: tuple[Path, str]
) -> None:
    longitude, latitude = places(release_folder, [(0, 49)])[0]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address(site, release_folder)}#year=2020&layer=class&at={longitude},{latitude}")
    summary = page.get_by_text("Every claim and rule")
    summary.wait_for(timeout=10000)
    assert not any("_claims_" in url for url in asked)
    summary.focus()
    summary.press("Enter")
    page.locator(".trace .rules li").first.wait_for(timeout=5000)
    for year in (2020, 2016):
        page.evaluate(f"mutirao.setYear({year})")
        told = page.evaluate(f"mutirao.explain({longitude}, {latitude}, {year})")
        page.locator(f".trace [data-rule='{told['rule']}'][data-verdict='decides']").wait_for(timeout=5000)
        rules = page.locator(".trace .rules li")
        assert [rule.get_attribute("data-rule") for rule in rules.all()] == [tried["rule"] for tried in told["tried"]]
        for rule, tried in zip(rules.all(), told["tried"], strict=True):
            assert all(words in rule.inner_text() for words in tried["words"])
            assert rule.get_by_role("img", name=tried["verdict"]).count() == 1
    modules = [item.get_attribute("data-module") for item in page.locator(".trace .claims li").all()]
    assert modules == ["banat_forest", "clearcuts", "meadows"]


def test_a_release_without_claims_offers_no_explanation(
    page: Any, site: tuple[Path, str], fabricate: ModuleType
) -> None:
    folder = fabricate.write_release(site[0] / "no-claims")
    longitude, latitude = places(folder, [(5, 5)])[0]
    page.goto(f"{address(site, folder)}#at={longitude},{latitude}")
    page.locator("[data-fact=rule]").wait_for(timeout=10000)
    assert page.get_by_text("Every claim and rule").count() == 0
