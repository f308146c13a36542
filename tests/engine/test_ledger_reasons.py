"""A build says why each tile is made again."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from mutirao.engine import tilework
from mutirao.engine.build import build, builds_folder, latest, ledger_of
from mutirao.engine.ledger import code_digest
from mutirao.engine.progress import Silent
from mutirao.engine.reasons import count_reasons, why_made
from mutirao.io.cogs import write_cog
from mutirao.modules.store import load_submission
from mutirao.modules.submission import submit
from mutirao.project import Project

YEARS = (2020, 2021, 2022)


def reasons(project: Project, **options) -> dict[str, int]:
    return count_reasons(build(project, "tiny", Silent(), **options).reasons)


def edit(project: Project, path: str, old: str, new: str) -> None:
    file = project.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def built(tiny_network: Project) -> Project:
    assert reasons(tiny_network) == {"never made": 9}
    assert reasons(tiny_network) == {}
    return tiny_network


def test_changed_claims_are_named_by_module(built):
    claims = load_submission(built, "water", "0.1.0").read_claims(YEARS)
    claims[:, :3, :4] = 33
    submit(built, "water", "0.2.0", dict(zip(YEARS, claims, strict=True)))
    assert reasons(built) == {"claims of water changed": 4}


def test_changed_rule_is_named(built):
    edit(built, "configs/rules/tiny.yaml", "assign: 24", "assign: skip")
    assert reasons(built) == {"rule water changed": 9}


def test_changed_rule_redoes_the_tiles_in_which_it_can_hold(built):
    corner = np.zeros((3, 36, 40), np.uint8)
    corner[:, :3, :4] = 24
    submit(built, "urban", "0.2.0", dict(zip(YEARS, corner, strict=True)))
    assert set(reasons(built)) == {"claims of urban changed"}
    # The chain needs 6 pixels around a tile of 16: only the tile in the corner and those around it see a town.
    towns = "claim: {urban: 24}\n    "
    edit(built, "configs/rules/tiny.yaml", towns + "why", towns + "years: {first: 2020, last: 2021}\n    why")
    assert reasons(built) == {"rule towns changed": 4}
    edit(built, "configs/rules/tiny.yaml", "assign: 24", "assign: skip")
    assert reasons(built) == {"rule water changed": 4}  # an exception where there is a town
    finished = latest(built, "tiny").record
    afresh = Project(built.root, built.workspace, built.elsewhere)
    shutil.rmtree(builds_folder(afresh, "tiny"))
    assert build(afresh, "tiny", Silent()).record.pixels == finished.pixels


def test_rules_that_can_hold_now_are_no_reason_beside_the_claims_that_let_them(built):
    nothing = np.zeros((3, 36, 40), np.uint8)
    submit(built, "urban", "0.2.0", dict(zip(YEARS, nothing, strict=True)))
    assert reasons(built) == {"claims of urban changed": 9}
    edit(built, "configs/rules/tiny.yaml", "assign: 24", "assign: skip")
    assert reasons(built) == {}
    assert reasons(built, use={"urban": "0.1.0"}) == {"rule water changed": 9, "claims of urban changed": 9}


def test_rule_of_one_side_redoes_that_side(built):
    side = np.repeat(np.array([[7, 8]], np.uint8), 20, axis=1).repeat(36, axis=0)
    write_cog(built.root / "configs/collections/side.tif", side, built.collection("tiny").value.grid)
    layer = "layers:\n  - {id: side, file: side.tif, values: {west: 7, east: 8}}\nterritories:"
    edit(built, "configs/collections/tiny.yaml", "territories:", layer)
    where = "claim: {water: 33}\n    where: {side: west}\n"
    edit(built, "configs/rules/tiny.yaml", "claim: {water: 33}\n", where)
    assert sum(reasons(built).values()) >= 9
    edit(built, "configs/rules/tiny.yaml", where, where + "    years: {first: 2020, last: 2021}\n")
    assert reasons(built) == {"rule water changed": 6}  # the third column of tiles begins at pixel 32


def test_changed_step_is_named_by_its_number(built):
    edit(built, "configs/chains/tiny.yaml", "min_pixels: 3", "min_pixels: 4")
    [(reason, count)] = reasons(built).items()
    assert reason.startswith("step ")
    assert reason.endswith(" of the chain changed")
    assert count == 9


def test_changed_code_is_named_by_package(built, monkeypatch):
    def changed(*packages: str) -> str:
        return code_digest(*packages) if "mutirao.filters" not in packages else "0" * 64

    monkeypatch.setattr(tilework, "code_digest", changed)
    assert reasons(built) == {"code of filters changed": 9}


def test_renamed_rule_is_no_reason(built):
    edit(built, "configs/rules/tiny.yaml", "- id: towns", "- id: cities")
    assert reasons(built) == {}


def test_damage_and_loss_are_told_apart(built):
    ledger = ledger_of(builds_folder(built, "tiny"))
    first, second, third = sorted(ledger.sizes())[:3]
    ledger.path(first).write_bytes(b"damaged")
    ledger.receipt(second).unlink()
    ledger.remove(third)
    assert reasons(built) == {"result damaged": 1, "left unfinished": 1, "result gone": 1}


def test_damaged_receipt_counts_as_damage(built):
    ledger = ledger_of(builds_folder(built, "tiny"))
    ledger.receipt(min(ledger.sizes())).write_text("{", encoding="utf-8")
    assert reasons(built) == {"result damaged": 1}


def test_passes_after_the_first_say_so(built):
    edit(built, "configs/rules/tiny.yaml", "assign: 24", "assign: skip")
    first = build(built, "tiny", Silent(), fused_halo=1)
    assert len(first.by_pass) > 1
    edit(built, "configs/rules/tiny.yaml", "assign: skip", "assign: 24")
    again = count_reasons(build(built, "tiny", Silent(), fused_halo=1).reasons)
    assert any(reason == "rule water changed" for reason in again) or "the pass before changed" in again


def test_receipt_keeps_what_went_in_and_why(built):
    ledger = ledger_of(builds_folder(built, "tiny"))
    receipt = json.loads(ledger.receipt(min(ledger.sizes())).read_text(encoding="utf-8"))
    assert receipt["why"] == ["never made"]
    assert {"grid", "years", "rules", "steps", "code", "claims of valley"} <= receipt["parts"].keys()
    assert {"code of filters", "step 1 of the chain"} <= receipt["details"].keys()


def test_differences_in_words():
    earlier = {
        "key": "a" * 64,
        "parts": {"rules": "1", "layer biome": "2", "steps": "3"},
        "details": {"rule water": "4", "rule towns": "5", "step 1 of the chain": "6"},
    }

    def told(parts, details):
        return why_made("missing", parts, details, earlier)

    same = earlier["details"]
    assert told({"rules": "0", "layer biome": "2", "steps": "3"}, same) == ("order of the rules changed",)
    renamed = {"rule sea": "4", "rule towns": "9", "step 1 of the chain": "6"}
    assert told({"rules": "0", "layer biome": "2", "steps": "3"}, renamed) == ("rule towns changed",)
    more = {**same, "rule roads": "7"}
    assert told({"rules": "0", "layer biome": "2", "steps": "3"}, more) == ("rule roads is new",)
    fewer = {"rule towns": "5", "step 1 of the chain": "6"}
    assert told({"rules": "0", "steps": "3"}, fewer) == ("layer biome is gone", "rule water is gone")
    assert told({"rules": "1", "layer biome": "0", "steps": "3"}, renamed) == ("layer biome changed",)
    assert why_made("missing", {}, {}, None) == ("never made",)
