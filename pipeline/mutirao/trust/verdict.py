"""Judge signatures: what each proves, or why it proves nothing. Whatever is not proved counts as refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mutirao.errors import Finding
from mutirao.trust import keygen
from mutirao.trust.policy import WHO, Policy, Role
from mutirao.trust.signers import Signer
from mutirao.trust.sshsig import PublicKey, Signature, SignatureError, UnknownKindError

Check = Callable[[Signature, bytes, str], None]
"""Proves a signature over bytes in a namespace, or raises SignatureError."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything that decides who may sign what."""

    policy: Policy
    signers: tuple[Signer, ...]
    revoked: frozenset[PublicKey]
    where: str = "trust"
    """Folder it was read from, for people."""

    def requires(self, role: Role) -> bool:
        """Return whether something without a good signature in a role is refused."""
        return role in self.policy.require


@dataclass(frozen=True, slots=True)
class Proof:
    """What a good signature proves."""

    role: Role
    principal: str
    name: str
    organisation: str
    fingerprint: str
    file: str
    until: datetime | None = None
    """When the key expires."""

    def __str__(self) -> str:
        return f"{self.name} ({self.principal}, {self.organisation}) signed as {WHO[self.role]} with {self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is signed: exact bytes, in a role, for a module if it is a submission."""

    name: str
    """For people: file or folder."""
    message: bytes
    role: Role
    module: str | None = None
    keys: tuple[PublicKey, ...] = ()
    """Keys that the module's manifest allows; none allows all of its submitters' keys."""


def verify(signature: Signature, message: bytes, namespace: str) -> None:
    """Prove a signature: in Python, or with ssh-keygen if only that knows the kind of key (hardware keys).

    Raises
    ------
    SignatureError
        It does not hold, or nothing here can tell.
    """
    try:
        signature.verify(message, namespace)
    except UnknownKindError:
        with TemporaryDirectory() as folder:
            keygen.verify(signature, message, namespace, Path(folder))


def judge(
    text: str, file: str, subject: Subject, trust: Trust, moment: datetime, check: Check = verify
) -> Proof | Finding:
    """Judge one signature.

    Parameters
    ----------
    text : the armoured signature.
    file : where it was read, for people.
    moment : time at which the key must have been valid.

    Returns
    -------
    What it proves, or the one reason why it proves nothing: K201 it cannot be read; K202 the key is unknown; K203 the
    key is revoked; K204 the key may not sign in this role; K205 the key was not valid then; K206 it does not hold for
    these bytes, or was made for another role; K207 the person may not sign this; K209 the manifest does not list the
    key.
    """
    try:
        signature = Signature.parse(text)
    except (SignatureError, UnicodeDecodeError) as err:
        return Finding("K201", f"the signature {err}", file, "sign again with 'mutirao sign'")
    key = signature.key
    known = [signer for signer in trust.signers if signer.key == key]
    if key in trust.revoked:
        remedy = "sign again with a key that is not revoked, and look at what else this key signed"
        return Finding("K203", f"the key {key.fingerprint} is revoked", file, remedy)
    if not known:
        remedy = "add the key to trust/allowed_signers by a reviewed change, or sign with a key that is there"
        return Finding("K202", f"nobody is known to have the key {key.fingerprint}", file, remedy)
    try:
        check(signature, subject.message, trust.policy.namespace(subject.role))
    except SignatureError as err:
        remedy = "bring back the file as it was signed, or have it signed again by who answers for it"
        return Finding("K206", f"the signature {err}", file, remedy)
    return _allowed(known, signature, file, subject, trust, moment)


def _allowed(
    known: Sequence[Signer], signature: Signature, file: str, subject: Subject, trust: Trust, moment: datetime
) -> Proof | Finding:
    """Judge the person behind a signature that holds."""
    policy, key = trust.policy, signature.key
    in_role = [signer for signer in known if signer.may_use(policy.namespace(subject.role))]
    if not in_role:
        remedy = "let somebody sign who has this role; roles are the namespaces in trust/allowed_signers"
        return Finding("K204", f"the key {key.fingerprint} may not sign as {WHO[subject.role]}", file, remedy)
    reasons = [reason for signer in in_role if (reason := signer.why_not_at(moment))]
    if len(reasons) == len(in_role):
        return Finding("K205", f"{reasons[0]}, and {moment:%Y-%m-%d} counts here", file, "sign with a valid key")
    valid = [signer for signer in in_role if signer.why_not_at(moment) is None]
    people = [name for name in policy.people if any(signer.is_of(name) for signer in valid)]
    entitled = [name for name in people if policy.may(subject.role, name, subject.module)]
    if not entitled:
        what = f"submit for '{subject.module}'" if subject.module else f"sign as {WHO[subject.role]}"
        who = " and ".join(people) or "nobody of trust/policy.yaml"
        return Finding("K207", f"the key is that of {who}, who may not {what}", file, _others(subject, policy))
    if subject.keys and key not in subject.keys:
        remedy = f"add the key to 'keys' in the manifest of '{subject.module}', or sign with one that is there"
        return Finding("K209", f"the manifest does not list the key {key.fingerprint}", file, remedy)
    person = policy.people[entitled[0]]
    until = next((signer.before for signer in valid if signer.is_of(entitled[0])), None)
    return Proof(subject.role, entitled[0], person.name, person.organisation, key.fingerprint, file, until)


def _others(subject: Subject, policy: Policy) -> str:
    """Return as a remedy who may sign."""
    names = [name for name in policy.people if policy.may(subject.role, name, subject.module)]
    if not names:
        return "nobody has this right yet: give it to somebody in trust/policy.yaml, by a reviewed change"
    return f"ask {' or '.join(names)} to sign; rights stand in trust/policy.yaml"


def short_of(proofs: Iterable[Proof], policy: Policy, where: str) -> Finding | None:
    """Return what a release lacks: enough people with keys of their own, of enough organisations."""
    one_each: dict[str, Proof] = {}
    used: set[str] = set()
    for proof in proofs:
        if proof.principal not in one_each and proof.fingerprint not in used:
            one_each[proof.principal] = proof
            used.add(proof.fingerprint)
    organisations = {proof.organisation for proof in one_each.values()}
    wanted = policy.release
    if len(one_each) >= wanted.signatures and len(organisations) >= wanted.organisations:
        return None
    message = (
        f"{len(one_each)} of {wanted.signatures} signatures and {len(organisations)} of {wanted.organisations} "
        "organisations"
    )
    every_one_new = wanted.organisations - len(organisations) >= wanted.signatures - len(one_each)
    missing = [
        name
        for name in wanted.people
        if name not in one_each and not (every_one_new and policy.people[name].organisation in organisations)
    ]
    return Finding("K208", message, where, f"ask for the signatures of {', '.join(missing)}")
