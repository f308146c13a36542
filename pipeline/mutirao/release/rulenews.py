"""What changed in the rules since the version before, who decided it, and what that alone does to the map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mutirao.engine.basis import RULES
from mutirao.engine.build import Build
from mutirao.engine.evidence import evidence_of
from mutirao.engine.impact import Impact, Rules, measure
from mutirao.engine.impacttables import by, by_class
from mutirao.engine.progress import Progress
from mutirao.errors import ConfigError
from mutirao.grid import Tile
from mutirao.integration.decisions import HOLES, RuleChange, compare_rules
from mutirao.integration.impact import Block, answerable, renumber
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.resolve import Where
from mutirao.io import blocks
from mutirao.io.places import Place
from mutirao.io.storage import read_record
from mutirao.project import Project
from mutirao.release.diff import OldRules
from mutirao.release.record import MANIFEST, Release

MOST_EFFECTS = 12
"""Rows of a table of effects; all of them are in tables/rule_impact.csv."""


@dataclass(frozen=True)
class RuleNews:
    """Decisions since the version before and their measured effect."""

    changes: tuple[RuleChange, ...] = ()
    impact: Impact | None = None
    """None if no pixel can differ, or if the effect cannot be told."""
    old_rules: OldRules | None = None
    unknown: str = ""
    """Why the changes cannot be told."""
    untold: str = ""
    """Why the effect cannot be told."""

    def by_class(self) -> list[tuple[object, ...]]:
        """Return class before, class now, hectares before the chain and after it; largest first."""
        return [] if self.impact is None else _rows(by_class(self.impact.table))

    def by_rule(self) -> list[tuple[object, ...]]:
        """Return rule before, rule now, hectares before the chain and after it; largest first."""
        if self.impact is None:
            return []
        sums = by(self.impact.table, "rule_from", "rule_to").replace("", "no rule").drop(columns="otherwise_ha")
        return _rows(sums[(sums["before_ha"] > 0) | (sums["after_ha"] > 0)])


def _rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(frame.head(MOST_EFFECTS).itertuples(index=False, name=None))


def tell_rules(project: Project, build: Build, previous: Place, scratch: Path, progress: Progress) -> RuleNews:
    """Compare the rules of a build with those of the release before it, and measure the difference.

    Parameters
    ----------
    scratch : an empty folder in which `RuleNews.old_rules` keeps its pixels as long as they are asked for.
    """
    version = previous.name.removeprefix("v")
    if not (previous / RULES).is_file():
        return RuleNews(unknown=f"Version {version} keeps no rules, so a change of rules cannot be told.")
    evidence = evidence_of(project, build)
    old, new = read_record(previous / RULES, RuleSet), evidence.basis.rule_set
    changes = compare_rules(old, new)
    if not any(change.decides for change in changes):
        return RuleNews(changes)
    known = {module.module for module in read_record(previous / MANIFEST, Release).modules}
    introduced = {rule.id for rule in new.rules if rule.source in set(evidence.basis.modules) - known}
    watcher = _Watcher(evidence.build, old, new, changes, introduced, scratch)
    before, now = (
        Rules(f"version {version}", old, _where(version)),
        Rules("this version", new, _where("this version")),
    )
    try:
        impact = measure(project, build, before, now, progress, watch=watcher)
    except ConfigError as error:
        reason = error.findings[0].message
        untold = (
            f"The rules of version {version} do not fit this one ({reason}), so the effect of the change is not told."
        )
        return RuleNews(changes, untold=untold)
    decisions = any(change.decides and change.rule not in introduced for change in changes)
    return RuleNews(changes, impact, watcher.old_rules if decisions else None)


def _where(name: str) -> Where:
    return lambda *place: f"rules of {name}: {'.'.join(map(str, place))}"


class _Watcher:
    """Keeps what a build would be under the old rules, and which rule each difference is put down to, tile by tile."""

    def __init__(
        self,
        build: Build,
        old: RuleSet,
        new: RuleSet,
        changes: tuple[RuleChange, ...],
        introduced: set[str],
        scratch: Path,
    ) -> None:
        names, _, _ = renumber([rule.id for rule in old.rules], [rule.id for rule in new.rules])
        self.grid, self.scratch = build.grid, scratch
        self.old_rules = OldRules(self.read, (*names, HOLES))
        decided = {change.rule for change in changes if change.decides}
        self.decided = np.array([name in decided for name in self.old_rules.names])
        self.introduced = np.array([name in introduced for name in self.old_rules.names])

    def __call__(self, tile: Tile, old: Block, new: Block) -> None:
        cause = answerable(old, new, self.decided)
        # A module that is new needs a rule to be heard: what it brings is put down to the module, not to that rule.
        classes = np.where(self.introduced[cause], new["class"], old["class"])
        blocks.write_block(self._path(tile), {"class": classes, "cause": cause.astype(np.uint16)})

    def read(self, name: str, window: Tile) -> np.ndarray:
        """Return a window of one tile, (year, y, x)."""
        tile = next(self.grid.tiles_meeting(window))
        return blocks.read_window(self._path(tile), name, window.within(tile))

    def _path(self, tile: Tile) -> Path:
        return self.scratch / f"{tile.id}{blocks.SUFFIX}"
