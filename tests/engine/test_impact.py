"""What a rule change is said to do is what it does: the difference of two real builds, for every total."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mutirao.engine.build import Build, build
from mutirao.engine.evidence import evidence_of
from mutirao.engine.impact import choose_rules, measure, named_build
from mutirao.engine.impacttables import AREAS, by, by_class, by_territory
from mutirao.engine.progress import Silent
from mutirao.errors import ConfigError, UsageError
from mutirao.integration.conflicts import disputes
from mutirao.io.burning import Canvas
from mutirao.io.vectors import read_zones
from mutirao.modules.store import load_submission
from mutirao.modules.submission import submit
from mutirao.project import Project

ROOT = Path(__file__).resolve().parents[2]


def trial(project: Project, folder: Path, *edits: tuple[str, str], collection: str = "tiny") -> str:
    """Write changed rules beside the project's own and return the file."""
    text = (project.root / f"configs/rules/{collection}.yaml").read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = folder / "trial.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def told(project: Project, built: Build, new: str, **options):
    old, new = (choose_rules(project, built, name) for name in ("build", new))
    return measure(project, built, old, new, Silent(), **options)


def names(build: Build) -> tuple[np.ndarray, np.ndarray]:
    rules = np.array(["", *(rule.rule for rule in build.record.rules)], object)
    return np.array(["", *(module.module for module in build.record.modules)], object), rules


def expected(project: Project, old: Build, new: Build) -> dict[tuple[object, ...], float]:
    """Sum what differs between two builds, pixel by pixel."""
    grid = new.grid
    pixel_ha = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)
    layers = {name: (old.layer(name), new.layer(name)) for name in ("source", "rule", "integrated", "class")}
    for position, name in enumerate(("source", "rule")):
        layers[name] = tuple(names(side)[position][layer] for side, layer in zip((old, new), layers[name], strict=True))
    different = np.logical_or.reduce([before != after for before, after in layers.values()])
    sums: defaultdict[tuple[object, ...], float] = defaultdict(float)
    collection = project.collection(new.record.collection)
    for entry in (None, *collection.value.territories):
        zones = entry and read_zones(collection.path.parent / entry.file, entry, Canvas(grid, project.burnt))
        codes = zones.codes[grid.whole.slices] if zones else np.ones(grid.shape, np.uint16)
        for t, y, x in np.argwhere(different).tolist():
            place = (entry.level, zones.ids[codes[y, x] - 1]) if entry else ("all", "all")
            kind = [side[t, y, x] for pair in layers.values() for side in pair]
            if codes[y, x]:
                sums[*place, new.record.years[t], *kind] += pixel_ha[y, x]
    return dict(sums)


def found(table: pd.DataFrame) -> dict[tuple[object, ...], float]:
    sides = [f"{what}_{side}" for what in ("module", "rule", "class", "final") for side in ("from", "to")]
    rows = table[["territory_level", "territory_id", "year", *sides, "area_ha"]].itertuples(index=False)
    sums = {tuple(row[:-1]): row[-1] for row in rows}
    assert len(sums) == len(table)
    return sums


def require_equal(project: Project, impact, old: Build, new: Build) -> None:
    truth = expected(project, old, new)
    assert found(impact.table) == pytest.approx(truth, abs=1e-5)
    whole = {kind[2:]: area for kind, area in truth.items() if kind[0] == "all"}
    sums = [
        sum(area for kind, area in whole.items() if kind[1] != kind[2] or kind[3] != kind[4]),
        sum(area for kind, area in whole.items() if kind[5] != kind[6]),
        sum(area for kind, area in whole.items() if kind[7] != kind[8]),
    ]
    assert impact.totals() == pytest.approx(dict(zip(AREAS, sums, strict=True)), abs=1e-4)
    require_net_areas(impact, old, new)


def require_net_areas(impact, old: Build, new: Build) -> None:
    """Hectares gained less those lost are the difference of the area tables, by class, territory and year."""
    keys = ["territory_level", "territory_id", "year"]
    gains = impact.table.groupby([*keys, "final_to"])["area_ha"].sum()
    losses = impact.table.groupby([*keys, "final_from"])["area_ha"].sum()
    net = gains.rename_axis([*keys, "c"]).sub(losses.rename_axis([*keys, "c"]), fill_value=0.0)
    areas = [
        side.table("areas").set_index([*keys, "class_code"])["area_ha"].rename_axis([*keys, "c"]) for side in (old, new)
    ]
    real = areas[1].sub(areas[0], fill_value=0.0)
    assert net.reindex(real.index, fill_value=0.0).to_numpy() == pytest.approx(real.to_numpy(), abs=1e-4)
    assert set(net[net.abs() > 1e-5].index) <= set(real.index)


