"""What changed between two versions of a collection, in hectares, and through which module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mutirao.legend import Legend

CHAIN = "filter chain"
RULES = "rules: "
"""Begins the name of a cause that is a change of the rules."""
COLUMNS = ("year", "class_from", "name_from", "class_to", "name_to", "through", "area_ha")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the maps. T years."""

    years: tuple[int, ...]
    classes: np.ndarray
    """(T, y, x) uint8, class codes."""
    source: np.ndarray
    """(T, y, x) uint8, number of the module whose claim won, 0 for none."""
    modules: Mapping[int, str]
    """Module by number."""
    versions: Mapping[str, str]
    """Version of the submission by module."""


@dataclass(frozen=True, slots=True)
class OldRules:
    """What the later version would be, had its rules stayed as they were: its own claims and chain, the old rules."""

    classes: np.ndarray
    """(T, y, x) uint8, class codes."""
    cause: np.ndarray
    """(T, y, x) uint16, number of the rule that a change is put down to; 0 if the chain carried it here."""
    names: tuple[str, ...]
    """Rule by number; number 0 is ''."""


def compare_versions(
    before: Version, after: Version, legend: Legend, pixel_ha: np.ndarray, old_rules: OldRules | None = None
) -> pd.DataFrame:
    """Sum the area that changed class, by year, classes and cause.

    The cause of a changed pixel is a rule, if the change disappears when the old rules are applied to the new claims:
    had nobody touched the rules, the pixel would have the class it had. Else it is the module that decides it now, if
    that module came with another submission; else the module that decided it before, if that one did; else the filter
    chain, which carries a change to its neighbours in time and space. Years that only one version has are left out.

    Parameters
    ----------
    pixel_ha : float64, hectares of each pixel, broadcast against (y, x).
    old_rules : None if the rules are the same or if those of the version before are not known.

    Returns
    -------
    Table with the columns `COLUMNS`, largest areas first within a year.
    """
    renewed = {name for name, version in after.versions.items() if before.versions.get(name) != version}
    renewed |= set(before.versions) - set(after.versions)
    rows = [
        (year, old, _name(legend, old), new, _name(legend, new), cause, area)
        for year in sorted(set(before.years) & set(after.years))
        for old, new, cause, area in _changes_of_year(before, after, year, sorted(renewed), pixel_ha, old_rules)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    ordered = frame.assign(area_ha=frame["area_ha"].astype(float).round(6))
    return ordered.sort_values(["year", "area_ha"], ascending=[True, False], ignore_index=True)


def _changes_of_year(
    before: Version,
    after: Version,
    year: int,
    renewed: Sequence[str],
    pixel_ha: np.ndarray,
    old_rules: OldRules | None,
) -> list[tuple[int, int, str, float]]:
    t, u = before.years.index(year), after.years.index(year)
    old, new = before.classes[t], after.classes[u]
    changed = old != new
    causes = [CHAIN, *renewed, *_rule_causes(old_rules)]
    cause = _cause(_numbers(before, renewed)[before.source[t]], _numbers(after, renewed)[after.source[u]])
    if old_rules is not None:
        cause = np.where(old_rules.classes[u] == old, old_rules.cause[u] + 1 + len(renewed), cause)
    key = (old[changed].astype(np.int64) << 8 | new[changed]) << 32 | cause[changed]
    kinds, kind = np.unique(key, return_inverse=True)
    sums = np.bincount(kind, np.broadcast_to(pixel_ha, old.shape)[changed], len(kinds))
    pairs = zip(kinds.tolist(), sums.tolist(), strict=True)
    return [(k >> 40, k >> 32 & 255, causes[k & 0xFFFFFFFF], area) for k, area in pairs]


def _rule_causes(old_rules: OldRules | None) -> list[str]:
    return [RULES + (name or CHAIN) for name in old_rules.names] if old_rules else []


def _numbers(version: Version, names: Sequence[str]) -> np.ndarray:
    """Return (256,) int64: by number of a module in a version, 1 + its place among the renewed ones, else 0."""
    table = np.zeros(256, np.int64)
    for number, name in version.modules.items():
        table[number] = 1 + names.index(name) if name in names else 0
    return table


def _cause(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.where(after > 0, after, before)


def _name(legend: Legend, code: int) -> str:
    known = legend.by_code.get(code)
    return known.title() if known else "No data"
