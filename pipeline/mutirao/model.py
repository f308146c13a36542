"""Base of every configuration value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mutirao.errors import UsageError


class Frozen(BaseModel):
    """A value read from a configuration file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values, validated; cached properties are computed anew."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**values, **(update or {})}, by_name=True)


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
"""Name of a thing that has a file or folder: lower case, digits, `_` and `-`."""
_VERSION = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$"
Version = Annotated[str, Field(pattern=_VERSION)]
"""major.minor.patch"""
Reference = int | str
"""A class code, a class name or a group name of the legend; for a layer, a value or a value's name."""


def _as_code(key: object) -> object:
    """Return a class code as a number again: in JSON, in which builds keep rules and chains, all keys are text."""
    return int(key) if isinstance(key, str) and key.isdecimal() else key


ReferenceKey = Annotated[Reference, BeforeValidator(_as_code)]
"""A reference that is a key of a mapping."""


def version_key(version: str) -> tuple[int, ...]:
    """Return a version as integers, so that 0.10.0 sorts after 0.9.0."""
    return tuple(int(part) for part in version.split("."))


def require_version(text: str) -> str:
    """Return a version as it is.

    Raises
    ------
    UsageError
        U106: it is not major.minor.patch.
    """
    if not re.fullmatch(_VERSION, text):
        remedy = "write major.minor.patch, for example 1.0.0"
        raise UsageError.because("U106", f"'{text}' is no version", where="--version", remedy=remedy)
    return text