CHANGES = {
    "an exception": [("assign: 24", "assign: skip")],
    "a class": [("assign: 24", "assign: 39")],
    "the order": [("claim: {urban: 24}", "claim: {valley: farming}")],
    "a hole": [("[native, farming]", "[farming]")],
    "filled holes": [
        ("[native, farming]", "[farming]"),
        ("title: Water first", "holes: {assign: 39}\ntitle: Water first"),
    ],
    "names only": [("- id: towns", "- id: cities")],
}


@pytest.mark.parametrize("edits", CHANGES.values(), ids=CHANGES)
def test_impact_is_the_difference_of_two_builds(tiny_network, tmp_path, edits):
    old = build(tiny_network, "tiny", Silent())
    new = trial(tiny_network, tmp_path, *edits)
    impact = told(tiny_network, old, new)
    (tiny_network.root / "configs/rules/tiny.yaml").write_text(Path(new).read_text(encoding="utf-8"), encoding="utf-8")
    after = build(tiny_network, "tiny", Silent())
    assert not impact.table.empty
    require_equal(tiny_network, impact, old, after)
    assert told(tiny_network, old, "tiny").table.equals(impact.table)
    assert told(tiny_network, after, "tiny").table.empty


def test_years_that_an_earlier_submission_lends_are_read_from_it(tiny_network, tmp_path):
    claims = load_submission(tiny_network, "valley", "0.1.0").read_claims((2020, 2021, 2022))
    manifest = tiny_network.module_folder("valley") / "manifest.yaml"
    announced = manifest.read_text(encoding="utf-8")
    assert "first: 2020" in announced
    manifest.write_text(announced.replace("first: 2020", "first: 2021"), encoding="utf-8")
    submit(tiny_network, "valley", "0.2.0", {2021: claims[2], 2022: claims[1]})
    manifest.write_text(announced, encoding="utf-8")
    collection = tiny_network.root / "configs/collections/tiny.yaml"
    text = collection.read_text(encoding="utf-8")
    collection.write_text(text.replace("{module: valley}", "{module: valley, missing: previous}"), encoding="utf-8")
    old = build(tiny_network, "tiny", Silent())
    new = trial(tiny_network, tmp_path, *CHANGES["a hole"])
    impact = told(tiny_network, old, new)
    (tiny_network.root / "configs/rules/tiny.yaml").write_text(Path(new).read_text(encoding="utf-8"), encoding="utf-8")
    assert (impact.table["year"] == 2020).any()
    require_equal(tiny_network, impact, old, build(tiny_network, "tiny", Silent()))


def test_impact_on_the_demonstration_is_the_difference_of_two_builds(demo, tmp_path):
    for folder in ("configs", "contributors"):
        shutil.copytree(demo.project.root / folder, tmp_path / folder)
    shutil.copytree(demo.project.workspace, tmp_path / "workspace")
    project = Project(tmp_path, tmp_path / "workspace")
    old = build(project, "banat", Silent())
    proposal = ROOT / "docs/examples/banat-closed-forest.yaml"
    impact = told(project, old, str(proposal))
    text = proposal.read_text(encoding="utf-8").replace("id: banat-closed-forest", "id: banat")
    (tmp_path / "configs/rules/banat.yaml").write_text(text, encoding="utf-8")
    require_equal(project, impact, old, build(project, "banat", Silent()))
    assert impact.totals()["after_ha"] > 1


def test_sample_of_all_tiles_is_exact_and_of_some_is_scaled_and_the_same_again(tiny_network, tmp_path):
    built = build(tiny_network, "tiny", Silent())
    new = trial(tiny_network, tmp_path, ("assign: 24", "assign: 39"))
    whole, all_of_them = told(tiny_network, built, new), told(tiny_network, built, new, sample=9)
    assert not whole.is_estimate
    assert whole.table.equals(all_of_them.table)
    assert set(whole.errors.values()) == {0.0}
    some, again = (told(tiny_network, built, new, sample=4) for _ in range(2))
    assert (some.is_estimate, some.tiles, some.of_tiles) == (True, 4, 9)
    assert some.table.equals(again.table)
    assert (some.picture == 0).any()
    assert some.errors["otherwise_ha"] == 0  # no rule and no module loses a pixel in any tile
    assert min(some.errors["before_ha"], some.errors["after_ha"]) > 0
    assert told(tiny_network, built, new, sample=1).errors == dict.fromkeys(AREAS)


