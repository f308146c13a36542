"""Keys made for the occasion, and a small network that trusts them."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from mutirao.cli import main
from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.modules.submission import submit
from mutirao.project import Project
from mutirao.release.publish import publish
from mutirao.trust.policy import Policy
from mutirao.trust.signers import read_revoked, read_signers
from mutirao.trust.signing import sign_path
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


TINY = Path(__file__).parents[1] / "projects" / "tiny"
SUBMITTERS = {"valley": "ilinca", "water": "ana", "urban": "ana"}


@pytest.fixture(scope="session")
def claims() -> Callable[[str], np.ndarray]:
    """Give what returns a module's rasters, (year, y, x) uint8 local codes: forest with a river, the river, a town."""
    return _claims


def _claims(module: str) -> np.ndarray:
    codes = np.zeros((2 if module == "urban" else 3, 36, 40), dtype=np.uint8)
    if module == "valley":
        codes[:] = 3
        codes[0, 18:, 20:], codes[1:, 18:, 20:] = 15, 39
    if module == "urban":
        codes[:, :4, 2:6], codes[1, :4, 6:8] = 1, 1
    else:
        codes[:, :, :4] = 33
    return codes


@pytest.fixture(scope="session")
def signers_text(public) -> str:
    """Give allowed_signers: everybody's key, in the roles that the policy gives them."""
    return f"""# people of the tiny network
ilinca@verde.example namespaces="submission@banat" {public("ilinca")}
radu@verde.example namespaces="release@banat" {public("radu")}
ana@prado.example namespaces="submission@banat,release@banat" {public("ana")}
joao@rio.example namespaces="review@banat,release@banat" {public("joao")}
"""


@pytest.fixture(scope="session")
def signed_network(tmp_path_factory, keys, signers_text) -> Path:
    """Give a network that signs: three submissions, 1.0.0 by two curators, 1.1.0 by one; never write into it."""
    root = tmp_path_factory.mktemp("signed") / "tiny"
    shutil.copytree(TINY, root)
    (root / "trust").mkdir()
    policy = copy.deepcopy(POLICY)
    policy["submit"] = {module: [name_of(who)] for module, who in SUBMITTERS.items()}
    YAML().dump(policy, root / "trust" / "policy.yaml")
    (root / "trust" / "allowed_signers").write_text(signers_text, encoding="utf-8")
    (root / "trust" / "revoked_keys").write_text("", encoding="utf-8")
    project = Project(root, root / "workspace")
    for module, who in SUBMITTERS.items():
        submit(project, module, "1.0.0", _claims(module), key=keys[who])
    for version, curators in (("1.0.0", ("radu", "ana")), ("1.1.0", ("radu",))):
        changed = _claims("valley")
        changed[2, 30, 30] = 3
        if version == "1.1.0":
            submit(project, "valley", "1.1.0", changed, key=keys["ilinca"])
        first, *others = curators
        made = publish(project, build(project, "tiny", Silent()), version, Silent(), key=keys[first])
        for who in others:
            sign_path(project, str(made.folder), keys[who], None, None)
    return root


def name_of(who: str) -> str:
    """Return somebody's principal."""
    return next(name for name in POLICY["people"] if name.startswith(who))


@pytest.fixture
def network(signed_network, tmp_path) -> Project:
    """Give a copy of the signed network."""
    root = tmp_path / "tiny"
    shutil.copytree(signed_network, root)
    return Project(root, root / "workspace")


@pytest.fixture
def edit_policy(network) -> Callable[..., None]:
    """Give what changes keys of the network's policy."""

    def edit(**keys: Any) -> None:
        path = network.root / "trust" / "policy.yaml"
        policy = YAML().load(path)
        policy.update(keys)
        YAML().dump(policy, path)

    return edit


@pytest.fixture
def edit_signers(network) -> Callable[[str, str], None]:
    """Give what changes a text in allowed_signers."""

    def edit(old: str, new: str) -> None:
        path = network.root / "trust" / "allowed_signers"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


@pytest.fixture
def revoke(network, public) -> Callable[[str], None]:
    """Give what revokes somebody's key."""

    def revoke(who: str) -> None:
        (network.root / "trust" / "revoked_keys").write_text(f"# lost laptop\n{public(who)}\n", encoding="utf-8")

    return revoke


@pytest.fixture
def call(monkeypatch, capfd) -> Callable[..., tuple[int, str]]:
    """Call `mutirao` as the shell would; return its exit status, and output and messages on one line."""

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["mutirao", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        return int(ended.value.code or 0), re.sub(r"\s+", " ", captured.out + captured.err)

    return call
