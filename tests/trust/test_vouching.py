"""Who answers for the accuracy of a submission and for a run from its sources: signed, told, counted, not forged."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ruamel.yaml import YAML

from mutirao.errors import QualityError, UsageError
from mutirao.io.storage import read_json, write_json
from mutirao.modules.quality.grade import grade_stored
from mutirao.modules.quality.proof import rebuild
from mutirao.modules.store import load_submission
from mutirao.modules.submission import submit
from mutirao.release.status import collection_status
from mutirao.trust.signing import sign_accuracy, sign_path
from mutirao.trust.verification import How, verify
from mutirao.web.status_page import status_page

ENTRY = {
    "version": "1.1.0",
    "overall": 0.9,
    "standard_error": 0.02,
    "sample_size": 400,
    "design": "stratified",
    "reference": "Visual interpretation",
    "author": "João",
    "organisation": "Rio",
    "date": "2026-02-20",
}


@pytest.fixture
def assessing(network, edit_policy, edit_signers):
    """Give a network in which João (Rio) and Ilinca (Verde) assess, Ana (Prado) rebuilds, and valley is assessed."""
    edit_policy(accuracy=["joao@rio.example", "ilinca@verde.example"], rebuild=["ana@prado.example"])
    edit_signers('"review@banat,release@banat"', '"review@banat,release@banat,accuracy@banat"')
    edit_signers('ilinca@verde.example namespaces="submission@banat"', 'ilinca@verde.example namespaces="*@banat"')
    edit_signers('"submission@banat,release@banat"', '"submission@banat,release@banat,rebuild@banat"')
    record(network, ENTRY)
    return network


def record(network, entry, module="valley"):
    write_json(network.module_folder(module) / "accuracy.yaml", {"assessments": [entry]})


def outcomes(network, module="valley"):
    verdict = grade_stored(network, load_submission(network, module))
    return {one.rule.id: (one.state, one.said) for one in verdict.outcomes}


def told(network, name="valley"):
    return next(one for one in collection_status(network, "tiny").modules if one.module == name)


def proofs(network, module, version):
    return sorted(path.name for path in (network.proofs / module / version).iterdir())


def test_an_assessment_is_unsigned_until_an_assessor_signs_it(assessing, keys):
    assert outcomes(assessing)["accuracy"][0] == "met"  # the entry alone counts; a rule may ask for the signature too
    assert outcomes(assessing)["accuracy-signed"] == ("unmet", "no assessor has signed it")
    assert told(assessing).accuracy.signed_by == ()
    assert '<small class="warn">not signed</small>' in status_page(collection_status(assessing, "tiny"))
    signed = sign_accuracy(assessing, "valley", "1.1.0", keys["joao"])
    assert (signed.proof.role, signed.proof.organisation) == ("accuracy", "Rio")
    assert outcomes(assessing)["accuracy-signed"] == ("met", "signed by João (Rio)")
    assert told(assessing).accuracy.signed_by == ("João (Rio)",)
    assert "signed by João (Rio)" in status_page(collection_status(assessing, "tiny"))
    sign_accuracy(assessing, "valley", "latest", keys["joao"])
    assert told(assessing).accuracy.signed_by == ("João (Rio)",)  # signed twice, told once


def test_an_entry_that_changes_afterwards_is_unsigned(assessing, keys):
    sign_accuracy(assessing, "valley", "1.1.0", keys["joao"])
    record(assessing, ENTRY | {"overall": 0.97})
    assert outcomes(assessing)["accuracy-signed"][0] == "unmet"
    record(assessing, ENTRY)
    assert outcomes(assessing)["accuracy-signed"][0] == "met"


def test_an_assessor_of_the_house_is_not_independent(assessing, keys):
    """The entry names Rio; only Ilinca, who submitted the map, signs for it."""
    assert outcomes(assessing)["accuracy-independent"][0] == "met"
    sign_accuracy(assessing, "valley", "1.1.0", keys["ilinca"])
    state, said = outcomes(assessing)["accuracy-independent"]
    assert (state, said) == ("unmet", "assessed by João, Rio, and signed only by who made the map: Ilinca (Verde)")
    sign_accuracy(assessing, "valley", "1.1.0", keys["joao"])
    assert outcomes(assessing)["accuracy-independent"][0] == "met"


@pytest.mark.parametrize(("who", "code"), [("radu", "K204"), ("stranger", "K202"), ("ana", "K204")])
def test_others_do_not_sign_an_accuracy_and_leave_no_trace(assessing, keys, who, code):
    with pytest.raises(QualityError, match=code):
        sign_accuracy(assessing, "valley", "1.1.0", keys[who])
    assert not (assessing.proofs / "valley").exists()


def test_what_is_not_assessed_cannot_be_signed(assessing, keys):
    with pytest.raises(UsageError, match=r"Q301 no assessment of version 1\.0\.0"):
        sign_accuracy(assessing, "valley", "1.0.0", keys["joao"])


def test_a_revoked_assessor_counts_no_more(assessing, keys, revoke):
    sign_accuracy(assessing, "valley", "1.1.0", keys["joao"])
    assert outcomes(assessing)["accuracy-signed"][0] == "met"
    revoke("joao")
    assert outcomes(assessing)["accuracy-signed"][0] == "unmet"


def test_a_record_of_another_submission_or_role_does_not_count(assessing, keys):
    """Copied from version 1.0.0 to 1.1.0, it is about other bytes; a review's signature is none of an assessor."""
    record(assessing, ENTRY | {"version": "1.0.0"})
    signed = sign_accuracy(assessing, "valley", "1.0.0", keys["joao"])
    there = assessing.proofs / "valley" / "1.1.0"
    shutil.copytree(signed.path.parent, there)
    record(assessing, ENTRY)
    assert outcomes(assessing)["accuracy-signed"][0] == "unmet"
    path = there / signed.path.name
    text = read_json(path)
    text["subject"] = {"module": "valley", "version": "1.1.0", "sha256": "0" * 64}
    write_json(path, text)
    outcome = verify(str(path), How(assessing.trust(), datetime.now(UTC)))
    assert [finding.code for finding in outcome.findings if finding.severity == "block"] == ["K206", "K211"]


