"""Groups of classes that a chain names for itself, beside those of the legend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mutirao.filters.lookup import Classes, Lookup
from mutirao.model import Reference


@dataclass(frozen=True, slots=True)
class OwnGroups:
    """The names of a legend and the groups of a chain; a group of the chain hides one of the same name."""

    legend: Classes
    groups: Mapping[str, frozenset[int]]

    @property
    def id(self) -> str:
        """Name for people."""
        return self.legend.id

    def resolve(self, reference: Reference) -> frozenset[int]:
        """Return the codes of a code, class or group; KeyError if there is none."""
        own = self.groups.get(reference) if isinstance(reference, str) else None
        return own if own is not None else self.legend.resolve(reference)

    def known_names(self) -> list[str]:
        """Return the names that `resolve` understands."""
        return sorted({*self.groups, *self.legend.known_names()})


def own_groups(groups: Mapping[str, tuple[Reference, ...]], look: Lookup) -> Classes:
    """Look up the groups of a chain; `look` tells places in its file."""
    found = {name: frozenset(look.codes(members, "groups", name)) for name, members in groups.items()}
    return OwnGroups(look.legend, found) if found else look.legend
