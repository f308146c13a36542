"""The store of a network that signs: what comes in, what stays in quarantine, and what a build reads."""

from __future__ import annotations

import json
import shutil

import pytest

from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.errors import ConfigError, ImmutableError, QualityError, UsageError
from mutirao.io.rasters import file_digest
from mutirao.modules.store import held_back, list_submissions, load_submission
from mutirao.modules.submission import submit
from mutirao.trust.signing import sign_path, sign_review


def folders(project, module="valley"):
    """Return everything that lies in a module's folder of submissions, hidden things too."""
    return sorted(path.name for path in (project.submissions / module).iterdir())


def test_a_signed_submission_appears_with_its_signature(network):
    assert list_submissions(network, "valley") == ["1.0.0", "1.1.0"]
    assert (network.submissions / "valley" / "1.0.0" / "submission.json.sig").is_file()
    (proof,) = load_submission(network, "valley", "1.0.0", for_build=True).signed_by
    assert (proof.principal, proof.organisation) == ("ilinca@verde.example", "Verde")


def test_the_submitter_gets_a_receipt_that_is_kept(network, keys, claims):
    told = submit(network, "valley", "1.2.0", claims("valley"), key=keys["ilinca"]).acknowledged
    folder = network.submissions / "valley" / "1.2.0"
    assert told.submission == file_digest(folder / "submission.json")
    assert told.files["valley_2021_v1.2.0.tif"] == file_digest(folder / "valley_2021_v1.2.0.tif")
    assert told.signed[0].startswith("Ilinca (ilinca@verde.example, Verde) signed as submitter with SHA256:")
    assert told.trust == "Signed, and judged on arrival."
    kept = json.loads((network.receipts / "valley" / "1.2.0.json").read_text(encoding="utf-8"))
    assert kept["received"] == told.received
    again = submit(network, "valley", "1.2.0", claims("valley"), key=keys["ilinca"])
    assert not again.created
    assert again.acknowledged == told


def test_a_network_that_does_not_sign_says_so(tiny_project, keys, claims):
    told = submit(tiny_project, "valley", "1.0.0", claims("valley")).acknowledged
    assert (told.signed, told.trust[:25]) == ((), "The network does not sign")
    with pytest.raises(UsageError, match="K305"):
        submit(tiny_project, "valley", "1.1.0", claims("valley"), key=keys["ana"])


def test_without_a_key_nothing_is_even_looked_at(network):
    with pytest.raises(UsageError, match=r"K210.*submitters of 'valley' in trust/policy.yaml: ilinca@verde.example"):
        submit(network, "valley", "1.2.0", "no-such-folder")


@pytest.mark.parametrize(("who", "code"), [("ana", "K207"), ("stranger", "K202"), ("radu", "K204")])
def test_a_key_that_proves_nothing_leaves_no_trace(network, keys, who, code, claims):
    with pytest.raises(QualityError, match=code):
        submit(network, "valley", "1.2.0", claims("valley"), key=keys[who])
    assert folders(network) == ["1.0.0", "1.1.0"]
    assert not (network.receipts / "valley" / "1.2.0.json").exists()


def test_revoked_and_expired_keys_leave_no_trace(network, keys, revoke, edit_signers, claims):
    revoke("ilinca")
    with pytest.raises(QualityError, match="K203"):
        submit(network, "water", "1.2.0", claims("water"), key=keys["ilinca"])
    edit_signers('namespaces="submission@banat,release', 'valid-before="20200101",namespaces="submission@banat,release')
    with pytest.raises(QualityError, match="K205 the key expired on 2020-01-01"):
        submit(network, "water", "1.2.0", claims("water"), key=keys["ana"])
    assert folders(network, "water") == ["1.0.0"]