def test_verify_says_what_an_accuracy_record_proves(assessing, keys):
    signed = sign_accuracy(assessing, "valley", "1.1.0", keys["joao"])
    outcome = verify(str(signed.path), How(assessing.trust(), datetime.now(UTC)))
    assert outcome.holds
    assert outcome.title.startswith("Accuracy of valley 1.1.0: 0.900, 95 % interval 0.861 to 0.939, 400 points")
    proved, doubted = " ".join(outcome.proved), " ".join(outcome.not_proved)
    assert "João (joao@rio.example, Rio) signed exactly these bytes" in proved
    assert "as assessor" in proved
    assert "submission.json has exactly this digest" in proved
    assert "That the sample was drawn and labelled as the record says" in doubted


def test_nobody_signs_what_another_says(assessing, keys):
    """Ilinca may assess, but João's record names João: her signature under it would prove nothing."""
    signed = sign_accuracy(assessing, "valley", "1.1.0", keys["joao"])
    with pytest.raises(QualityError, match=r"K211 the record says it is by joao@rio\.example"):
        sign_path(assessing, str(signed.path), keys["ilinca"], None, None)
    assert len(proofs(assessing, "valley", "1.1.0")) == 2


def test_a_run_from_the_sources_is_signed_by_a_rebuilder(assessing, keys):
    kept = rebuild(assessing, "water")
    assert kept.record.holds
    assert outcomes(assessing, "water")["rebuilt"][0] == "met"
    assert outcomes(assessing, "water")["rebuilt-signed"][0] == "unmet"
    with pytest.raises(QualityError, match="K204"):
        sign_path(assessing, str(kept.path), keys["joao"], None, None)
    sign_path(assessing, str(kept.path), keys["ana"], "rebuild", None)
    assert outcomes(assessing, "water")["rebuilt-signed"] == ("met", "signed by Ana (Prado)")
    assert told(assessing, "water").rebuilt_by == ("Ana (Prado)",)
    outcome = verify(str(kept.path), How(assessing.trust(), datetime.now(UTC)))
    assert outcome.holds
    assert outcome.title == "Run of water 1.0.0 from its sources: the same pixels in all 3 years"


