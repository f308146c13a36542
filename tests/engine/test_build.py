"""Builds: only what changed is made again, on any tiling, and a damaged result is never used."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.engine.build import build, latest
from mutirao.engine.inputs import gather
from mutirao.engine.progress import Silent
from mutirao.engine.tileprogram import LAYERS, run_tile
from mutirao.errors import ConfigError, GridError, UsageError
from mutirao.io import cogs
from mutirao.io.blocks import SUFFIX
from mutirao.modules.store import load_submission
from mutirao.modules.submission import submit
from mutirao.project import Project

YEARS = (2020, 2021, 2022)


def made(project: Project, **options) -> list[str]:
    return list(build(project, "tiny", Silent(), **options).made)


def edit(project: Project, path: str, old: str, new: str) -> None:
    file = project.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def resubmit_water(project: Project, version: str, rows: slice, columns: slice) -> None:
    claims = load_submission(project, "water", "0.1.0").read_claims(YEARS)
    claims[:, rows, columns] = 33
    submit(project, "water", version, dict(zip(YEARS, claims, strict=True)))


def test_second_build_makes_no_tile(tiny_network):
    first = build(tiny_network, "tiny", Silent())
    again = build(tiny_network, "tiny", Silent())
    assert len(first.made) == 9
    assert again.made == ()
    assert again.record == first.record == latest(tiny_network, "tiny").record


def test_new_submission_redoes_the_tiles_that_see_its_change(tiny_network):
    build(tiny_network, "tiny", Silent())
    resubmit_water(tiny_network, "0.2.0", slice(0, 3), slice(0, 4))
    # The chain needs 6 pixels around a tile of 16, so the change in tile 0_0 is seen from its neighbours.
    again = build(tiny_network, "tiny", Silent())
    assert again.made == ("0_0", "0_1", "1_0", "1_1")
    assert again.renewed == ("water 0.1.0 -> 0.2.0",)
    assert made(tiny_network, use={"water": "0.1.0"}) == []


def test_changed_rule_or_chain_redoes_all_and_changed_words_nothing(tiny_network):
    build(tiny_network, "tiny", Silent())
    edit(tiny_network, "configs/rules/tiny.yaml", "Towns are drawn by hand.", "Towns are drawn by people.")
    assert made(tiny_network) == []
    edit(tiny_network, "configs/rules/tiny.yaml", "- id: towns", "- id: cities")
    assert made(tiny_network) == []
    edit(tiny_network, "configs/rules/tiny.yaml", "claim: {water: 33}", "claim: {water: [33]}")
    assert made(tiny_network) == []
    edit(tiny_network, "configs/rules/tiny.yaml", "assign: 24", "assign: skip")
    assert len(made(tiny_network)) == 9
    edit(tiny_network, "configs/chains/tiny.yaml", "min_pixels: 3", "min_pixels: 4")
    assert len(made(tiny_network)) == 9


def test_result_is_the_same_on_any_tiling_and_with_any_number_of_threads(tiny_network):
    whole = build(tiny_network, "tiny", Silent(), workers=1)
    layers = {name: whole.layer(name) for name in LAYERS}
    for tile in (17, 64):
        edit(tiny_network, "configs/collections/tiny.yaml", f"tile: {16 if tile == 17 else 17}", f"tile: {tile}")
        other = build(tiny_network, "tiny", Silent(), workers=4)
        for name, layer in layers.items():
            assert (other.layer(name) == layer).all()


def test_tiles_are_what_the_tile_program_makes_of_the_whole(tiny_network):
    inputs = gather(tiny_network, "tiny", {})
    grid = inputs.collection.grid
    claims, ground = inputs.claims(grid.whole), inputs.ground(grid.whole)
    everything = run_tile(inputs.program, inputs.steps, claims, inputs.layers(grid.whole), ground, grid.whole.slices)
    finished = build(tiny_network, "tiny", Silent())
    for name in LAYERS:
        assert (finished.layer(name) == everything[name]).all()


@pytest.mark.parametrize("damage", [b"", b"changed"])
def test_damaged_tile_is_made_again(tiny_network, damage):
    finished = build(tiny_network, "tiny", Silent())
    before = finished.layer("class")
    key = finished.record.tiles["1_1"]
    path = finished.folder.parent / "tiles" / key[:2] / f"{key}{SUFFIX}"
    path.write_bytes(path.read_bytes()[:100] + damage)
    again = build(tiny_network, "tiny", Silent())
    assert again.made == ("1_1",)
    assert (again.layer("class") == before).all()


def test_failure_in_the_middle_leaves_finished_tiles_and_nothing_else(tiny_network, monkeypatch):
    calls = []

    def failing(*arguments):
        calls.append(1)
        if len(calls) > 4:
            raise OSError("disk full")
        return run_tile(*arguments)

    monkeypatch.setattr("mutirao.engine.tilework.run_tile", failing)
    with pytest.raises(OSError, match="disk full"):
        build(tiny_network, "tiny", Silent(), workers=1)
    monkeypatch.undo()
    folder = tiny_network.workspace / "builds" / "tiny"
    assert {path.name for path in folder.iterdir()} == {"log", "tiles"}
    assert len(made(tiny_network)) == 5


def test_year_that_a_module_does_not_deliver_is_recorded(tiny_network):
    record = build(tiny_network, "tiny", Silent()).record
    assert record.missing == ("urban does not deliver 2020",)


def test_tables_add_up(tiny_network):
    finished = build(tiny_network, "tiny", Silent())
    grid = tiny_network.collection("tiny").value.grid
    year_ha = float(np.broadcast_to(grid.areas_ha(grid.whole), grid.shape).sum())
    areas = finished.table("areas")
    for level in ("all", "half"):
        per_year = areas[areas["territory_level"] == level].groupby("year")["area_ha"].sum()
        assert per_year.tolist() == pytest.approx([year_ha] * 3, rel=1e-6)
    assert finished.table("decisions")["area_ha"].sum() == pytest.approx(3 * year_ha, rel=1e-6)
    assert finished.table("transitions")["area_ha"].sum() == pytest.approx(3 * year_ha, rel=1e-6)
    changed = (finished.layer("filter") > 0).sum() * year_ha / 1440
    assert finished.table("filters")["area_ha"].sum() == pytest.approx(changed, rel=1e-4)


def test_rules_may_consult_a_layer_on_the_grid(tiny_network):
    grid = tiny_network.collection("tiny").value.grid
    west = np.zeros(grid.shape, np.uint8)
    west[:, :20] = 7
    cogs.write_cog(tiny_network.root / "configs/collections/side.tif", west, grid)
    layer = "layers:\n  - {id: side, file: side.tif, values: {west: 7}}\nterritories:"
    edit(tiny_network, "configs/collections/tiny.yaml", "territories:", layer)
    edit(tiny_network, "configs/rules/tiny.yaml", "claim: {water: 33}", "claim: {water: 33}\n    where: {side: west}")
    source = build(tiny_network, "tiny", Silent()).layer("source")
    assert (source[:, :, :20] == 2).any()
    assert not (source[:, :, 20:] == 2).any()


def test_layer_beside_the_grid_is_refused_with_both_transforms(tiny_network):
    grid = tiny_network.collection("tiny").value.grid
    shifted = grid.model_copy(update={"origin": (300_007.5, 7_800_000)})
    cogs.write_cog(tiny_network.root / "configs/collections/side.tif", np.ones(grid.shape, np.uint8), shifted)
    layer = "layers:\n  - {id: side, file: side.tif}\nterritories:"
    edit(tiny_network, "configs/collections/tiny.yaml", "territories:", layer)
    with pytest.raises(GridError, match=r"tiny\.yaml:\d+:\d+: G102 .*300007\.5.*300000\.0"):
        gather(tiny_network, "tiny", {})


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("configs/rules/tiny.yaml", "claim: {water: 33}", "claim: {watter: 33}", "I101"),
        ("configs/rules/tiny.yaml", "claim: {water: 33}", "claim: {water: 34}", "I102"),
        ("configs/rules/tiny.yaml", "    why: Towns", "    whyy: Towns", "C104"),
        ("configs/chains/tiny.yaml", "classes: [33,", "classes: [34,", "F101"),
        ("configs/chains/tiny.yaml", "filter: gap_fill", "filter: gapfill", "C106"),
        ("configs/collections/tiny.yaml", "halves.geojson", "thirds.geojson", "T101"),
        ("configs/collections/tiny.yaml", "rules: tiny", "rules: tinny", "C101"),
    ],
)
def test_wrong_configuration_is_refused_before_any_pixel(tiny_network, path, old, new, code):
    edit(tiny_network, path, old, new)
    with pytest.raises(ConfigError, match=code):
        build(tiny_network, "tiny", Silent())
    assert not (tiny_network.workspace / "builds").exists()


def test_module_without_submission_and_unknown_module_are_refused(tiny_project, tiny_network):
    with pytest.raises(UsageError, match="B103"):
        build(tiny_network, "tiny", Silent(), use={"watter": "0.1.0"})
    with pytest.raises(UsageError, match="S107"):
        build(tiny_network, "tiny", Silent(), use={"water": "9.9.9"})


def test_all_modules_without_submission_are_told_at_once(tiny_network):
    with pytest.raises(UsageError) as refused:
        build(tiny_network, "tiny", Silent(), use={"water": "9.9.9", "valley": "9.9.9"})
    assert [finding.code for finding in refused.value.findings] == ["S107", "S107"]


def test_nothing_built_yet_is_said(tiny_project):
    with pytest.raises(UsageError, match="B101"):
        latest(tiny_project, "tiny")
