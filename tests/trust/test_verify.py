"""Verify: what is proved in words, every way to be deceived, and releases signed by several curators."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import rasterio

from mutirao.errors import QualityError, UsageError
from mutirao.modules.submission import submit
from mutirao.trust.signing import sign_path, sign_review
from mutirao.trust.verification import How, verify

NOW = datetime.now(UTC)


@pytest.fixture
def how(network):
    """Give what verifies by the network's trust, as it is when it is called."""

    def verify_now(path, **options):
        return verify(str(path), How(**{"trust": network.trust(), "moment": datetime.now(UTC), **options}))

    return verify_now


@pytest.fixture
def valley(network):
    """Give the folder of a signed submission."""
    return network.submissions / "valley" / "1.1.0"


@pytest.fixture
def release(network):
    """Give the folder of a release with signatures of two curators."""
    return network.releases / "tiny" / "v1.0.0"


def codes(outcome):
    return [finding.code for finding in outcome.findings if finding.severity == "block"]


def said(outcome):
    return " ".join(outcome.proved), " ".join(outcome.not_proved)


def test_a_good_submission_is_told_in_words(how, valley):
    outcome = how(valley)
    assert outcome.holds
    proved, doubted = said(outcome)
    assert "All 4 files (3 of them rasters) have the bytes (sha256) that submission.json lists" in proved
    assert "Every raster was decoded" in proved
    assert "Ilinca (ilinca@verde.example, Verde) signed exactly these bytes of submission.json as submitter" in proved
    assert "The policy of the network 'banat' lets them submit for 'valley'." in proved
    for doubt in ("the map is right", "keys belong to these people", "the date is the signer's word"):
        assert doubt in doubted
    assert "not decoded (--quick)" in said(how(valley, pixels=False))[1]


def edit_report(folder):
    (folder / "checks.json").write_text("{}", encoding="utf-8")


def edit_receipt(folder):
    path = folder / "submission.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Valley Institute", "Somebody"), encoding="utf-8")


def edit_raster(folder):
    path = folder / "valley_2021_v1.1.0.tif"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_raster(folder):
    path = folder / "valley_2021_v1.1.0.tif"
    path.write_bytes(path.read_bytes()[:-10])


def lose_raster(folder):
    (folder / "valley_2021_v1.1.0.tif").unlink()


def add_file(folder):
    (folder / "readme.txt").write_text("look here", encoding="utf-8")


def link_raster(folder):
    path = folder / "valley_2021_v1.1.0.tif"
    path.rename(folder.parent / "elsewhere.tif")
    path.symlink_to(folder.parent / "elsewhere.tif")


def lose_signature(folder):
    (folder / "submission.json.sig").unlink()


def spoil_signature(folder):
    (folder / "submission.json.sig").write_text("hello", encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (edit_report, ["S104"]),
        (edit_receipt, ["K206"]),
        (edit_raster, ["S104"]),
        (cut_raster, ["S105"]),
        (lose_raster, ["S105"]),
        (add_file, ["S120"]),
        (link_raster, ["S103"]),
        (lose_signature, ["K210"]),
        (spoil_signature, ["K201"]),
    ],
)
def test_every_harm_has_its_own_message(how, valley, harm, expected):
    harm(valley)
    assert codes(how(valley)) == expected


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../../water/1.0.0/water_2020_v1.0.0.tif", "S102"),
        ("/etc/passwd", "S102"),
        ("..\\secret.tif", "S102"),
        ("C:secret.tif", "S102"),
        ("a\u202eb.tif", "S102"),
        ("SUBMISSION.json", "S106"),
        ("Valley_2020_v1.1.0.tif", "S106"),
    ],
)
def test_names_are_judged_before_a_file_is_touched(how, valley, name, code, monkeypatch):
    path = valley / "submission.json"
    receipt = json.loads(path.read_text(encoding="utf-8"))
    receipt["files"][1]["name"] = name
    path.write_text(json.dumps(receipt), encoding="utf-8")
    monkeypatch.setattr("mutirao.trust.content.streamed_digest", lambda *_: pytest.fail("a file was opened"))
    assert code in codes(how(valley))


