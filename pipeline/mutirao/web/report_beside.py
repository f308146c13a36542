"""What a module report says of other maps: the version before, the last release, neighbours and rivals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mutirao.modules.checks.neighbourhood import Contest, Seam
from mutirao.modules.report import NO_CLAIM, Report
from mutirao.web.charts import Bar, Line, balance, columns, line_panel
from mutirao.web.words import hectares, percent

ROWS = 12
"""Rows of a table of the largest."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is gained and lost, class by class, against another map."""

    title: str
    years: str
    mean_ha: float
    """Hectares that differ in a mean year."""
    classes: Markup | None
    yearly: Markup | None
    largest: list[tuple[str, str, float]]
    """From class, to class, hectares in a mean year."""


def against_before(report: Report) -> Beside | None:
    """Return the difference from the submission before, in a mean year of those that both have."""
    earlier = report.earlier
    if earlier is None:
        return None
    mean = earlier.from_to_ha.mean(axis=0)
    names = [NO_CLAIM, *(item.name for item in report.classes)]
    order = np.argsort(-mean, axis=None, kind="stable")[:ROWS]
    pairs = [np.unravel_index(place, mean.shape) for place in order]
    largest = [(names[i], names[j], float(mean[i, j])) for i, j in pairs if mean[i, j] > 0]
    picture = _gains(names, mean.sum(axis=0), mean.sum(axis=1))
    yearly = _differences(earlier.years, earlier.differs_ha)
    title = f"version {earlier.version}"
    return Beside(title, _span(earlier.years), float(mean.sum()), picture, yearly, largest)


def against_release(report: Report) -> Beside | None:
    """Return the difference from the last release where this module decided it, in a mean year."""
    there = report.neighbourhood
    if there is None or there.release is None or not there.release_years:
        return None
    years = len(there.release_years)
    gained, lost = _sum_by_code((d.code, d.gained_ha, d.lost_ha) for d in there.differences)
    by_year: dict[int, float] = dict.fromkeys(there.release_years, 0.0)
    for difference in there.differences:
        by_year[difference.year] += difference.lost_ha
    codes = _in_order(gained, report)
    picture = _gains(
        [_name(report, code) for code in codes],
        np.array([gained[code] for code in codes]) / years,
        np.array([lost[code] for code in codes]) / years,
    )
    yearly = _differences(there.release_years, list(by_year.values()))
    mean = sum(by_year.values()) / years
    return Beside(f"release {there.release}", _span(there.release_years), mean, picture, yearly, [])


def _sum_by_code(rows: Iterable[tuple[int, float, float]]) -> tuple[dict[int, float], dict[int, float]]:
    first: dict[int, float] = defaultdict(float)
    second: dict[int, float] = defaultdict(float)
    for code, one, other in rows:
        first[code] += one
        second[code] += other
    return first, second


def _in_order(codes: Iterable[int], report: Report) -> list[int]:
    listed = [0, *(item.code for item in report.module.legend.classes)]
    return sorted(codes, key=lambda code: listed.index(code) if code in listed else code + len(listed))


def _name(report: Report, code: int) -> str:
    item = report.module.legend.by_code.get(code)
    return item.title() if item else NO_CLAIM if code == 0 else f"code {code}"


def _gains(names: Sequence[str], gained: np.ndarray, lost: np.ndarray) -> Markup | None:
    kept = [k for k in range(len(names)) if gained[k] or lost[k]]
    if not kept:
        return None
    won, given = ([float(values[k]) for k in kept] for values in (gained, lost))
    return balance([names[k] for k in kept], won, given, hectares, "Hectares lost and gained by class, in a mean year")


def _differences(years: Sequence[int], areas: Sequence[float] | np.ndarray) -> Markup | None:
    bars = [Bar(str(y), float(area), f"{y}: {hectares(float(area))}") for y, area in zip(years, areas, strict=True)]
    return columns(bars, hectares, "Hectares that differ, by year") if len(bars) > 1 and any(areas) else None


def _span(years: Sequence[int]) -> str:
    if len(years) == 1:
        return str(years[0])
    whole = len(years) == years[-1] - years[0] + 1
    return f"{years[0]} to {years[-1]}" if whole else f"{len(years)} years from {years[0]} to {years[-1]}"


@dataclass(frozen=True, slots=True)
class SeamLine:
    """One neighbour."""

    module: str
    version: str
    years: str
    overlap: str
    overlap_inside: str
    overlap_pixels: int
    across: str
    inside: str
    pairs: int
    picture: Markup | None
    """Agreement across the border and inside, over the years."""


def seams(report: Report) -> list[SeamLine]:
    """Return the seams with each neighbour, all years together, and over the years."""
    there = report.neighbourhood
    if there is None:
        return []
    return [
        _seam(there.all_years(module), [seam for seam in there.seams if seam.module == module])
        for module in there.modules
    ]


def _seam(whole: Seam, listed: Sequence[Seam]) -> SeamLine:
    return SeamLine(
        whole.module,
        whole.version,
        _span([seam.year for seam in listed]),
        percent(whole.overlap.share),
        percent(whole.overlap_inside.share),
        whole.overlap.compared,
        percent(whole.across.share),
        percent(whole.inside.share),
        whole.across.compared,
        _seam_picture(whole.module, listed),
    )


def _seam_picture(module: str, listed: Sequence[Seam]) -> Markup | None:
    series = {
        "across the border": ({s.year: s.across.share for s in listed if s.across.share is not None}, "now"),
        "inside": ({s.year: s.inside.share for s in listed if s.inside.share is not None}, "before"),
        "overlap": ({s.year: s.overlap.share for s in listed if s.overlap.share is not None}, "release"),
    }
    lines = [Line(name, values, style) for name, (values, style) in series.items() if values]
    if len(listed) < 2 or not lines:
        return None
    return line_panel(lines, percent, f"Agreement with {module}", size=(320, 128), whole=1.0)


@dataclass(frozen=True, slots=True)
class Rivalry:
    """What is won from and lost to other modules under the rules."""

    years: str
    modules: Markup | None
    rows: list[tuple[str, str, float, float]]
    """Other module, class, hectares won and lost in a mean year."""
    won_ha: float
    lost_ha: float
    claimed_ha: float
    """In a mean year."""


def contests(report: Report) -> Rivalry | None:
    """Return conflicts in a mean year of those that were integrated; none if no rules could be tried."""
    there = report.neighbourhood
    if there is None or not there.contest_years:
        return None
    years = len(there.contest_years)
    sums: dict[tuple[str, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for contest in there.contests:
        _add(sums[contest.module, contest.code], contest)
    rows = [
        (module or "nobody, or the rules", _name(report, code), won / years, lost / years)
        for (module, code), (won, lost) in sums.items()
    ]
    rows.sort(key=lambda row: -(row[2] + row[3]))
    modules = list(dict.fromkeys(row[0] for row in rows))
    won = [sum(row[2] for row in rows if row[0] == module) for module in modules]
    lost = [sum(row[3] for row in rows if row[0] == module) for module in modules]
    picture = balance(modules, won, lost, hectares, "Hectares lost to and won from others") if modules else None
    claimed = sum(there.claimed_ha.values()) / years
    return Rivalry(_span(there.contest_years), picture, rows[:ROWS], sum(won), sum(lost), claimed)


def _add(sums: list[float], contest: Contest) -> None:
    sums[0] += contest.won_ha
    sums[1] += contest.lost_ha