def test_a_manifest_may_name_the_keys_that_count(network, keys, public, claims):
    path = network.root / "contributors/valley/manifest.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}keys: ['{public('ana')}']\n", encoding="utf-8")
    with pytest.raises(QualityError, match="K209"):
        submit(network, "valley", "1.2.0", claims("valley"), key=keys["ilinca"])
    path.write_text(f"{text}keys: ['{public('ilinca')}']\n", encoding="utf-8")
    assert submit(network, "valley", "1.2.0", claims("valley"), key=keys["ilinca"]).created
    path.write_text(f"{text}keys: [nothing]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="K105"):
        submit(network, "valley", "1.3.0", claims("valley"), key=keys["ilinca"])


def test_what_lacks_its_signature_is_in_quarantine(network):
    (network.submissions / "valley" / "1.1.0" / "submission.json.sig").unlink()
    assert list_submissions(network, "valley") == ["1.0.0"]
    with pytest.raises(QualityError, match=r"S123 the submission is in quarantine: K210 no submitter has signed it"):
        load_submission(network, "valley", "1.1.0")
    built = build(network, "tiny", Silent()).record
    assert built.modules[0].version == "1.0.0"
    assert built.modules[0].signed_by[0].startswith("Ilinca (ilinca@verde.example, Verde)")
    assert built.required == ("submission", "release")
    assert built.held_back == ("valley 1.1.0: no submitter has signed it",)


def test_an_edited_receipt_is_in_quarantine(network):
    path = network.submissions / "valley" / "1.1.0" / "submission.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Valley Institute", "Somebody"), encoding="utf-8")
    assert held_back(network, "valley")["1.1.0"].code == "K206"
    assert list_submissions(network, "valley") == ["1.0.0"]


def test_a_build_reads_only_the_bytes_that_were_signed(network):
    path = network.submissions / "valley" / "1.1.0" / "valley_2021_v1.1.0.tif"
    shutil.copy(network.submissions / "valley" / "1.1.0" / "valley_2020_v1.1.0.tif", path)
    assert load_submission(network, "valley").receipt.version == "1.1.0"
    with pytest.raises(QualityError, match=r"valley_2021_v1\.1\.0\.tif: S10[45]"):
        build(network, "tiny", Silent())


def test_a_key_that_expires_later_does_not_undo_what_it_signed_and_a_revoked_one_does(network, edit_signers, revoke):
    edit_signers('namespaces="submission@banat" ', 'valid-before="20990101",namespaces="submission@banat" ')
    assert list_submissions(network, "valley") == ["1.0.0", "1.1.0"]
    revoke("ilinca")
    assert list_submissions(network, "valley") == []
    with pytest.raises(QualityError, match=r"S123.*K203"):
        load_submission(network, "valley")


def test_a_date_in_the_future_does_not_revive_a_key(network, edit_signers, keys):
    edit_signers('namespaces="submission@banat" ', 'valid-after="20980101",namespaces="submission@banat" ')
    assert held_back(network, "valley")["1.1.0"].code == "K205"


@pytest.mark.parametrize("target", ["valley/2.0.0", "water/1.1.0"])
def test_a_submission_that_is_copied_elsewhere_is_refused(network, target):
    shutil.copytree(network.submissions / "valley" / "1.1.0", network.submissions / target)
    module, version = target.split("/")
    assert version not in list_submissions(network, module)
    with pytest.raises(QualityError, match=f"S121 the receipt is that of valley 1.1.0, in the folder of {module}"):
        load_submission(network, module, version)


def test_a_copied_submission_is_refused_where_nobody_signs(tiny_project, claims):
    made = submit(tiny_project, "valley", "1.0.0", claims("valley"))
    shutil.copytree(made.folder, made.folder.with_name("2.0.0"))
    with pytest.raises(QualityError, match="S121"):
        load_submission(tiny_project, "valley")


def test_an_older_version_does_not_come_in_again(network, keys, claims):
    with pytest.raises(ImmutableError, match=r"S122 version 1\.1\.0 of 'valley' is there, and 1\.0\.5 is older"):
        submit(network, "valley", "1.0.5", claims("valley"), key=keys["ilinca"])
    with pytest.raises(ImmutableError, match="S101"):
        submit(network, "valley", "1.1.0", claims("valley"), key=keys["ilinca"])


def test_what_is_in_quarantine_is_signed_afterwards(network, keys):
    folder = network.submissions / "valley" / "1.1.0"
    (folder / "submission.json.sig").unlink()
    with pytest.raises(QualityError, match="K207"):
        sign_path(network, str(folder), keys["ana"], None, None)
    signed = sign_path(network, str(folder), keys["ilinca"], None, None)
    assert (signed.path, signed.fresh) == (folder / "submission.json.sig", True)
    assert list_submissions(network, "valley") == ["1.0.0", "1.1.0"]
    assert not sign_path(network, str(folder), keys["ilinca"], "submission", None).fresh


