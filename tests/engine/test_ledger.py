"""The ledger never takes an unfinished, stale or damaged result for a done one."""

from __future__ import annotations

import numpy as np
import pytest

from mutirao.engine.ledger import Ledger, code_digest, digest_of
from mutirao.io.blocks import SUFFIX, read_block, write_block
from mutirao.legend import LandClass


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path, ".txt")


def test_result_is_found_by_its_key_with_what_was_written_down(ledger):
    assert ledger.find("abc") is None
    path = ledger.record("abc", lambda partial: partial.write_text("done"), tile="0_0")
    assert ledger.find("abc") == path
    assert ledger.facts("abc")["tile"] == "0_0"
    assert ledger.find("abd") is None


def test_damaged_result_or_missing_receipt_counts_as_not_done(ledger):
    path = ledger.record("abc", lambda partial: partial.write_text("done"))
    path.write_text("dona")
    assert ledger.find("abc") is None
    path.write_text("done")
    assert ledger.find("abc") == path
    path.with_name("abc.json").unlink()
    assert ledger.find("abc") is None


def test_failed_task_leaves_nothing(ledger, tmp_path):
    def fail(partial):
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        ledger.record("abc", fail)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_digest_depends_on_every_part_and_not_on_key_order():
    forest = LandClass(code=3, name={"en": "Forest", "pt": "Floresta"}, color="#1f8d49")
    same = LandClass(code=3, name={"pt": "Floresta", "en": "Forest"}, color="#1f8d49")
    assert digest_of(forest, frozenset({2, 1})) == digest_of(same, frozenset({1, 2}))
    assert len({digest_of(forest), digest_of(forest, None), digest_of([forest]), digest_of(3)}) == 4
    with pytest.raises(TypeError, match="no canonical JSON"):
        digest_of(object())


def test_code_digest_is_of_the_source(tmp_path, monkeypatch):
    (tmp_path / "room_a.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = code_digest("room_a")
    code_digest.cache_clear()
    assert code_digest("room_a") == before
    (tmp_path / "room_a.py").write_text("x = 2\n")
    code_digest.cache_clear()
    assert code_digest("room_a") != before


def test_block_keeps_names_types_and_values(tmp_path):
    arrays = {
        "class": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        "rule": np.full((2, 3, 4), 500, np.uint16),
        "conflict_kinds": np.zeros((0, 7), np.uint16),
    }
    write_block(tmp_path / f"b{SUFFIX}", arrays)
    back = read_block(tmp_path / f"b{SUFFIX}")
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (back[name].dtype, back[name].shape) == (array.dtype, array.shape)
        assert (back[name] == array).all()
