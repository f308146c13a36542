"""A build says why each tile is made again."""

from __future__ import annotations

import json

import pytest

from mutirao.engine import tilework
from mutirao.engine.build import build, builds_folder, ledger_of
from mutirao.engine.ledger import code_digest
from mutirao.engine.progress import Silent
from mutirao.engine.reasons import count_reasons, why_made
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
    first, second, third = list(ledger.all_keys())[:3]
    ledger.path(first).write_bytes(b"damaged")
    ledger.receipt(second).unlink()
    ledger.remove(third)
    assert reasons(built) == {"result damaged": 1, "left unfinished": 1, "result gone": 1}


def test_damaged_receipt_counts_as_damage(built):
    ledger = ledger_of(builds_folder(built, "tiny"))
    ledger.receipt(next(iter(ledger.all_keys()))).write_text("{", encoding="utf-8")
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
    receipt = json.loads(ledger.receipt(next(iter(ledger.all_keys()))).read_text(encoding="utf-8"))
    assert receipt["why"] == ["never made"]
    assert {"grid", "years", "rules", "steps", "code", "claims of valley"} <= receipt["parts"].keys()
    assert {"code of filters", "step 1 of the chain"} <= receipt["details"].keys()


def test_differences_in_words(tmp_path):
    ledger = ledger_of(tmp_path)
    earlier = {
        "key": "a" * 64,
        "parts": {"rules": "1", "layer biome": "2", "steps": "3"},
        "details": {"rule water": "4", "rule towns": "5", "step 1 of the chain": "6"},
    }

    def told(parts, details):
        return why_made(ledger, "b" * 64, parts, details, earlier)

    same = earlier["details"]
    assert told({"rules": "0", "layer biome": "2", "steps": "3"}, same) == ("order of the rules changed",)
    renamed = {"rule sea": "4", "rule towns": "9", "step 1 of the chain": "6"}
    assert told({"rules": "0", "layer biome": "2", "steps": "3"}, renamed) == ("rule towns changed",)
    more = {**same, "rule roads": "7"}
    assert told({"rules": "0", "layer biome": "2", "steps": "3"}, more) == ("rule roads is new",)
    fewer = {"rule towns": "5", "step 1 of the chain": "6"}
    assert told({"rules": "0", "steps": "3"}, fewer) == ("layer biome is gone", "rule water is gone")
    assert why_made(ledger, "b" * 64, {}, {}, None) == ("never made",)