def test_nobody_answers_for_what_is_not_intact(network, keys):
    folder = network.submissions / "valley" / "1.1.0"
    (folder / "submission.json.sig").unlink()
    (folder / "checks.json").write_text("{}", encoding="utf-8")
    with pytest.raises(QualityError, match="S104 the check report was changed"):
        sign_path(network, str(folder), keys["ilinca"], None, None)
    assert not (folder / "submission.json.sig").exists()


class TestReviews:
    """Builds of a network that asks for reviews take what a reviewer accepted."""

    @pytest.fixture(autouse=True)
    def _ask(self, edit_policy):
        edit_policy(require=["submission", "review"], review=["joao@rio.example", "ana@prado.example"])

    @pytest.fixture(autouse=True)
    def _ana_reviews(self, edit_signers):
        edit_signers('"submission@banat,release@banat"', '"*@banat"')

    def test_nothing_is_read_before_somebody_accepts_it(self, network, keys):
        assert list_submissions(network, "valley") == ["1.0.0", "1.1.0"]
        with pytest.raises(QualityError, match="S124 no reviewer has accepted it"):
            build(network, "tiny", Silent())
        for module, version in (("valley", "1.0.0"), ("water", "1.0.0"), ("urban", "1.0.0")):
            sign_review(network, module, version, "accept", "seams agree", keys["joao"])
        record = build(network, "tiny", Silent()).record
        assert [module.version for module in record.modules] == ["1.0.0"] * 3
        assert record.modules[0].accepted_by[0].startswith("João (joao@rio.example, Rio) signed as reviewer")
        assert record.held_back == ("valley 1.1.0: no reviewer has accepted it",)

    def test_one_rejection_stands_until_its_reviewer_withdraws_it(self, network, keys):
        def accepted():
            return "1.1.0" in list_submissions(network, "valley", for_build=True)

        sign_review(network, "valley", "1.1.0", "accept", "fine", keys["joao"])
        assert accepted()
        sign_review(network, "valley", "1.1.0", "reject", "seam to the north", keys["ana"])
        assert not accepted()
        sign_review(network, "valley", "1.1.0", "accept", "still fine", keys["joao"])
        with pytest.raises(QualityError, match=r"S124 Ana rejected it on .*: seam to the north"):
            load_submission(network, "valley", "1.1.0", for_build=True)
        sign_review(network, "valley", "1.1.0", "accept", "explained", keys["ana"])
        assert accepted()

    def test_nobody_accepts_their_own_work(self, network, keys):
        with pytest.raises(QualityError, match="K216"):
            sign_review(network, "water", "1.0.0", "accept", "mine", keys["ana"])
        sign_review(network, "water", "1.0.0", "reject", "I was wrong", keys["ana"])

    @pytest.mark.parametrize(("who", "code"), [("ilinca", "K204"), ("stranger", "K202")])
    def test_others_do_not_review(self, network, keys, who, code):
        with pytest.raises(QualityError, match=code):
            sign_review(network, "valley", "1.1.0", "accept", "fine", keys[who])
        assert not network.reviews.exists()

    def test_a_review_counts_only_for_the_bytes_it_was_made_for(self, network, keys):
        signed = sign_review(network, "valley", "1.0.0", "accept", "fine", keys["joao"])
        replayed = network.reviews / "valley" / "1.1.0" / signed.path.name
        replayed.parent.mkdir()
        for suffix in ("", ".sig"):
            shutil.copy(f"{signed.path}{suffix}", f"{replayed}{suffix}")
        assert held_back(network, "valley")["1.1.0"].code == "S124"
        assert "about other bytes" in held_back(network, "valley")["1.1.0"].message

    def test_an_edited_or_unsigned_review_does_not_count(self, network, keys):
        path = sign_review(network, "valley", "1.0.0", "reject", "no", keys["joao"]).path
        path.write_text(path.read_text(encoding="utf-8").replace("reject", "accept"), encoding="utf-8")
        assert "1.0.0" in held_back(network, "valley")
        path.with_name(f"{path.name}.sig").unlink()
        assert "no reviewer has signed it" in held_back(network, "valley")["1.0.0"].message
