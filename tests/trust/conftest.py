"""Keys made for the occasion, and a small network that trusts them."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mutirao.trust.policy import Policy
from mutirao.trust.signers import read_revoked, read_signers
from mutirao.trust.verdict import Trust

KINDS = {"ed25519": (), "rsa": ("-b", "3072"), "ecdsa": ("-b", "256"), "weak": ("-b", "1024")}
POLICY = {
    "network": "banat",
    "people": {
        "ilinca@verde.example": {"name": "Ilinca", "organisation": "Verde"},
        "radu@verde.example": {"name": "Radu", "organisation": "Verde"},
        "ana@prado.example": {"name": "Ana", "organisation": "Prado"},
        "joao@rio.example": {"name": "João", "organisation": "Rio"},
    },
    "submit": {"forest": ["ilinca@verde.example"], "meadows": ["ana@prado.example"]},
    "review": ["joao@rio.example"],
    "release": {
        "people": ["radu@verde.example", "ana@prado.example", "joao@rio.example"],
        "signatures": 2,
        "organisations": 2,
    },
}


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Give private keys by name; the public ones lie beside them."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen, which makes the keys of these tests, is not installed")
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ilinca", "radu", "ana", "joao", "stranger", *KINDS):
        kind = {"weak": "rsa"}.get(name, name if name in KINDS else "ed25519")
        command = ["ssh-keygen", "-q", "-t", kind, *KINDS.get(name, ()), "-N", "", "-C", name, "-f", folder / name]
        subprocess.run(command, check=True)
    return {path.stem: path.with_suffix("") for path in folder.glob("*.pub")}


@pytest.fixture(scope="session")
def public(keys) -> Callable[[str], str]:
    """Give what returns somebody's public key as text."""
    return lambda who: keys[who].with_suffix(".pub").read_text(encoding="ascii").strip()


@pytest.fixture
def policy() -> dict[str, Any]:
    """Give the policy as it stands in its file."""
    return copy.deepcopy(POLICY)


@pytest.fixture
def trust(public) -> Trust:
    """Give the network's trust: everybody's key, in the roles that the policy gives them."""
    lines = [
        f'ilinca@verde.example namespaces="submission@banat" {public("ilinca")}',
        f'radu@verde.example namespaces="release@banat",valid-before="20300101" {public("radu")}',
        "ana@prado.example " + public("ana"),
        f'joao@rio.example namespaces="re*@banat" {public("joao")}',
    ]
    return Trust(Policy.model_validate(POLICY), read_signers(lines, str), read_revoked([], str))
