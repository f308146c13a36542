"""What people sign about a submission once it is in: how accurate it is, and what a run from its sources gave."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mutirao.model import Frozen, Id, Version
from mutirao.modules.quality.accuracy import Assessment
from mutirao.modules.receipt import CodeRecord
from mutirao.trust.reviews import Reviewed


class AccuracyRecord(Frozen):
    """Somebody answers for an assessment of one submission: proofs/<module>/<version>/<time>-accuracy.json."""

    schema_version: Literal["1"] = Field(default="1", description="Version of this format.")
    subject: Reviewed = Field(description="What was assessed.")
    assessment: Assessment = Field(description="The entry of accuracy.yaml, word for word.")
    by: str = Field(description="Principal of the assessor; the signature must be theirs.")
    when: str = Field(description="UTC time, ISO 8601, as the assessor states it.")


class Rebuild(Frozen):
    """What a run from the sources came to: proofs/<module>/<version>/<time>.json."""

    module: Id = Field(description="Module.")
    version: Version = Field(description="Version of the submission.")
    submission: str = Field(description="Digest of the bytes of submission.json.")
    same: tuple[int, ...] = Field(description="Years with the same pixels.")
    other: tuple[int, ...] = Field(description="Years with other pixels.")
    code: CodeRecord = Field(description="State of the network's repository at the run.")
    software: dict[str, str] = Field(description="Version by name.")
    when: str = Field(description="UTC time, ISO 8601.")

    @property
    def holds(self) -> bool:
        """Whether every year has the same pixels."""
        return bool(self.same) and not self.other

    @property
    def subject(self) -> Reviewed:
        """The submission that the run was held against."""
        return Reviewed(module=self.module, version=self.version, sha256=self.submission)

    def in_words(self) -> str:
        """Return what the run gave."""
        if self.holds:
            return f"the same pixels in all {len(self.same)} years"
        return f"other pixels in {', '.join(map(str, self.other))}"
