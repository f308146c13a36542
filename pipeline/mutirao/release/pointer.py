"""latest.json: which release is the newest. Signed, with an end, it guards against rollback and freeze."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, Field

from mutirao.io.places import Place
from mutirao.io.rasters import file_digest
from mutirao.io.storage import write_text
from mutirao.model import Frozen, Version
from mutirao.release.record import MANIFEST

POINTER = "latest.json"
"""Lies beside the releases of a collection."""
DEFAULT_DAYS = 90
"""How long a signed pointer counts unless said otherwise: one that is not renewed shows that somebody holds it back."""
Sign = Callable[[bytes], str]
"""Signs bytes, and refuses if the signature would prove nothing."""


class Pointer(Frozen):
    """The newest release of a collection."""

    version: Version = Field(description="Version of the newest release.")
    folder: str = Field(pattern=r"^v[0-9.]+$", description="Its folder, beside this file.")
    release: str | None = Field(default=None, description="Digest of the bytes of its release.json.")
    issued: AwareDatetime = Field(description="UTC time at which this was written.")
    expires: AwareDatetime | None = Field(
        default=None, description="Time after which this counts no more; signed only."
    )


def write_pointer(product: Place, version: str, sign: Sign | None, expires: datetime | None) -> Place:
    """Point to a release; a signature appears before what it signs, and those of the pointer before go afterwards.

    Parameters
    ----------
    product : folder of the releases of a collection.
    expires : end of the pointer, in `DEFAULT_DAYS` unless given; none without `sign`.
    """
    folder, now = product / f"v{version}", datetime.now(UTC).replace(microsecond=0)
    pointer = Pointer(
        version=version,
        folder=folder.name,
        release=file_digest(folder / MANIFEST),
        issued=now,
        expires=(expires or now + timedelta(days=DEFAULT_DAYS)) if sign else None,
    )
    text = json.dumps(pointer.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    path = product / POINTER
    kept = signature_of(path, text.encode())
    if sign:
        write_text(kept, sign(text.encode()))
    write_text(path, text)
    for old in product.glob(f"{POINTER}.*.sig"):
        if old != kept:
            old.unlink()
    return path


def signature_of(path: Place, message: bytes) -> Place:
    """Return the file of the signature of a pointer: it has the digest of the pointer in its name."""
    return path.with_name(f"{path.name}.{hashlib.sha256(message).hexdigest()[:16]}.sig")
