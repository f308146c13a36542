"""The folder trust/: read whole or refused, begun by a command, and the same for ssh-keygen."""

from __future__ import annotations

import subprocess

import pytest

from mutirao.errors import ConfigError, UsageError
from mutirao.trust import keygen
from mutirao.trust.network import begin, doubts, keys_of, load_trust


def test_network_without_the_folder_does_not_sign(tiny_project):
    assert tiny_project.trust() is None


@pytest.mark.parametrize("name", ["policy.yaml", "allowed_signers", "revoked_keys"])
def test_a_missing_file_is_no_network_without_trust(network, name):
    (network.root / "trust" / name).unlink()
    with pytest.raises(ConfigError, match=f"K103 {name} is missing"):
        network.trust()


def test_mistakes_are_told_with_their_line(network, edit_policy):
    (network.root / "trust" / "allowed_signers").write_text("# people\nana\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"allowed_signers:2: K101"):
        network.trust()
    edit_policy(reviewer=["ana@prado.example"])
    with pytest.raises(ConfigError, match=r"policy\.yaml:\d+:\d+: C104 unknown key 'reviewer'.*did you mean 'review'"):
        network.trust()


def test_a_binary_list_of_revoked_keys_is_refused_with_what_to_write(network, public, tmp_path):
    (tmp_path / "lost.pub").write_text(public("ana"), encoding="utf-8")
    revoked = network.root / "trust" / "revoked_keys"
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(revoked), str(tmp_path / "lost.pub")], check=True)
    with pytest.raises(ConfigError, match=r"revoked_keys: C101 .*one public key a line; a binary list"):
        network.trust()


def test_an_edit_is_seen_at_once(network, edit_policy):
    assert network.trust().requires("release")
    edit_policy(require=["submission"])
    assert not network.trust().requires("release")


def test_somebody_without_a_key_for_a_role_is_told(network, edit_signers):
    assert doubts(network.trust()) == ()
    edit_signers('namespaces="review@banat,release@banat"', 'namespaces="release@banat"')
    (finding,) = doubts(network.trust())
    assert (finding.code, finding.severity) == ("K104", "advise")
    assert finding.message == "'joao@rio.example' may sign as reviewer, and has no key that may"


def test_a_network_begins_with_one_person_in_all_roles(tiny_project, keys, public):
    folder = begin(tiny_project.root, "rio", "ana@x", 'Ana "A" João', "Prado", keygen.public_key(keys["ana"]))
    trust = load_trust(folder)
    assert trust.policy.people["ana@x"].name == 'Ana "A" João'
    assert set(trust.policy.submit) == {"valley", "water", "urban"}
    assert trust.signers[0].may_use("release@rio")
    assert not trust.signers[0].may_use("release@banat")
    assert doubts(trust) == ()
    with pytest.raises(UsageError, match="K106"):
        begin(tiny_project.root, "rio", "ana@x", "Ana", "Prado", keygen.public_key(keys["ana"]))


def test_a_name_that_is_none_begins_nothing(tiny_project, keys):
    with pytest.raises(ConfigError, match="C106"):
        begin(tiny_project.root, "No Name", "ana@x", "Ana", "Prado", keygen.public_key(keys["ana"]))
    assert not (tiny_project.root / "trust").exists()


def test_keys_of_a_manifest_must_be_keys(network, public):
    source = network.manifest("valley")
    assert [str(key) for key in keys_of(source, (public("ana"),))] == [" ".join(public("ana").split()[:2])]
    with pytest.raises(ConfigError, match="K105"):
        keys_of(source, ("ssh-ed25519 nothing",))


def test_ssh_keygen_agrees_on_what_was_signed(network):
    """Whoever does not trust mutirao verifies with the tool that is on every machine."""
    folder = network.submissions / "valley" / "1.0.0"
    command = ["ssh-keygen", "-Y", "verify", "-f", network.root / "trust/allowed_signers", "-I", "ilinca@verde.example"]
    options = ["-n", "submission@banat", "-s", folder / "submission.json.sig"]
    done = subprocess.run([*command, *options], input=(folder / "submission.json").read_bytes(), check=False)
    assert done.returncode == 0
    done = subprocess.run([*command, *options], input=b"other", check=False, capture_output=True)
    assert done.returncode != 0
