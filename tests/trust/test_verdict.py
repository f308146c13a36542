"""Verdicts: every reason why a signature proves nothing, and the threshold of a release."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from mutirao.errors import ConfigError
from mutirao.trust import keygen
from mutirao.trust.policy import Policy
from mutirao.trust.signers import read_revoked, read_signers
from mutirao.trust.sshsig import PublicKey
from mutirao.trust.verdict import Proof, Subject, judge, short_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RECEIPT = Subject("submission.json", b"receipt", "submission", "forest")
RELEASE = Subject("release.json", b"release", "release")


def signed(keys, who: str, subject: Subject = RECEIPT) -> str:
    return keygen.sign(subject.message, keys[who], f"{subject.role}@banat")


def verdict(keys, trust, who: str, subject: Subject = RECEIPT, moment: datetime = NOW):
    return judge(signed(keys, who, subject), "x.sig", subject, trust, moment)


def test_submitter_of_the_module_is_believed(keys, trust):
    proof = verdict(keys, trust, "ilinca")
    assert isinstance(proof, Proof)
    assert (proof.principal, proof.organisation, proof.role) == ("ilinca@verde.example", "Verde", "submission")


@pytest.mark.parametrize(
    ("who", "subject", "code"),
    [
        ("stranger", RECEIPT, "K202"),
        ("radu", RECEIPT, "K204"),
        ("ilinca", RELEASE, "K204"),
        ("ana", RECEIPT, "K207"),
        ("ilinca", replace(RECEIPT, module="meadows"), "K207"),
    ],
)
def test_wrong_key_role_or_module_is_refused(keys, trust, who, subject, code):
    assert verdict(keys, trust, who, subject).code == code


def test_signature_for_another_role_is_refused(keys, trust):
    text = keygen.sign(RECEIPT.message, keys["ana"], "release@banat")
    assert judge(text, "x.sig", RECEIPT, trust, NOW).code == "K206"


def test_other_bytes_are_refused(keys, trust):
    text = signed(keys, "ilinca")
    assert judge(text, "x.sig", replace(RECEIPT, message=b"changed"), trust, NOW).code == "K206"


def test_revoked_key_is_refused_whatever_it_signed(public, keys, trust):
    revoked = read_revoked(["# lost laptop", public("ilinca")], str)
    assert verdict(keys, replace(trust, revoked=revoked), "ilinca").code == "K203"


def test_key_is_judged_at_the_moment_that_counts(keys, trust):
    assert isinstance(verdict(keys, trust, "radu", RELEASE), Proof)
    late = verdict(keys, trust, "radu", RELEASE, datetime(2030, 1, 1, tzinfo=UTC))
    assert late.code == "K205"
    assert late.message == "the key expired on 2030-01-01, and 2030-01-01 counts here"


def test_manifest_may_name_the_keys(public, keys, trust):
    own, other = (PublicKey.parse(public(who)) for who in ("ilinca", "ana"))
    assert isinstance(verdict(keys, trust, "ilinca", replace(RECEIPT, keys=(own,))), Proof)
    assert verdict(keys, trust, "ilinca", replace(RECEIPT, keys=(other,))).code == "K209"


def test_release_needs_people_and_organisations(keys, trust):
    radu, ana = (verdict(keys, trust, who, RELEASE) for who in ("radu", "ana"))
    assert short_of([radu, ana], trust.policy, "release") is None
    finding = short_of([radu, radu], trust.policy, "release")
    assert finding.code == "K208"
    assert finding.message == "1 of 2 signatures and 1 of 2 organisations"
    assert finding.remedy == "ask for the signatures of ana@prado.example, joao@rio.example"


def test_a_second_curator_of_the_same_organisation_is_not_asked_where_another_one_is_needed(keys, trust, policy):
    """Radu of Verde has signed; Ilinca of Verde is a curator too, and her signature would not be enough."""
    policy["release"]["people"].append("ilinca@verde.example")
    radu = verdict(keys, trust, "radu", RELEASE)
    asked = short_of([radu], Policy.model_validate(policy), "release").remedy
    assert asked == "ask for the signatures of ana@prado.example, joao@rio.example"
    policy["release"]["signatures"] = 3
    asked = short_of([radu], Policy.model_validate(policy), "release").remedy
    assert asked == "ask for the signatures of ana@prado.example, joao@rio.example, ilinca@verde.example"


def test_who_may_not_sign_reads_who_may(keys, trust):
    assert verdict(keys, trust, "ana").remedy.startswith("ask ilinca@verde.example to sign")
    nobody = verdict(keys, trust, "ana", replace(RECEIPT, module="lakes"))
    assert nobody.remedy.startswith("nobody has this right yet")


def test_two_people_with_one_key_count_once(keys, trust):
    one = verdict(keys, trust, "ana", RELEASE)
    two = replace(one, principal="joao@rio.example", organisation="Rio")
    assert short_of([one, two], trust.policy, "release").code == "K208"


def test_no_signature_file_is_mistaken_for_one(trust):
    assert judge("hello", "x.sig", RECEIPT, trust, NOW).code == "K201"


def test_lines_that_cannot_be_read_are_all_told(public, keys):
    key = public("ana")
    lines = [
        "# people",
        f"a@b {key}",
        "a@b",
        f"a@b cert-authority {key}",
        f'a@b valid-before="soon" {key}',
        "a@b ssh-ed25519 AAAA",
    ]
    with pytest.raises(ConfigError) as caught:
        read_signers(lines, str)
    assert [finding.where for finding in caught.value.findings] == ["3", "4", "5", "6"]
    assert {finding.code for finding in caught.value.findings} == {"K101"}
    with pytest.raises(ConfigError, match="K102"):
        read_revoked(["ssh-krl"], str)


def test_options_are_read_as_ssh_keygen_writes_them(public, keys):
    line = f'*@b.example,c@d namespaces="submission@x,review@x",valid-after="20260101Z" {public("ana")}'
    (signer,) = read_signers([line], str)
    assert signer.principals == ("*@b.example", "c@d")
    assert signer.namespaces == ("submission@x", "review@x")
    assert signer.why_not_at(datetime(2025, 12, 31, tzinfo=UTC)) == "the key is valid only from 2026-01-01"
    assert signer.why_not_at(NOW) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"review": ["nobody@x"]}, "'nobody@x' is not among the people"),
        ({"release": {"signatures": 4}}, "4 signatures are asked of 3 curators"),
        ({"release": {"organisations": 3}}, "3 organisations cannot be among the signatures"),
    ],
)
def test_policy_that_nobody_can_meet_is_refused(policy, change, said):
    release = {**policy["release"], **change.pop("release", {})}
    with pytest.raises(ValidationError, match=said):
        Policy.model_validate({**policy, **change, "release": release})
