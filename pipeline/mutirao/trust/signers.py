"""The files of trust: `allowed_signers` and `revoked_keys`, in the formats of ssh-keygen.

A line of `allowed_signers` names principals, then options, then a key:
`radu@verde.example namespaces="submission@banat" valid-before="20280101" ssh-ed25519 AAAA...`
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from mutirao.errors import ConfigError, Finding
from mutirao.trust.sshsig import PublicKey, SignatureError

_OPTIONS = ("namespaces", "valid-after", "valid-before")
_REMEDY = 'write: name@place namespaces="submission@network" ssh-ed25519 AAAA...'
_FORMS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and who may sign what with it."""

    principals: tuple[str, ...]
    key: PublicKey
    namespaces: tuple[str, ...]
    """Patterns with `*` and `?`; empty allows every namespace."""
    after: datetime | None
    before: datetime | None
    line: int

    def may_use(self, namespace: str) -> bool:
        """Return whether the key may sign in a namespace."""
        return not self.namespaces or any(fnmatch.fnmatchcase(namespace, pattern) for pattern in self.namespaces)

    def is_of(self, principal: str) -> bool:
        """Return whether the key belongs to a principal; the line may name many by a pattern."""
        return any(fnmatch.fnmatchcase(principal, pattern) for pattern in self.principals)

    def why_not_at(self, moment: datetime) -> str | None:
        """Return why the key is not valid at a moment; None if it is."""
        if self.after and moment < self.after:
            return f"the key is valid only from {self.after:%Y-%m-%d}"
        if self.before and moment >= self.before:
            return f"the key expired on {self.before:%Y-%m-%d}"
        return None


def read_signers(lines: Iterable[str], where: Callable[[int], str]) -> tuple[Signer, ...]:
    """Read the lines of an `allowed_signers` file.

    Parameters
    ----------
    where : tells the place of a line, counted from 1.

    Raises
    ------
    ConfigError
        K101, with all lines that cannot be read.
    """
    signers: list[Signer] = []
    findings: list[Finding] = []
    for number, line in _told(lines):
        try:
            signers.append(_signer(line, number))
        except (SignatureError, ValueError) as err:
            findings.append(Finding("K101", f"the line cannot be read: {err}", where(number), _REMEDY))
    if findings:
        raise ConfigError(*findings)
    return tuple(signers)


def read_revoked(lines: Iterable[str], where: Callable[[int], str]) -> frozenset[PublicKey]:
    """Read the lines of a `revoked_keys` file: one public key each.

    Raises
    ------
    ConfigError
        K102, with all lines that cannot be read: a key that is not understood must not count as good.
    """
    keys: set[PublicKey] = set()
    findings: list[Finding] = []
    for number, line in _told(lines):
        try:
            keys.add(PublicKey.parse(line))
        except SignatureError as err:
            remedy = "write the public key as it stands in a .pub file, one a line"
            findings.append(Finding("K102", f"the line cannot be read: {err}", where(number), remedy))
    if findings:
        raise ConfigError(*findings)
    return frozenset(keys)


def _told(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _signer(line: str, number: int) -> Signer:
    words = shlex.split(line)
    at = next((i for i, word in enumerate(words) if i > 0 and _is_key(word)), None)
    if at is None or at + 1 >= len(words):
        raise ValueError("there is no key of a known kind in it")
    options = dict(_option(word) for text in words[1:at] for word in _split(text))
    return Signer(
        principals=tuple(words[0].split(",")),
        key=PublicKey.parse(f"{words[at]} {words[at + 1]}"),
        namespaces=tuple(options["namespaces"].split(",")) if "namespaces" in options else (),
        after=_moment(options.get("valid-after")),
        before=_moment(options.get("valid-before")),
        line=number,
    )


def _is_key(word: str) -> bool:
    return word.startswith(("ssh-", "ecdsa-sha2-", "sk-"))


def _split(text: str) -> list[str]:
    """Split options that stand together, `a="1,2",b=3`: a comma ends an option if a known name follows it."""
    parts: list[str] = []
    for piece in text.split(","):
        if parts and piece.partition("=")[0] not in (*_OPTIONS, "cert-authority"):
            parts[-1] += f",{piece}"
        else:
            parts.append(piece)
    return parts


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if name not in _OPTIONS or not equals:
        raise ValueError(f"the option '{name}' is not supported; options are {', '.join(_OPTIONS)}")
    return name, value


def _moment(text: str | None) -> datetime | None:
    """Read a time such as 20280101 or 20280101093000Z; always UTC, so that all machines agree."""
    if text is None:
        return None
    digits = text.removesuffix("Z")
    if len(digits) not in _FORMS:
        raise ValueError(f"'{text}' is no time; write YYYYMMDD")
    return datetime.strptime(digits, _FORMS[len(digits)]).replace(tzinfo=UTC)
