"""Signature files: `submission.json.sig`, `release.json.<principal>.sig`, beside what they sign."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from mutirao.errors import Finding, ResourceError
from mutirao.io.places import is_web, place
from mutirao.io.storage import find_bytes, opened
from mutirao.trust.sshsig import MAX_SIGNATURE_BYTES
from mutirao.trust.verdict import Proof, Subject, Trust, judge

SUFFIX = ".sig"
MAX_SIGNATURES = 100
"""Signatures of one file that are looked at; a network has fewer curators."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the signatures of one file prove, and why the others prove nothing."""

    proofs: tuple[Proof, ...]
    refused: tuple[Finding, ...]


def belongs(name: str, signed: str) -> bool:
    """Return whether a file is, by its name, a signature of another."""
    return name.startswith(f"{signed}.") and name.endswith(SUFFIX)


def find_signatures(folder: str, name: str, words: Iterable[str]) -> dict[str, str]:
    """Return the text of each signature of a file by its place.

    Parameters
    ----------
    folder : path or URL.
    words : what may stand between the file's name and `.sig`, for a web address: principals.
    """
    if not is_web(folder):
        here = place(folder)
        names = sorted(path.name for path in here.iterdir() if belongs(path.name, name))
        places = [f"{folder}/{found}" for found in names if not (here / found).is_symlink()]
        return {place: _beginning(place) for place in places[:MAX_SIGNATURES]}
    candidates = [f"{folder}/{name}{SUFFIX}", *(f"{folder}/{name}.{word}{SUFFIX}" for word in dict.fromkeys(words))]
    return {place: text for place in candidates[:MAX_SIGNATURES] if (text := _fetched(place)) is not None}


def _beginning(place: str) -> str:
    """Read as much as a signature can have, and a byte more: `Signature.parse` refuses a longer one."""
    with opened(place) as stream:
        return stream.read(MAX_SIGNATURE_BYTES + 1).decode("utf-8", "replace")


def _fetched(place: str) -> str | None:
    with suppress(ResourceError):  # what cannot be fetched proves nothing, as what is not there
        found = find_bytes(place, MAX_SIGNATURE_BYTES)
        return None if found is None else found.decode("utf-8", "replace")
    return None


def judge_all(texts: dict[str, str], subject: Subject, trust: Trust, moment: datetime) -> Judged:
    """Judge signatures; two by one person with one key are one."""
    verdicts = [judge(text, place, subject, trust, moment) for place, text in texts.items()]
    proofs = {(v.principal, v.fingerprint): v for v in verdicts if isinstance(v, Proof)}
    return Judged(tuple(proofs.values()), tuple(v for v in verdicts if isinstance(v, Finding)))
