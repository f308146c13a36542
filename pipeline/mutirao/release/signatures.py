"""Sign a release while nobody sees it yet, and say who has signed one that is out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mutirao.io.places import Place
from mutirao.io.storage import write_text
from mutirao.project import Project
from mutirao.release.pointer import POINTER
from mutirao.release.record import MANIFEST
from mutirao.trust.document import open_document
from mutirao.trust.signing import require_trust, signature_of, signature_path
from mutirao.trust.verdict import Subject, short_of


class Signer:
    """Signs with one curator's key; it refuses before anything is visible if that would prove nothing."""

    def __init__(self, project: Project, key: Path) -> None:
        self._trust, self._key = require_trust(project), key

    def release(self, folder: Path) -> None:
        """Sign release.json in a folder that nobody sees yet."""
        path = folder / MANIFEST
        text, proof = signature_of(Subject(MANIFEST, path.read_bytes(), "release"), self._trust, self._key)
        write_text(signature_path(path, "release", proof.principal), text)

    def pointer(self, message: bytes) -> str:
        """Return the signature of latest.json."""
        return signature_of(Subject(POINTER, message, "release"), self._trust, self._key)[0]


def signatures_in_words(project: Project, folder: Place) -> str:
    """Return who signed a release, and what is still missing."""
    trust = project.trust()
    if trust is None:
        return "unsigned: the network does not sign, it has no trust/"
    proofs = open_document(str(folder / MANIFEST)).judged(trust, datetime.now(UTC)).proofs
    names = ", ".join(f"{proof.name} ({proof.organisation})" for proof in proofs)
    lacking = short_of(proofs, trust.policy, str(folder))
    said = f"signed by {names}" if proofs else "not signed yet"
    return f"{said}: {lacking.message}; {lacking.remedy}" if lacking else f"{said}: enough"