def signed_again(network, keys, folder, change):
    """Change a receipt as a member could who has the key, and sign it."""
    path = folder / "submission.json"
    receipt = json.loads(path.read_text(encoding="utf-8"))
    change(receipt)
    path.write_text(json.dumps(receipt), encoding="utf-8")
    (folder / "submission.json.sig").unlink()
    text = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "submission@banat", "-f", keys["ilinca"]],
        input=path.read_bytes(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    (folder / "submission.json.sig").write_bytes(text)


def test_a_signed_lie_about_pixels_is_found(network, how, valley, keys):
    def lie(receipt):
        receipt["files"][0]["pixels"] = "0" * 64

    signed_again(network, keys, valley, lie)
    outcome = how(valley)
    assert [finding.message for finding in outcome.findings] == ["pixels are not those that were submitted"]
    assert how(valley, pixels=False).holds


def test_a_signed_lie_about_names_and_tiles_is_found(network, how, valley, keys):
    def swap(receipt):
        receipt["files"][0]["name"], receipt["files"][1]["name"] = (receipt["files"][i]["name"] for i in (1, 0))

    signed_again(network, keys, valley, swap)
    assert "valley_2021_v1.1.0.tif instead of valley_2020_v1.1.0.tif" in how(valley).findings[0].message

    signed_again(network, keys, valley, lambda receipt: (swap(receipt), receipt["tiles"].popitem()))
    assert [finding.message for finding in how(valley).findings] == ["the receipt has 8 tiles, not those of its grid"]


def test_a_tiny_file_that_says_it_is_huge_is_not_decoded(network, how, valley, keys):
    path = valley / "valley_2020_v1.1.0.tif"
    path.unlink()
    profile = {"driver": "GTiff", "width": 200_000, "height": 200_000, "count": 1, "dtype": "uint8", "sparse_ok": True}
    with rasterio.open(path, "w", compress="deflate", tiled=True, **profile):
        pass

    def admit(receipt):
        record = receipt["files"][0]
        record["size"], record["sha256"] = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()

    signed_again(network, keys, valley, admit)
    assert "pixels are not those that were submitted" in how(valley).findings[0].message


def test_who_signed_is_judged_with_a_message_of_its_own(network, how, valley, keys, revoke, edit_signers):
    sig = valley / "submission.json.sig"
    good = sig.read_text(encoding="ascii")
    for who, namespace, code in (
        ("stranger", "submission", "K202"),
        ("radu", "submission", "K204"),
        ("ana", "submission", "K207"),
        ("ilinca", "release", "K206"),
    ):
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", f"{namespace}@banat", "-f", keys[who]]
        message = (valley / "submission.json").read_bytes()
        sig.write_bytes(subprocess.run(command, input=message, capture_output=True, check=True).stdout)
        assert codes(how(valley)) == [code], who
    sig.write_text(good, encoding="ascii")
    revoke("ilinca")
    assert codes(how(valley)) == ["K203"]
    assert codes(how(valley, unsigned=True)) == ["K203"]


def test_an_expired_key_needs_a_date_from_elsewhere(how, valley, edit_signers):
    end = NOW + timedelta(days=30)
    edit_signers('namespaces="submission@banat" ', f'namespaces="submission@banat",valid-before="{end:%Y%m%d}" ')
    assert how(valley).holds
    late = NOW + timedelta(days=400)
    outcome = how(valley, moment=late)
    assert codes(outcome) == ["K205"]
    assert f"verify with --at {NOW:%Y-%m-%d}" in said(outcome)[1]
    then = how(valley, moment=NOW, given=True)
    assert then.holds
    assert "that date was taken from you (--at)" in said(then)[1]


def test_junk_beside_a_good_signature_is_told_and_changes_nothing(how, valley):
    (valley / "submission.json.junk.sig").write_text("hello", encoding="utf-8")
    outcome = how(valley)
    assert outcome.holds
    assert [(finding.code, finding.severity) for finding in outcome.findings] == [("K201", "advise")]


def test_without_trust_nobody_is_believed(how, valley):
    assert codes(how(valley, trust=None)) == ["K215"]
    outcome = how(valley, trust=None, unsigned=True)
    assert outcome.holds
    assert "Who made it: there is no trust/ to judge signatures by." in outcome.not_proved


def test_what_the_policy_does_not_ask_for_may_be_missing(how, valley, edit_policy):
    lose_signature(valley)
    edit_policy(require=["release"])
    outcome = how(valley)
    assert outcome.holds
    assert "The network does not ask for it." in outcome.not_proved


def test_a_review_proves_what_was_looked_at(network, how, keys, valley):
    path = sign_review(network, "valley", "1.1.0", "accept", "seams agree", keys["joao"]).path
    outcome = how(path)
    assert outcome.holds
    assert outcome.title == "Review of valley 1.1.0: accept, because seams agree"
    assert "João (joao@rio.example, Rio) signed exactly these bytes" in said(outcome)[0]
    edit_receipt(valley)
    assert codes(how(path)) == ["K211"]
    shutil.rmtree(valley)
    assert "is not at hand" in said(how(path))[1]


def test_a_release_needs_two_curators_of_two_organisations(how, release):
    outcome = how(release)
    assert outcome.holds
    proved, doubted = said(outcome)
    assert "That is enough: 2 people of 2 organisations are needed." in proved
    assert "It is the first release" in proved
    assert "verify latest.json" in doubted


def test_one_signature_laid_down_twice_counts_once(how, release):
    mine = release / "release.json.radu@verde.example.sig"
    shutil.copy(mine, release / "release.json.ana@prado.example.sig")
    shutil.copy(mine, release / "release.json.3.sig")
    outcome = how(release)
    assert codes(outcome) == ["K208"]
    assert outcome.findings[-1].message == "1 of 2 signatures and 1 of 2 organisations"


def test_two_curators_of_one_organisation_are_not_enough(network, how, release, edit_policy, keys):
    people = network.trust().policy.model_dump()["people"]
    people["ana@prado.example"] = {"name": "Ana", "organisation": "Verde"}
    edit_policy(people=people)
    outcome = how(release)
    assert codes(outcome) == ["K208"]
    assert "2 of 2 signatures and 1 of 2 organisations" in outcome.findings[-1].message
    sign_path(network, str(release), keys["joao"], "release", None)
    assert how(release).holds


def test_a_module_key_signs_no_release(network, release, keys):
    before = sorted(release.iterdir())
    with pytest.raises(QualityError, match="K204"):
        sign_path(network, str(release), keys["ilinca"], None, None)
    with pytest.raises(UsageError, match="K304"):
        sign_path(network, str(release), keys["ana"], "submission", None)
    assert sorted(release.iterdir()) == before


def test_the_second_release_names_the_first(how, network, keys, release):
    second = network.releases / "tiny" / "v1.1.0"
    assert codes(how(second)) == ["K208"]
    sign_path(network, str(second), keys["ana"], None, None)
    assert "The releases before it are those it names, byte for byte: 1.0.0." in how(second).proved
    path = release / "release.json"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert codes(how(second)) == ["K213"]
    shutil.rmtree(release)
    outcome = how(second)
    assert outcome.holds
    assert "That 1.0.0, the release before, was as named: it is not beside it." in outcome.not_proved


def test_the_chain_does_not_lead_out(how, network):
    second = network.releases / "tiny" / "v1.1.0"
    path = second / "release.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"previous_version": "1.0.0"', '"previous_version": "/../x"')
    )
    assert "K213" in codes(how(second))


