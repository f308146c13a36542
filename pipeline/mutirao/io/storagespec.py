"""Where a network keeps what it makes: configs/storage.yaml."""

from __future__ import annotations

from pydantic import Field, field_validator

from mutirao.io.places import is_far
from mutirao.model import Frozen


class Storage(Frozen):
    """Folders, relative to the repository, or addresses such as `s3://bucket/network`; `--workspace` wins over all."""

    workspace: str = Field(default="workspace", description="What is made, but for the parts below.")
    submissions: str | None = Field(
        default=None,
        description="Holds submissions/, and beside it the reviews, receipts and proofs that speak of them.",
    )
    builds: str | None = Field(default=None, description="Holds builds/: results by tile, builds and their logs.")
    releases: str | None = Field(default=None, description="Holds releases/.")

    @field_validator("workspace", "submissions", "builds", "releases")
    @classmethod
    def _can_be_written(cls, where: str | None) -> str | None:
        if where and "://" in where and not is_far(where):
            raise ValueError("is neither a folder nor an S3 address such as s3://bucket/network")
        return where
