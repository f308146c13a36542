"""The status of a network that signs: who signed, accepted or rejected, what is held back, and the rules on that."""

from __future__ import annotations

import re

from mutirao.cli import status_command
from mutirao.modules.quality.grade import grade_stored
from mutirao.modules.store import load_submission
from mutirao.release.status import collection_status
from mutirao.trust.signing import sign_review
from mutirao.web.status_page import status_page


def module(network, name="valley"):
    return next(one for one in collection_status(network, "tiny").modules if one.module == name)


def rules(network):
    verdict = grade_stored(network, load_submission(network, "valley"))
    return {one.rule.id: one.state for one in verdict.outcomes if one.rule.level == "platinum"}


def test_a_signature_is_told_and_counts(network):
    told = module(network)
    assert (told.version, told.signed_by) == ("1.1.0", ("Ilinca (Verde)",))
    assert (told.accepted_by, told.rejected_by, told.held_back) == ((), (), {})
    assert rules(network) == {
        "signed": "met",
        "reviewed": "unmet",
        "accuracy-signed": "unknown",
        "rebuilt": "unknown",
        "rebuilt-signed": "unmet",
    }
    assert load_submission(network, "valley").receipt.quality.met.count("signed") == 1
    assert "✓ signed" in status_page(collection_status(network, "tiny"))


def test_a_review_is_told_and_keeps_its_deadline(network, keys):
    path = network.root / "configs/collections/tiny.yaml"
    line = "milestones: [{id: r, title: Reviewed, due: 2020-01-31, needs: reviews, modules: [valley]}]\n"
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    assert module(network).deadlines[0].state == "overdue"
    sign_review(network, "valley", "1.1.0", "accept", "good seams", keys["joao"])
    told = module(network)
    assert (len(told.accepted_by), told.deadlines[0].state) == (1, "late")
    assert rules(network)["reviewed"] == "met"
    sign_review(network, "valley", "1.1.0", "reject", "a tile is shifted", keys["joao"])
    told = module(network)
    assert told.accepted_by == ()
    assert told.rejected_by[0].endswith(": a tile is shifted")
    assert told.deadlines[0].state == "overdue"
    assert rules(network)["reviewed"] == "unmet"
    assert "✗ rejected" in status_page(collection_status(network, "tiny"))


def test_what_lost_its_signature_is_held_back(network):
    for signature in (network.submissions / "valley/1.1.0").glob("*.sig"):
        signature.unlink()
    told = module(network)
    assert told.version == "1.0.0"
    assert list(told.held_back) == ["1.1.0"]
    assert "1 held back" in status_page(collection_status(network, "tiny"))


def test_what_is_only_held_back_is_not_told_as_never_submitted(network, capsys):
    for signature in (network.submissions / "valley").glob("*/*.sig"):
        signature.unlink()
    assert re.search(r"valley +none +held back", told(network, capsys))
    page = status_page(collection_status(network, "tiny"))
    assert "nothing but what is held back" in page
    assert "nothing submitted yet" not in page


def test_the_terminal_tells_who_signed_and_who_rejected(network, keys, monkeypatch, capsys):
    sign_review(network, "valley", "1.1.0", "accept", "good seams", keys["joao"])
    monkeypatch.setattr("mutirao.cli.status_command.out._width", 160)
    assert "signed by Ilinca (Verde); accepted by João" in told(network, capsys)
    sign_review(network, "valley", "1.1.0", "reject", "a tile is shifted", keys["joao"])
    text = told(network, capsys)
    assert "signed by Ilinca (Verde); rejected" in text
    assert re.search(r"valley: 1.1.0 is rejected by João.*: a tile is shifted", text)
    monkeypatch.setattr("mutirao.cli.status_command.out._width", 80)
    text = told(network, capsys)
    assert "signed by" not in text
    assert re.search(r"valley: 1.1.0 is rejected by João.*: a tile is shifted", text)


def test_what_is_held_back_is_no_newer_submission(network):
    for version in ("1.0.0", "1.1.0"):
        for signature in (network.submissions / "valley" / version).glob("*.sig"):
            signature.unlink()
    assert "valley" not in collection_status(network, "tiny").build.newer_submissions


def told(network, capsys):
    """Return what `mutirao status` prints."""
    status_command._tell(collection_status(network, "tiny"))
    return capsys.readouterr().out
