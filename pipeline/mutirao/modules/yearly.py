"""Values by year, some of which could not be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ByYear(Generic[T]):
    """Values by year, and why some years have none."""

    values: Mapping[int, T]
    """Value by year, in order of the years."""
    missing: Mapping[int, str] = field(default_factory=dict)
    """Reason by year for which the value could not be made."""