def test_short_tables_sum_to_the_totals(tiny_network, tmp_path):
    built = build(tiny_network, "tiny", Silent())
    impact = told(tiny_network, built, trial(tiny_network, tmp_path, ("assign: 24", "assign: 39")))
    totals = impact.totals()
    for keys in (["year"], ["module_from", "module_to"], ["rule_from", "rule_to"]):
        assert by(impact.table, *keys)[list(AREAS)].sum().to_dict() == pytest.approx(totals)
    assert by_class(impact.table)[["before_ha", "after_ha"]].sum().tolist() == pytest.approx(
        [totals["before_ha"], totals["after_ha"]]
    )
    assert by_territory(impact.table).loc["all"].to_numpy().sum() == pytest.approx(totals["after_ha"])
    assert by_territory(impact.table).loc["half"].to_numpy().sum() == pytest.approx(totals["after_ha"])


def test_picture_marks_what_changes_and_only_that(tiny_network, tmp_path):
    old = build(tiny_network, "tiny", Silent())
    impact = told(tiny_network, old, trial(tiny_network, tmp_path, ("assign: 24", "assign: skip")))
    edits = tmp_path / "trial.yaml"
    (tiny_network.root / "configs/rules/tiny.yaml").write_text(edits.read_text(encoding="utf-8"), encoding="utf-8")
    new = build(tiny_network, "tiny", Silent())
    assert ((impact.picture >= 10) == (old.layer("class") != new.layer("class")).any(axis=0)).all()
    assert (impact.picture > 0).all()


def test_rules_that_do_not_resolve_are_refused_with_file_and_line(tiny_network, tmp_path):
    built = build(tiny_network, "tiny", Silent())
    with pytest.raises(ConfigError, match=r"trial\.yaml:\d+:\d+: I101 .*watter"):
        told(tiny_network, built, trial(tiny_network, tmp_path, ("claim: {water: 33}", "claim: {watter: 33}")))
    with pytest.raises(ConfigError, match="C101"):
        told(tiny_network, built, "no-such-rules")


def test_lost_or_changed_submission_and_unknown_build_are_refused(tiny_network):
    built = build(tiny_network, "tiny", Silent())
    receipt = tiny_network.submissions / "water" / "0.1.0" / "submission.json"
    text = receipt.read_text(encoding="utf-8")
    receipt.write_text(text + " ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"B109 .*water.*Remedy: bring it back from a copy, or run"):
        told(tiny_network, built, "tiny")
    receipt.unlink()
    with pytest.raises(UsageError, match="B109"):
        told(tiny_network, built, "tiny")
    with pytest.raises(UsageError, match=f"B107 .*{built.folder.name}"):
        named_build(tiny_network, "0000000")
    assert named_build(tiny_network, built.folder.name[:8]).record == built.record


def test_conflicts_of_a_build_are_those_of_its_claims(tiny_network):
    built = build(tiny_network, "tiny", Silent())
    evidence = evidence_of(tiny_network, built)
    grid = built.grid
    claims = evidence.claims(built.record.years, grid.whole)
    pixel_ha = np.broadcast_to(grid.areas_ha(grid.whole), grid.shape)
    modules, rules = names(built)
    source, rule = modules[built.layer("source")], rules[built.layer("rule")]
    truth: defaultdict[tuple[object, ...], float] = defaultdict(float)
    for t, y, x in np.ndindex(claims.shape[1:]):
        for a, in_a, b, in_b in disputes(claims[:, t, y, x].tolist()):
            kind = (built.record.years[t], modules[a], in_a, modules[b], in_b, source[t, y, x], rule[t, y, x])
            truth[kind] += pixel_ha[y, x]
    table = built.table("conflicts")
    assert table["area_ha"].is_monotonic_decreasing
    kinds = table[["year", "module_a", "class_a", "module_b", "class_b", "winner", "rule", "area_ha"]]
    assert {tuple(row[:-1]): row[-1] for row in kinds.itertuples(index=False)} == pytest.approx(dict(truth), abs=1e-5)
