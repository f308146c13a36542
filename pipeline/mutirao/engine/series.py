"""Which submission each year of a module is read from, and what the collection says where a year is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mutirao.collection import Collection, Member
from mutirao.engine.ledger import digest_of
from mutirao.errors import Finding, UsageError
from mutirao.grid import Grid, Tile
from mutirao.legend import NODATA
from mutirao.model import version_key
from mutirao.modules.module import Module
from mutirao.modules.receipt import tile_digests, window_digest
from mutirao.modules.store import StoredSubmission, list_submissions, load_submission
from mutirao.project import Project


@dataclass(frozen=True, slots=True)
class Series:
    """A module's years as a build reads them."""

    module: str
    stored: StoredSubmission
    """The submission that the collection uses."""
    by_year: dict[int, StoredSubmission | None]
    """The same, an earlier submission, or none: no claim in that year."""

    def read_claims(self, window: Tile, out: np.ndarray | None = None) -> np.ndarray:
        """Read (year, y, x) uint8 claims, 0 in years without a submission; into `out` if it is given."""
        claims = np.empty((len(self.by_year), *window.shape), np.uint8) if out is None else out
        for t, (year, stored) in enumerate(self.by_year.items()):
            if stored:
                stored.read_claims([year], window, claims[t : t + 1])
            else:
                claims[t] = NODATA
        return claims

    def claims_nothing(self, digests: Mapping[str, str], tiles: Iterable[Tile]) -> bool:
        """Return whether digests by tile, those of `tile_digests`, say that nothing is claimed in any of some tiles."""
        years = self.stored.receipt.years
        return all(digests[tile.id] == _digest_of_nothing(years, tile.shape) for tile in tiles)

    def versions(self) -> dict[int, str | None]:
        """Return by year the version of the submission that is read."""
        return {year: stored.receipt.version if stored else None for year, stored in self.by_year.items()}

    def missing(self) -> Iterator[str]:
        """Yield in words each year that is not the submission's own."""
        for year, stored in self.by_year.items():
            if stored is None:
                yield f"{self.module} does not deliver {year}"
            elif stored is not self.stored:
                yield f"{self.module} {year} is taken from the earlier submission {stored.receipt.version}"

    def tile_digests(self, grid: Grid) -> dict[str, str]:
        """Return by tile a digest of what is read: the receipt's, joined with those of earlier submissions."""
        own = _digests(self.stored, grid)
        borrowed = {year: stored for year, stored in self.by_year.items() if stored and stored is not self.stored}
        if not borrowed:
            return own
        others = {year: _digests(stored, grid) for year, stored in borrowed.items()}
        return {tile: digest_of(own[tile], {year: other[tile] for year, other in others.items()}) for tile in own}


def link_series(
    project: Project, collection: Collection, modules: Sequence[Module], submissions: Sequence[StoredSubmission]
) -> tuple[Series, ...]:
    """Decide for each module and year what is read.

    Raises
    ------
    UsageError
        B105, for every year that a submission lacks although the manifest announces it, unless the collection says
        what to do.
    """
    findings: list[Finding] = []
    members = {member.module: member for member in collection.modules}
    series = tuple(
        Series(module.id, stored, _by_year(project, collection, members[module.id], module, stored, findings))
        for module, stored in zip(modules, submissions, strict=True)
    )
    if findings:
        raise UsageError(*findings)
    return series


def _by_year(
    project: Project,
    collection: Collection,
    member: Member,
    module: Module,
    stored: StoredSubmission,
    findings: list[Finding],
) -> dict[int, StoredSubmission | None]:
    chosen: dict[int, StoredSubmission | None] = {}
    for year in collection.years.all():
        chosen[year] = stored if year in stored.receipt.years else None
        if chosen[year] is None and member.missing == "previous":
            chosen[year] = _earlier(project, stored, year, collection.grid)
        if chosen[year] is None and member.missing != "nodata" and year in module.manifest.years:
            findings.append(_lacks(module.id, stored, year, member.missing))
    return chosen


def _earlier(project: Project, stored: StoredSubmission, year: int, grid: Grid) -> StoredSubmission | None:
    """Return the newest earlier submission that has the year."""
    receipt = stored.receipt
    for version in reversed(list_submissions(project, receipt.module, for_build=True)):
        if version_key(version) < version_key(receipt.version):
            other = load_submission(project, receipt.module, version, for_build=True)
            if year in other.receipt.years:
                other.require_grid(grid)
                return other
    return None


def _lacks(module: str, stored: StoredSubmission, year: int, policy: str) -> Finding:
    no_other = ", nor has any earlier submission" if policy == "previous" else ""
    message = f"{module} {stored.receipt.version} has no {year}, which its manifest announces{no_other}"
    remedy = "submit the year, or write 'missing: previous' or 'missing: nodata' at the module in the collection"
    return Finding("B105", message, str(stored.folder), remedy)


@lru_cache(maxsize=64)
def _digest_of_nothing(years: tuple[int, ...], shape: tuple[int, int]) -> str:
    return window_digest(dict.fromkeys(years, np.full(shape, NODATA, np.uint8)))


def _digests(stored: StoredSubmission, grid: Grid) -> dict[str, str]:
    """Return digests by tile of a grid; a receipt for another tile side is of no use here."""
    if stored.receipt.grid == grid:
        return stored.receipt.tiles
    years = stored.receipt.years
    return tile_digests(dict(zip(years, stored.read_claims(years), strict=True)), grid)