def test_the_pointer_guards_against_rollback_and_freeze(network, how, keys):
    product = network.releases / "tiny"
    sign_path(network, str(product / "v1.1.0"), keys["ana"], None, None)
    outcome = how(product)
    assert outcome.holds
    assert "1.1.0 was the newest release on" in said(outcome)[0]
    assert "K212" in codes(how(product, moment=NOW + timedelta(days=91)))

    pointer = product / "latest.json"
    old = {path: path.read_bytes() for path in product.glob("latest.json*")}
    sign_path(network, str(pointer), keys["joao"], None, NOW + timedelta(days=200))
    assert "K212" not in codes(how(product, moment=NOW + timedelta(days=91)))
    assert len(list(product.glob("latest.json*"))) == 2
    sign_path(network, str(pointer), keys["joao"], None, None)
    assert "K212" in codes(how(product, moment=NOW + timedelta(days=91)))

    back = json.loads(old[pointer])
    first = network.releases / "tiny" / "v1.0.0" / "release.json"
    back.update(version="1.0.0", folder="v1.0.0", release=hashlib.sha256(first.read_bytes()).hexdigest())
    pointer.write_text(json.dumps(back), encoding="utf-8")
    assert {"K214", "K206"} <= set(codes(how(product)))  # the signatures beside it are for another pointer