def test_an_unsigned_record_of_other_pixels_takes_no_signature_away_and_a_signed_one_does(assessing, keys):
    kept = rebuild(assessing, "water")
    sign_path(assessing, str(kept.path), keys["ana"], None, None)
    later = kept.path.with_name("2999-01-01T000000.json")
    write_json(later, read_json(kept.path) | {"same": [2020], "other": [2021, 2022], "when": "2026-12-31T00:00:00Z"})
    states = outcomes(assessing, "water")
    assert (states["rebuilt"], states["rebuilt-signed"][0]) == (("unmet", "other pixels"), "met")
    sign_path(assessing, str(later), keys["ana"], None, None)
    assert outcomes(assessing, "water")["rebuilt-signed"][0] == "unmet"


def test_an_edited_run_proves_nothing(assessing, keys):
    kept = rebuild(assessing, "water")
    sign_path(assessing, str(kept.path), keys["ana"], None, None)
    kept.path.write_text(kept.path.read_text(encoding="utf-8").replace('"same"', '"same" '), encoding="utf-8")
    assert outcomes(assessing, "water")["rebuilt-signed"][0] == "unmet"


def test_a_scale_may_ask_for_the_signature_at_any_level(assessing, keys):
    rule = {"id": "vouched", "level": "bronze", "title": "t", "remedy": "r", "measure": "accuracy_signed"}
    write_json(assessing.root / "configs/quality.yaml", {"rules": [rule | {"at_least": 1, "ratchet": False}]})
    stored = load_submission(assessing, "valley")
    assert grade_stored(assessing, stored).level is None
    sign_accuracy(assessing, "valley", "1.1.0", keys["joao"])
    assert grade_stored(assessing, stored).level == "bronze"


def test_a_policy_requires_no_signature_of_what_only_counts_for_a_level(assessing):
    """What a level needs is for the scale to say, in one place."""
    path = assessing.root / "trust/policy.yaml"
    policy = YAML().load(path)
    policy["require"] = ["submission", "accuracy"]
    YAML().dump(policy, path)
    with pytest.raises(Exception, match="C106"):
        assessing.trust()


def test_what_lies_in_an_object_store_is_signed_there(assessing, keys, object_store, claims):
    far = replace(assessing, workspace=object_store)
    submit(far, "valley", "1.1.0", claims("valley"), key=keys["ilinca"])
    submit(far, "water", "1.0.0", claims("water"), key=keys["ana"])
    signed = sign_accuracy(far, "valley", "1.1.0", keys["joao"])
    assert str(signed.path).startswith("s3://")
    kept = rebuild(far, "water")
    sign_path(far, str(kept.path), keys["ana"], None, None)
    assert outcomes(far)["accuracy-signed"] == ("met", "signed by João (Rio)")
    assert outcomes(far, "water")["rebuilt-signed"] == ("met", "signed by Ana (Prado)")
    assert verify(str(signed.path), How(far.trust(), datetime.now(UTC))).holds


class TestCommands:
    """The command line."""

    def test_assess(self, assessing, call, keys):
        arguments = ("--project", assessing.root, "assess", "valley", "1.1.0", "--key", keys["joao"])
        status, text = call(*arguments)
        assert (status, "accuracy of valley 1.1.0: 0.900, 95 % interval" in text) == (0, True)
        assert "proves that João (joao@rio.example, Rio) signed as assessor with SHA256:" in text
        assert json.loads(call(*arguments, "--json")[1])["role"] == "accuracy"

    def test_rebuild_and_sign(self, assessing, call, keys):
        arguments = ("--project", assessing.root, "quality", "water", "--rebuild", "--key")
        status, text = call(*arguments, keys["joao"])
        assert (status, "K207 the key is that of joao@rio.example, who may not sign as rebuilder" in text) == (1, True)
        assert not (assessing.proofs / "water").exists()  # refused before the run
        status, text = call(*arguments, keys["ana"])
        assert (status, "signed as rebuilder" in text) == (0, True)
        status, text = call("--project", assessing.root, "quality", "water", "--key", keys["ana"])
        assert (status, "U114 --key signs a run from the sources" in text) == (2, True)
