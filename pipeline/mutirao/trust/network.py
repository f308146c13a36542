"""The folder trust/ of a network's repository: what it believes, and a first draft of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import get_args

from mutirao.errors import ConfigError, Finding, UsageError
from mutirao.io import configs
from mutirao.io.configs import Model, Source
from mutirao.io.storage import whole_folder, write_text
from mutirao.trust.policy import WHO, Policy, Role
from mutirao.trust.signers import Signer, read_revoked, read_signers
from mutirao.trust.sshsig import PublicKey, SignatureError
from mutirao.trust.verdict import Trust

FOLDER = "trust"
POLICY, SIGNERS, REVOKED = "policy.yaml", "allowed_signers", "revoked_keys"
_SIGNERS_HEAD = (
    "# Who may sign: principal, roles, key. When a key ends, write valid-before; the line stays, for old signatures.\n"
)
_REVOKED_HEAD = "# Keys that are lost or stolen, one public key a line. Whatever they signed counts no more.\n"


def load_trust(folder: Path) -> Trust | None:
    """Read a network's trust.

    Returns
    -------
    None if there is no such folder: the network does not sign.

    Raises
    ------
    ConfigError
        K103: one of the three files is missing; K101, K102: a line of one cannot be read; C102 to C106: the policy is
        wrong. A folder that is not understood is never taken for one that is not there.
    """
    if not folder.is_dir():
        return None
    missing = [name for name in (POLICY, SIGNERS, REVOKED) if not (folder / name).is_file()]
    if missing:
        remedy = "add the file; revoked_keys may be empty. 'mutirao trust init' writes all three"
        raise ConfigError(*(Finding("K103", f"{name} is missing", str(folder / name), remedy) for name in missing))
    texts = tuple(_text(folder / name) for name in (POLICY, SIGNERS, REVOKED))
    return _parsed(folder, *texts)


@lru_cache(maxsize=16)
def _parsed(folder: Path, policy: str, signers: str, revoked: str) -> Trust:
    """Read trust from texts; they are the key of the cache, since a build asks for it hundreds of times."""
    return Trust(
        configs.load(folder / POLICY, Policy).value,
        read_signers(signers.splitlines(), _line_of(folder / SIGNERS)),
        read_revoked(revoked.splitlines(), _line_of(folder / REVOKED)),
        str(folder),
    )


def _line_of(path: Path) -> Callable[[int], str]:
    return lambda number: f"{path}:{number}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        remedy = "check the permissions, and save the file as UTF-8 text"
        if path.name == REVOKED:  # what `ssh-keygen -k` writes is no text
            remedy += ", one public key a line; a binary list of ssh-keygen is not read"
        raise ConfigError.because("C101", f"cannot be read: {err}", where=str(path), remedy=remedy) from err


def doubts(trust: Trust) -> tuple[Finding, ...]:
    """Return what would surprise people: somebody with a role and without a key for it (K104)."""
    policy = trust.policy
    roles: list[tuple[str, Role]] = [(name, "submission") for names in policy.submit.values() for name in names]
    for role in get_args(Role):
        roles += [(name, role) for name in policy.people if role != "submission" and policy.may(role, name)]
    findings = []
    for name, role in dict.fromkeys(roles):
        if not any(_can(signer, name, f"{role}@{policy.network}", trust) for signer in trust.signers):
            message = f"'{name}' may sign as {WHO[role]}, and has no key that may"
            remedy = f'add a line with namespaces="{role}@{policy.network}" to {SIGNERS}'
            findings.append(Finding("K104", message, f"{trust.where}/{POLICY}", remedy, "advise"))
    return tuple(findings)


def _can(signer: Signer, name: str, namespace: str, trust: Trust) -> bool:
    return signer.is_of(name) and signer.may_use(namespace) and signer.key not in trust.revoked


def keys_of(source: Source[Model], keys: tuple[str, ...]) -> tuple[PublicKey, ...]:
    """Return the keys that a manifest lists.

    Raises
    ------
    ConfigError
        K105, for each that is no public key.
    """
    parsed, findings = [], []
    for number, text in enumerate(keys):
        try:
            parsed.append(PublicKey.parse(text))
        except SignatureError as err:
            remedy = "write the key as it stands in the .pub file: ssh-ed25519 AAAA..."
            findings.append(Finding("K105", f"keys: {err}", source.at("keys", number), remedy))
    if findings:
        raise ConfigError(*findings)
    return tuple(parsed)


def begin(root: Path, network: str, principal: str, name: str, organisation: str, key: PublicKey) -> Path:
    """Write trust/ with one person in all roles, to be filled with others.

    Raises
    ------
    UsageError
        K106: there is a trust/ already.
    """
    folder = root / FOLDER
    if folder.exists():
        remedy = f"edit {POLICY}, {SIGNERS} and {REVOKED} in it, by pull request"
        raise UsageError.because("K106", "the network has a trust/ already", where=str(folder), remedy=remedy)
    modules = sorted(path.parent.name for path in (root / "contributors").glob("[!_.]*/manifest.yaml"))
    with whole_folder(folder, POLICY) as partial:
        write_text(partial / POLICY, _draft(network, principal, name, organisation, modules))
        roles = ",".join(f"{role}@{network}" for role in get_args(Role))
        write_text(partial / SIGNERS, f'{_SIGNERS_HEAD}{principal} namespaces="{roles}" {key}\n')
        write_text(partial / REVOKED, _REVOKED_HEAD)
        load_trust(partial)
    return folder


def _draft(network: str, principal: str, name: str, organisation: str, modules: list[str]) -> str:
    who = json.dumps(principal)
    words = {"name": name, "organisation": organisation}
    person = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in words.items())
    submit = "".join(f"  {module}: [{who}]\n" for module in modules) or "  {}\n"
    return f"""# yaml-language-server: $schema=../configs/schemas/policy.schema.json
# Who may sign what. Changes by reviewed pull request; keys stand in allowed_signers.
network: {network}
people:
  {who}: {{{person}}}
submit:    # who may submit, by module
{submit}review: [{who}]      # who accepts and rejects submissions
accuracy: [{who}]    # who answers for an assessed accuracy
rebuild: [{who}]     # who answers for a run from the sources
release:   # who signs releases, how many of them, from how many organisations
  people: [{who}]
  signatures: 1
  organisations: 1
require: [submission, release]    # add 'review' when builds shall take only what a reviewer accepted
"""