def test_a_release_from_the_web_is_verified_too(network, how, release):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=network.workspace))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        outcome = how(f"{address}/releases/tiny/v1.0.0", pixels=False)  # GDAL would keep this process from serving
        assert outcome.holds, outcome.findings
        assert "a web address cannot be listed" in said(outcome)[1]
        assert "2 people of 2 organisations" in said(outcome)[0]
        lose_signature(network.submissions / "valley" / "1.0.0")
        assert codes(how(f"{address}/submissions/valley/1.0.0", pixels=False)) == ["K210"]
        with pytest.raises(UsageError, match="K304"):
            how(f"{address}/releases")
    finally:
        server.shutdown()


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_kinds_of_keys_sign_a_submission(network, keys, public, how, claims, kind, edit_policy):
    path = network.root / "trust/allowed_signers"
    line = f'eva@city.example namespaces="submission@banat" {public(kind)}\n'
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    people = network.trust().policy.model_dump()["people"]
    people["eva@city.example"] = {"name": "Eva", "organisation": "City Lab"}
    edit_policy(people=people, submit={"urban": ["eva@city.example"]})
    made = submit(network, "urban", "1.1.0", claims("urban"), key=keys[kind])
    assert made.acknowledged.signed[0].startswith("Eva")
    assert how(made.folder).holds


def test_a_key_in_an_agent_signs(network, keys, claims, how, tmp_path, monkeypatch):
    if shutil.which("ssh-agent") is None:
        pytest.skip("ssh-agent is not installed")
    socket = tmp_path / "a"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    try:
        agent.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["ssh-add", "-q", keys["ilinca"]], check=True)
        lonely = tmp_path / "key.pub"
        shutil.copy(keys["ilinca"].with_suffix(".pub"), lonely)
        made = submit(network, "valley", "1.2.0", claims("valley"), key=lonely)
        assert how(made.folder).holds
    finally:
        agent.terminate()
        agent.wait()


def test_a_folder_that_came_with_the_download_is_not_believed(network, release, call, tmp_path, monkeypatch):
    """A forger who sends maps sends a trust/ along; only what the reader names counts."""
    copy = tmp_path / "download"
    shutil.copytree(release, copy)
    shutil.copytree(network.root / "trust", tmp_path / "trust")
    monkeypatch.chdir(tmp_path / "download")
    status, text = call("verify", copy)
    assert status == 1
    assert "K215" in text


