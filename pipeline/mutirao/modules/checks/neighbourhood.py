"""What a submission looks like beside the maps of others, as plain values: for findings, reports and `--json`.

Areas are hectares on the ellipsoid, codes those of the collection's legend, 0 is no claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from mutirao.modules.checks.beside import BesideSums, ContestSums, ReleaseSums, SeamSums


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of some comparisons are of one class."""

    compared: int = 0
    """Pixels, or pairs of pixels."""
    alike: int = 0
    """Those of them that are of one class."""

    @property
    def share(self) -> float | None:
        """Share that is alike, 0 to 1; none if nothing was compared."""
        return self.alike / self.compared if self.compared else None

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.compared + other.compared, self.alike + other.alike)


@dataclass(frozen=True, slots=True)
class Seam:
    """One year beside one other module."""

    module: str
    """The other module."""
    version: str
    """Its submission that was read."""
    year: int
    overlap: Agreement
    """Pixels that both claim."""
    overlap_inside: Agreement
    """Pixels side by side in a row of the overlap, in either map: what the overlap is measured against."""
    across: Agreement
    """Pixels that touch by a side, one claimed by this module and one by the other, on the edge of either's claims."""
    inside: Agreement
    """Pixels of one map along that edge, side by side with the former: what the border is measured against."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What one module's claims do to this one's under the rules, in one year and class."""

    year: int
    code: int
    """Class that this module claims."""
    module: str
    """The other module; empty if the rules alone decide."""
    won_ha: float
    """Pixels become this class because of this submission; without it they would have the other module's class."""
    lost_ha: float
    """Pixels are claimed and become another class: the other module's, or, if there is none, what the rules say."""


@dataclass(frozen=True, slots=True)
class ClassDifference:
    """One class and year against the last release, where this module decided it or nobody did."""

    year: int
    code: int
    before_ha: float
    """In the release."""
    now_ha: float
    """In this submission, on the same pixels."""
    gained_ha: float
    """Of another class in the release."""
    lost_ha: float
    """Of another class now."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Everything that was compared with maps of others."""

    seams: tuple[Seam, ...] = ()
    """By module, and by year within a module."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Submission by other module whose claims were weighed under the rules."""
    contest_years: tuple[int, ...] = ()
    """Years that were integrated, with and without this submission; all pixels of them."""
    contests: tuple[Contest, ...] = ()
    """What is won and lost; classes and modules without either are left out."""
    claimed_ha: Mapping[int, float] = field(default_factory=dict)
    """Hectares that this module claims, by class, all `contest_years` together."""
    theirs_ha: Mapping[str, float] = field(default_factory=dict)
    """Hectares that each other module claims, all `contest_years` together."""
    release: str | None = None
    """Version of the last release; none if there is none that can be compared."""
    release_years: tuple[int, ...] = ()
    """Years that were compared with it."""
    differences: tuple[ClassDifference, ...] = ()
    """Classes of the release or of the submission on the pixels that were compared."""

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules that lie beside or over this one, in the order of `seams`."""
        return tuple(dict.fromkeys(seam.module for seam in self.seams))

    def all_years(self, module: str) -> Seam:
        """Return the sums of one module's seams over the years; its year is the last one."""
        listed = [seam for seam in self.seams if seam.module == module]
        parts = {name: _total(getattr(seam, name) for seam in listed) for name in _PARTS}
        return Seam(module, listed[-1].version, listed[-1].year, **parts)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for `--json`; an agreement also says its share."""
        return {
            "seams": [_seam_dict(seam) for seam in self.seams],
            "versions": dict(self.versions),
            "contest_years": list(self.contest_years),
            "contests": [asdict(contest) for contest in self.contests],
            "claimed_ha": {str(code): area for code, area in self.claimed_ha.items()},
            "theirs_ha": dict(self.theirs_ha),
            "release": self.release,
            "release_years": list(self.release_years),
            "differences": [asdict(difference) for difference in self.differences],
        }


_PARTS = ("overlap", "overlap_inside", "across", "inside")


def _total(parts: Iterable[Agreement]) -> Agreement:
    return sum(parts, Agreement())


def _seam_dict(seam: Seam) -> dict[str, Any]:
    parts = {name: {**asdict(getattr(seam, name)), "share": getattr(seam, name).share} for name in _PARTS}
    return {"module": seam.module, "version": seam.version, "year": seam.year, **parts}


def neighbourhood_of(beside: BesideSums) -> Neighbourhood | None:
    """Return what the survey found beside a submission; none if there was nothing to compare with."""
    contest, release = beside.contest, beside.release
    if not (beside.seams or contest or release):
        return None
    return Neighbourhood(
        seams=tuple(seam for sums in beside.seams for seam in _seams(sums)),
        versions=contest.ruling.versions if contest else {},
        contest_years=contest.years if contest else (),
        contests=tuple(_contests(contest)) if contest else (),
        claimed_ha=_by_code(contest.claimed_ha.sum(axis=0)) if contest else {},
        theirs_ha=_theirs(contest) if contest else {},
        release=release.released.version if release else None,
        release_years=release.years if release else (),
        differences=tuple(_differences(release)) if release else (),
    )


def _seams(sums: SeamSums) -> Iterator[Seam]:
    for k, year in enumerate(sums.years):
        parts = (Agreement(int(compared), int(alike)) for compared, alike in sums.sums[k])
        yield Seam(sums.neighbour.module, sums.neighbour.version, year, *parts)


def _contests(sums: ContestSums) -> Iterator[Contest]:
    names = ("", *sums.ruling.modules)
    for k, year in enumerate(sums.years):
        won, lost = sums.won_ha[k], sums.lost_ha[k]
        for code, number in np.argwhere((won > 0) | (lost > 0)).tolist():
            yield Contest(year, code, names[number], float(won[code, number]), float(lost[code, number]))


def _theirs(sums: ContestSums) -> dict[str, float]:
    areas = dict(zip(sums.ruling.modules, sums.theirs_ha.sum(axis=0).tolist(), strict=True))
    return {module: areas[module] for module in sums.ruling.versions}


def _differences(sums: ReleaseSums) -> Iterator[ClassDifference]:
    for k, year in enumerate(sums.years):
        before, now = sums.from_to_ha[k].sum(axis=1), sums.from_to_ha[k].sum(axis=0)
        same = np.diagonal(sums.from_to_ha[k])
        for code in np.flatnonzero(before + now).tolist():
            if code:
                areas = (before[code], now[code], now[code] - same[code], before[code] - same[code])
                yield ClassDifference(year, code, *map(float, areas))


def _by_code(areas: np.ndarray) -> dict[int, float]:
    return {code: float(areas[code]) for code in np.flatnonzero(areas).tolist()}
