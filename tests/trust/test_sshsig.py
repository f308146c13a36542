"""Signatures: made by ssh-keygen, verified in Python."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutirao.errors import UsageError
from mutirao.trust import keygen
from mutirao.trust.sshsig import PublicKey, Signature, SignatureError

MESSAGE = b'{"module": "forest"}\n'


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_signature_holds_for_its_bytes_and_its_namespace_only(public, keys, kind):
    signature = Signature.parse(keygen.sign(MESSAGE, keys[kind], "submission@banat"))
    signature.verify(MESSAGE, "submission@banat")
    assert signature.key == PublicKey.parse(public(kind))
    with pytest.raises(SignatureError, match="does not belong to these bytes"):
        signature.verify(MESSAGE + b" ", "submission@banat")
    with pytest.raises(SignatureError, match="made for 'submission@banat', not for 'release@banat'"):
        signature.verify(MESSAGE, "release@banat")


def test_short_rsa_key_is_not_enough(keys):
    signature = Signature.parse(keygen.sign(MESSAGE, keys["weak"], "a@b"))
    with pytest.raises(SignatureError, match="1024 bits"):
        signature.verify(MESSAGE, "a@b")


def test_key_of_somebody_else_in_the_signature_does_not_help(public, keys):
    signature = Signature.parse(keygen.sign(MESSAGE, keys["stranger"], "a@b"))
    key = PublicKey.parse(public("ana"))
    forged = Signature(key, "a@b", signature.hash_name, signature.algorithm, signature.raw)
    with pytest.raises(SignatureError, match="does not belong"):
        forged.verify(MESSAGE, "a@b")


def test_ssh_keygen_verifies_the_kinds_that_python_does_not_know(keys, tmp_path):
    armoured = keygen.sign(MESSAGE, keys["ed25519"], "a@b")
    keygen.verify(Signature.parse(armoured), MESSAGE, "a@b", tmp_path)
    with pytest.raises(SignatureError, match="does not belong"):
        keygen.verify(Signature.parse(armoured), b"other", "a@b", tmp_path)


def test_fingerprint_is_that_of_ssh_keygen(public, keys):
    said = subprocess.run(["ssh-keygen", "-l", "-f", keys["ana"]], capture_output=True, check=True, text=True).stdout
    assert PublicKey.parse(public("ana")).fingerprint == said.split()[1]


def test_missing_key_is_named(tmp_path):
    with pytest.raises(UsageError, match="K301 there is no such key"):
        keygen.sign(MESSAGE, tmp_path / "none", "a@b")


def test_file_that_is_no_key_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("no key", encoding="ascii")
    with pytest.raises(UsageError, match="K303"):
        keygen.sign(MESSAGE, path, "a@b")


@pytest.fixture(scope="module")
def armoured(keys) -> str:
    return keygen.sign(MESSAGE, keys["ed25519"], "a@b")


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_damaged_signature_is_refused_and_never_crashes(armoured, place, change):
    damaged = bytearray(armoured.encode())
    damaged[place % len(damaged)] ^= change
    text = damaged.decode("latin-1")
    try:
        Signature.parse(text).verify(MESSAGE, "a@b")
    except SignatureError:
        return
    assert Signature.parse(text).raw == Signature.parse(armoured).raw  # only white space was changed


@given(st.text(max_size=80))
def test_any_text_as_a_key_is_refused_with_a_reason(text):
    with pytest.raises(SignatureError):
        PublicKey.parse(text)
