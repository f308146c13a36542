"""What changed between two versions of a collection, in hectares, and through which module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mutirao.engine.cluster import run_tasks
from mutirao.engine.progress import Progress
from mutirao.grid import Grid, Tile
from mutirao.legend import Legend
from mutirao.release.windows import strips

CHAIN = "filter chain"
RULES = "rules: "
"""Begins the name of a cause that is a change of the rules."""
COLUMNS = ("year", "class_from", "name_from", "class_to", "name_to", "through", "area_ha")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the maps. T years."""

    years: tuple[int, ...]
    read: Callable[[str, Tile], np.ndarray]
    """Returns a window of all years of a layer, (T, y, x) uint8: `class`, or `source`, the number of the module whose
    claim won, 0 for none."""
    modules: Mapping[int, str]
    """Module by number."""
    versions: Mapping[str, str]
    """Version of the submission by module."""


@dataclass(frozen=True, slots=True)
class OldRules:
    """What the later version would be, had its rules stayed as they were: its own claims and chain, the old rules."""

    read: Callable[[str, Tile], np.ndarray]
    """Returns a window of all years, (T, y, x): `class`, uint8 codes, or `cause`, uint16, the number of the rule that a
    change is put down to, 0 if the chain carried it here."""
    names: tuple[str, ...]
    """Rule by number; number 0 is ''."""


Kind = tuple[int, int, int, int]
"""Year, class before, class after and number of the cause."""


def compare_versions(
    before: Version,
    after: Version,
    legend: Legend,
    grid: Grid,
    progress: Progress,
    old_rules: OldRules | None = None,
) -> pd.DataFrame:
    """Sum the area that changed class, by year, classes and cause; window by window, on all cores.

    The cause of a changed pixel is a rule, if the change disappears when the old rules are applied to the new claims:
    had nobody touched the rules, the pixel would have the class it had. Else it is the module that decides it now, if
    that module came with another submission; else the module that decided it before, if that one did; else the filter
    chain, which carries a change to its neighbours in time and space. Years that only one version has are left out.

    Parameters
    ----------
    grid : of the later version, with its tiles; the other one lies on it, too.
    old_rules : None if the rules are the same or if those of the version before are not known.

    Returns
    -------
    Table with the columns `COLUMNS`, largest areas first within a year.
    """
    renewed = {name for name, version in after.versions.items() if before.versions.get(name) != version}
    renewed |= set(before.versions) - set(after.versions)
    comparison = _Comparison(before, after, sorted(renewed), grid, old_rules)
    windows = strips(grid)
    with progress.stage("Comparing with the version before", len(windows)) as advance:
        parts = run_tasks(comparison.sums_of, windows, advance)
    sums: defaultdict[Kind, float] = defaultdict(float)
    for part in parts:
        for kind, area in part.items():
            sums[kind] += area
    causes = [CHAIN, *comparison.renewed, *_rule_causes(old_rules)]
    rows = [
        (year, old, _name(legend, old), new, _name(legend, new), causes[cause], area)
        for (year, old, new, cause), area in sorted(sums.items())
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    ordered = frame.assign(area_ha=frame["area_ha"].astype(float).round(6))
    return ordered.sort_values(["year", "area_ha"], ascending=[True, False], ignore_index=True)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two versions, and what may be the cause of a change between them."""

    before: Version
    after: Version
    renewed: Sequence[str]
    """Modules that came with another submission."""
    grid: Grid
    old_rules: OldRules | None

    def sums_of(self, window: Tile) -> dict[Kind, float]:
        """Return the hectares of a window that changed, by kind."""
        old, new = self.before.read("class", window), self.after.read("class", window)
        pixel_ha = np.broadcast_to(self.grid.areas_ha(window), window.shape)
        shared = sorted(set(self.before.years) & set(self.after.years))
        places = [(self.before.years.index(year), self.after.years.index(year)) for year in shared]
        if all((old[t] == new[u]).all() for t, u in places):
            return {}
        causes = self._causes(window, old, places)
        found: dict[Kind, float] = {}
        for year, (t, u), cause in zip(shared, places, causes, strict=True):
            for kind, area in _sum_kinds(old[t], new[u], cause, pixel_ha):
                found[year, *kind] = area
        return found

    def _causes(self, window: Tile, old: np.ndarray, places: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
        """Yield the number of the cause of each pixel, (y, x), year by year."""
        numbers = [_numbers(version, self.renewed) for version in (self.before, self.after)]
        sources = [version.read("source", window) for version in (self.before, self.after)]
        kept = {name: self.old_rules.read(name, window) for name in ("class", "cause")} if self.old_rules else {}
        for t, u in places:
            cause = _cause(numbers[0][sources[0][t]], numbers[1][sources[1][u]])
            if kept:
                cause = np.where(kept["class"][u] == old[t], kept["cause"][u] + 1 + len(self.renewed), cause)
            yield cause


def _sum_kinds(
    old: np.ndarray, new: np.ndarray, cause: np.ndarray, pixel_ha: np.ndarray
) -> Iterator[tuple[tuple[int, int, int], float]]:
    """Yield the hectares that changed by class before, class after and number of the cause; all arrays are (y, x)."""
    changed = old != new
    key = (old[changed].astype(np.int64) << 8 | new[changed]) << 32 | cause[changed]
    kinds, kind = np.unique(key, return_inverse=True)
    sums = np.bincount(kind, pixel_ha[changed], len(kinds))
    for k, area in zip(kinds.tolist(), sums.tolist(), strict=True):
        yield (k >> 40, k >> 32 & 255, k & 0xFFFFFFFF), area


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