class TestCommands:
    """The command line."""

    def test_verify_says_what_holds_and_ends_so(self, network, release, call, valley):
        status, text = call("--project", network.root, "verify", release)
        assert (status, "Not proved" in text, "holds: all that was asked for is proved" in text) == (0, True, True)
        status, text = call("verify", release, "--trust", network.root / "trust", "--quick", "--json")
        assert status == 0
        assert json.loads(text)["holds"] is True
        edit_raster(valley)
        status, text = call("--project", network.root, "verify", valley)
        assert (status, "S104" in text, "does not hold" in text) == (1, True, True)
        assert call("--project", network.root, "verify", network.root)[0] == 2
        assert call("verify", release, "--trust", network.root / "nothing")[0] == 1
        assert call("--project", network.root, "verify", release, "--at", "soon")[0] == 2

    def test_a_name_that_commands_the_terminal_is_told_without_its_commands(self, network, call, valley):
        """Whoever packs a download names its files; an escape sequence in a name must not reach the terminal."""
        (valley / "innocent\x1b]0;owned\x07.tif").write_bytes(b"")
        status, text = call("--project", network.root, "verify", valley)
        assert (status, "S120" in text) == (1, True)
        assert "innocent?]0;owned?.tif" in text
        assert "\x1b" not in text

    def test_submit_sign_review_release(self, network, call, keys, tmp_path, claims):
        mutirao = functools.partial(call, "--project", network.root)
        for year, plane in zip((2021, 2022), claims("urban"), strict=True):
            write(tmp_path / "towns" / f"towns_{year}.tif", network, plane)
        arguments = ("submit", "urban", "--version", "1.1.0", "--rasters", tmp_path / "towns")
        assert "K210" in mutirao(*arguments)[1]
        status, text = mutirao(*arguments, "--key", keys["ana"])
        assert (status, "receipt, kept in" in text, "signed Ana (ana@prado.example, Prado)" in text) == (0, True, True)
        arguments = ("review", "urban", "1.1.0", "--because", "towns grew", "--key", keys["joao"])
        assert mutirao(*arguments)[0] == 2
        status, text = mutirao(*arguments, "--accept")
        assert (status, "urban 1.1.0 is accepted by João" in text) == (0, True)
        assert mutirao("build")[0] == 0
        text = mutirao("release", "--version", "1.2.0")[1]
        assert "not signed yet: 0 of 2 signatures and 0 of 2 organisations; ask for the signatures of radu" in text
        folder = network.releases / "tiny" / "v1.2.0"
        status, text = mutirao("sign", folder, "--key", keys["radu"])
        assert (status, "proves that Radu" in text) == (0, True)
        assert "was already signed" in mutirao("sign", folder, "--key", keys["radu"])[1]
        assert mutirao("verify", folder)[0] == 1
        assert mutirao("sign", folder / "release.json", "--key", keys["joao"])[0] == 0
        assert mutirao("verify", folder)[0] == 0
        assert mutirao("sign", folder.parent / "latest.json", "--key", keys["joao"], "--expires", "2099-01-01")[0] == 0
        assert mutirao("verify", folder.parent)[0] == 0
        notes = (folder / "release-notes.md").read_text(encoding="utf-8")
        assert "- `urban` 1.1.0: Ana (ana@prado.example, Prado) signed as submitter" in notes

    def test_a_network_begins_to_sign(self, tiny_project, call, keys):
        mutirao = functools.partial(call, "--project", tiny_project.root)
        assert "K305" in mutirao("trust", "show")[1]
        who = ("--principal", "ana@x", "--name", "Ana", "--organisation", "Prado", "--key", f"{keys['ana']}.pub")
        assert mutirao("trust", "init", "rio", *who)[0] == 0
        text = mutirao("trust", "show", "--json")[1]
        assert json.loads(text)["people"][0]["roles"][1:] == ["review", "accuracy", "rebuild", "release"]
        assert "must be signed: submission, release" in mutirao("trust", "show")[1]


def write(path, project, plane):
    """Write a file as the towns' partner delivers it, nodata 255."""
    grid = project.collection("tiny").value.grid
    path.parent.mkdir(exist_ok=True)
    profile = {"crs": grid.crs, "transform": grid.transform, "width": grid.shape[1], "height": grid.shape[0]}
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="uint8", nodata=255, **profile) as dst:
        dst.write(np.where(plane, plane, 255).astype(np.uint8), 1)
