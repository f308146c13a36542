"""Review records: a reviewer accepts or rejects one submission, with reasons, and signs that."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mutirao.model import Frozen, Id, Version

Opinion = Literal["accept", "reject"]


class Reviewed(Frozen):
    """The submission that was looked at, by its bytes."""

    module: Id = Field(description="Module.")
    version: Version = Field(description="Version of the submission.")
    sha256: str = Field(description="Digest of the bytes of submission.json.")


class Review(Frozen):
    """What one reviewer says about one submission: reviews/<module>/<version>/<time>-<principal>.json."""

    schema_version: Literal["1"] = Field(default="1", description="Version of this format.")
    subject: Reviewed = Field(description="What was looked at.")
    verdict: Opinion = Field(description="What the reviewer says.")
    reasons: str = Field(min_length=1, description="Why.")
    by: str = Field(description="Principal of the reviewer; the signature must be theirs.")
    when: str = Field(description="UTC time, ISO 8601, as the reviewer states it.")
    checks: str = Field(description="Digest of the check report that was looked at.")
