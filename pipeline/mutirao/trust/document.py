"""What can be signed, read from a folder or the web: a submission, what people say about it, a release, a pointer."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from mutirao.errors import QualityError, UsageError
from mutirao.io.places import is_far, is_web, place
from mutirao.io.storage import find_bytes, read_bytes
from mutirao.modules.quality.records import AccuracyRecord, Rebuild
from mutirao.modules.receipt import RECEIPT, Submission
from mutirao.release.pointer import POINTER, Pointer
from mutirao.release.record import MANIFEST, Release
from mutirao.trust.policy import Role
from mutirao.trust.reviews import Review
from mutirao.trust.signatures import Judged, find_signatures, judge_all
from mutirao.trust.sshsig import PublicKey
from mutirao.trust.verdict import Subject, Trust

MAX_RECORD_BYTES = 1 << 28
"""A receipt names tiles and a release files; no record of a network is larger."""
_MODELS: dict[str, type[BaseModel]] = {RECEIPT: Submission, MANIFEST: Release, POINTER: Pointer}
_SAID: tuple[type[BaseModel], ...] = (Review, AccuracyRecord, Rebuild)
"""What people say about a submission; the names of these files tell a time."""
_ROLES: dict[type[BaseModel], Role] = {
    Submission: "submission",
    Review: "review",
    AccuracyRecord: "accuracy",
    Rebuild: "rebuild",
    Release: "release",
    Pointer: "release",
}
Record = Submission | Review | AccuracyRecord | Rebuild | Release | Pointer


@dataclass(frozen=True, slots=True)
class Document:
    """A record, its exact bytes and where they lie."""

    folder: str
    """Path or URL without a slash at the end."""
    name: str
    message: bytes
    record: Record

    @property
    def place(self) -> str:
        """Path or URL of the file."""
        return f"{self.folder}/{self.name}"

    @property
    def role(self) -> Role:
        """Role in which it is signed."""
        return _ROLES[type(self.record)]

    @property
    def digest(self) -> str:
        """Digest of the bytes, sha256."""
        return hashlib.sha256(self.message).hexdigest()

    @property
    def stated(self) -> datetime:
        """Time that the record gives itself; nothing proves it.

        Raises
        ------
        QualityError
            S104: it is no time.
        """
        match self.record:
            case Pointer(issued=moment):
                return moment
            case Submission(created=text) | Release(released=text):
                return _moment(text, self.place)
            case Review(when=text) | AccuracyRecord(when=text) | Rebuild(when=text):
                return _moment(text, self.place)

    def subject(self, keys: tuple[PublicKey, ...] = ()) -> Subject:
        """Return what is signed."""
        module = self.record.module if isinstance(self.record, Submission) else None
        return Subject(self.name, self.message, self.role, module, keys)

    def judged(self, trust: Trust, moment: datetime) -> Judged:
        """Judge all signatures that lie beside it."""
        words = list(trust.policy.people)
        if isinstance(self.record, Pointer):
            words.append(self.digest[:16])
        return judge_all(find_signatures(self.folder, self.name, words), self.subject(), trust, moment)


def open_document(location: str) -> Document:
    """Read what lies at a path or URL: a file, or a folder that holds one.

    Raises
    ------
    UsageError
        K304: nothing that can be signed is there.
    QualityError
        S104: the record is damaged.
    ResourceError
        R201: it cannot be reached.
    """
    folder, name = _split(location.rstrip("/"))
    message = read_bytes(f"{folder}/{name}", MAX_RECORD_BYTES)
    record = _named(message, name, f"{folder}/{name}") if name in _MODELS else _said(message, f"{folder}/{name}")
    assert isinstance(record, Record)
    return Document(folder, name, message, record)


def _named(message: bytes, name: str, place: str) -> BaseModel:
    """Read a record whose kind its name tells."""
    try:
        return _MODELS[name].model_validate_json(message)
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        message_text = f"the record is damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        remedy = "restore the file from a copy; if it was never intact, do not use it"
        raise QualityError.because("S104", message_text, where=place, remedy=remedy) from err


def _said(message: bytes, place: str) -> BaseModel:
    """Read what somebody says about a submission: the one kind that it fits, since no kind allows unknown keys."""
    for model in _SAID:
        with suppress(ValidationError):
            return model.model_validate_json(message)
    raise _unknown(place)


def _split(location: str) -> tuple[str, str]:
    if not is_web(location) and not is_far(location):
        location = Path(location).expanduser().absolute().as_posix()
    if location.endswith(".json"):
        folder, _, name = location.rpartition("/")
        return (folder or "."), name
    if not is_web(location) and not place(location).is_dir():
        raise _unknown(location)
    for name in (MANIFEST, RECEIPT, POINTER):
        if find_bytes(f"{location}/{name}", MAX_RECORD_BYTES) is not None:
            return location, name
    raise _unknown(location)


def _unknown(place: str) -> UsageError:
    remedy = f"name a folder with {RECEIPT} or {MANIFEST}, a record of reviews/ or proofs/, or {POINTER}"
    message = "there is nothing here that can be signed: no submission, review, proof or release"
    return UsageError.because("K304", message, where=place, remedy=remedy)


def _moment(text: str, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        remedy = "restore the file from a copy"
        raise QualityError.because("S104", f"'{text}' is no time", where=place, remedy=remedy) from err
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def earlier(stated: datetime, now: datetime) -> datetime:
    """Return the stated time, but none in the future: a key cannot be used before its time by lying about it."""
    return min(stated, now)
