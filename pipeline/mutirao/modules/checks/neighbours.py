"""M901 to M912 and M851: how does the map fit to those of others, to the rules and to the last release?"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from mutirao.errors import Finding, Place
from mutirao.limits import Limits
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.neighbourhood import Agreement, ClassDifference, Neighbourhood, Seam
from mutirao.modules.checks.noise import class_name
from mutirao.modules.checks.places import worst_places
from mutirao.modules.checks.survey import Survey
from mutirao.modules.module import Module
from mutirao.modules.numbers import years_text

_OTHERS_SHOWN = 3
_Part = Literal["overlap", "across"]


class OverlapAgrees(Check):
    """Where a neighbour claims the same pixels, both maps are about as alike as pixels side by side in either."""

    code = "M901"
    severity = "advise"
    remedy = (
        "look at the places with the neighbour's maintainers: other dates, other samples, or another idea of a class"
    )

    def check(
        self, module: Module, survey: Survey, limits: Limits, neighbourhood: Neighbourhood | None
    ) -> Iterator[Finding]:
        """Compare the agreement in the overlap with that of pixels side by side."""
        for other, seams in _by_module(neighbourhood):
            found = _seam_text(seams, "overlap", limits)
            if found:
                message = f"in the overlap with {other}, version {seams[0].version}, {found}"
                yield self.found(message, module.id, places=_places(survey, other, 0))


class NoSeamAlongBorder(Check):
    """Pixels on both sides of the border with a neighbour are about as alike as pixels along it."""

    code = "M902"
    severity = "advise"
    remedy = (
        "look at the border with the neighbour's maintainers; train on samples of both sides, or map a common strip"
    )

    def check(
        self, module: Module, survey: Survey, limits: Limits, neighbourhood: Neighbourhood | None
    ) -> Iterator[Finding]:
        """Compare the agreement across the border with that along it, inside each map."""
        for other, seams in _by_module(neighbourhood):
            found = _seam_text(seams, "across", limits)
            if found:
                message = f"across the border with {other}, version {seams[0].version}, {found}"
                yield self.found(message, module.id, places=_places(survey, other, 1))


def _by_module(neighbourhood: Neighbourhood | None) -> Iterator[tuple[str, list[Seam]]]:
    for other in neighbourhood.modules if neighbourhood else ():
        yield other, [seam for seam in neighbourhood.seams if seam.module == other]  # type: ignore[union-attr]


def _places(survey: Survey, other: str, which: int) -> tuple[Place, ...]:
    cells = next(sums.cells[which] for sums in survey.beside.seams if sums.neighbour.module == other)
    return worst_places(cells, survey.grid, survey.cell)


_AGAINST = {"overlap": "overlap_inside", "across": "inside"}
_WORDS = {"overlap": ("pixels", "of pixels side by side"), "across": ("pairs of pixels", "along it")}


def _seam_text(seams: Sequence[Seam], part: _Part, limits: Limits) -> str:
    """Return what is wrong with a seam, in words; nothing if all is well."""
    gap = limits.overlap_gap if part == "overlap" else limits.seam_gap
    bad = [seam for seam in seams if is_seam(getattr(seam, part), getattr(seam, _AGAINST[part]), gap, limits)]
    whole, against = (sum((getattr(s, name) for s in seams), Agreement()) for name in (part, _AGAINST[part]))
    if not bad and not is_seam(whole, against, gap, limits):
        return ""
    shown = bad or list(seams)
    one, other = (sum((getattr(s, name) for s in shown), Agreement()) for name in (part, _AGAINST[part]))
    what, beside = _WORDS[part]
    text = f"{one.share:.1%} of {one.compared} {what} are of one class, {beside} {other.share:.1%}"
    return f"{text}, in {years_text(seam.year for seam in shown)}"


def is_seam(one: Agreement, against: Agreement, gap: float, limits: Limits) -> bool:
    """Return whether a share is smaller than another by more than a gap, and by more than chance.

    Both are shares of pairs taken as independent, so the standard error is that of two binomial shares.
    """
    if min(one.compared, against.compared) < limits.seam_pairs:
        return False
    shares = [part.alike / part.compared for part in (one, against)]
    variance = sum(p * (1 - p) / part.compared for p, part in zip(shares, (one, against), strict=True))
    return shares[1] - shares[0] > max(gap, limits.seam_sigma * math.sqrt(variance))


class LittleIsLost(Check):
    """The rules leave a module most of what it claims of a class."""

    code = "M911"
    severity = "advise"
    remedy = "talk to the maintainers of the rules, or leave the class to those who map it best"

    def check(self, module: Module, limits: Limits, neighbourhood: Neighbourhood | None) -> Iterator[Finding]:
        """Compare what is lost with what is claimed, by class."""
        if neighbourhood is None:
            return
        whole, years = sum(neighbourhood.claimed_ha.values()), len(neighbourhood.contest_years)
        for code, claimed in neighbourhood.claimed_ha.items():
            lost = _by_other((c.module, c.lost_ha) for c in neighbourhood.contests if c.code == code)
            total = sum(lost.values())
            if claimed > limits.jump_map_share * whole and total > limits.most_lost * claimed:
                message = f"{class_name(module, code)}: the rules give {total / years:.1f} of {claimed / years:.1f} ha "
                message += f"({total / claimed:.0%}) to others in a mean year: {_shown(lost, years)}"
                yield self.found(message, module.id)


class LittleIsTaken(Check):
    """A submission leaves the other modules most of what they claim."""

    code = "M912"
    severity = "advise"
    remedy = "look at the map: is it right there, and do the other module's maintainers know?"

    def check(self, module: Module, limits: Limits, neighbourhood: Neighbourhood | None) -> Iterator[Finding]:
        """Compare what is taken from each module with what it claims."""
        if neighbourhood is None:
            return
        won = _by_other((contest.module, contest.won_ha) for contest in neighbourhood.contests)
        years = len(neighbourhood.contest_years)
        for other, theirs in neighbourhood.theirs_ha.items():
            taken = won.get(other, 0.0)
            if taken > limits.most_won * theirs:
                classes = _by_other(
                    (class_name(module, c.code), c.won_ha) for c in neighbourhood.contests if c.module == other
                )
                message = f"under the rules this takes {taken / years:.1f} ha in a mean year from {other}, "
                message += f"{taken / theirs:.0%} of what version {neighbourhood.versions[other]} claims: "
                yield self.found(message + _shown(classes, years), module.id)


def _by_other(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for name, area in pairs:
        sums[name] += area
    return dict(sums)


def _shown(areas: dict[str, float], years: int) -> str:
    """Return the largest areas of a mean year by name."""
    largest = sorted(areas.items(), key=lambda item: -item[1])[:_OTHERS_SHOWN]
    return ", ".join(f"{name or 'the rules themselves'} {area / years:.1f} ha" for name, area in largest if area)


class ReleaseIsKept(Check):
    """No class of some size has a quite different area than in the last release, where the module decided it."""

    code = "M851"
    severity = "advise"
    remedy = "say in the method page what became different, and why; the notes of the next release will show it"

    def check(self, module: Module, limits: Limits, neighbourhood: Neighbourhood | None) -> Iterator[Finding]:
        """Compare the areas of each class, the years that were looked at together."""
        if neighbourhood is None or neighbourhood.release is None:
            return
        years, differences = len(neighbourhood.release_years), neighbourhood.differences
        least = limits.jump_map_share * sum(max(d.before_ha, d.now_ha) for d in differences)
        for code in sorted({difference.code for difference in differences} & module.codes):
            before, now, gained, lost = _sums(d for d in differences if d.code == code)
            if max(before, now) > least and abs(now - before) > limits.most_released_difference * before:
                message = f"{class_name(module, code)} has {now / years:.1f} ha in a mean year, "
                message += (
                    f"{before / years:.1f} ha in release {neighbourhood.release} ({(now - before) / years:+.1f}: "
                )
                yield self.found(f"{message}{gained / years:.1f} gained, {lost / years:.1f} lost)", module.id)


def _sums(differences: Iterable[ClassDifference]) -> tuple[float, ...]:
    rows = [(d.before_ha, d.now_ha, d.gained_ha, d.lost_ha) for d in differences]
    return tuple(sum(column) for column in zip(*rows, strict=True))


NEIGHBOURS = (OverlapAgrees, NoSeamAlongBorder, LittleIsLost, LittleIsTaken, ReleaseIsKept)
