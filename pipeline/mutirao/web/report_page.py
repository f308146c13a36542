"""The report of one submission, for those who made the map and those who use it: one page without any other file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mutirao.errors import Finding, blocking
from mutirao.grid import Tile
from mutirao.modules.checks import by_family
from mutirao.modules.checks.alike import Alike, fold
from mutirao.modules.report import NO_CLAIM, Report, Scores
from mutirao.modules.reportmaps import Maps
from mutirao.templates import fill
from mutirao.web.charts import Bar, Line, Part, columns, line_panel, ribbons, stack
from mutirao.web.minimap import MiniMap
from mutirao.web.report_beside import against_before, against_release, contests, seams
from mutirao.web.report_pictures import make_pictures
from mutirao.web.words import hectares, number, percent, signed_hectares

MOST_FINDINGS = 60
"""Findings that are shown, alike ones as one; all are in checks.json."""
MOST_LINES = 800
"""Lines in which alike findings are listed, a line each."""
UNCLAIMED = "#b9bfbb"
"""Colour of no claim."""
LABELLED_CHANGES = 12
"""Bars of the histogram; pixels that change more often share the last one."""
WIDEST, HIGHEST = 720, 680
"""Of the newest map, in pixels of the screen."""
SMALL_AREA = 150
"""Side of a square as large as a year's map, in pixels of the screen, where there are few years."""


def report_page(report: Report, maps: Maps) -> str:
    """Return the page as HTML."""
    return fill(
        "report.html.j2",
        _context(report, maps),
        filters={"ha": hectares, "number": number, "percent": percent, "signed_ha": signed_hectares},
    )


def _context(report: Report, maps: Maps) -> dict[str, object]:
    return {
        "report": report,
        "receipt": report.stored.receipt,
        "manifest": report.module.manifest,
        "maps": maps,
        "unit": "°" if report.module.collection.grid.pyproj_crs.is_geographic else " m",
        "pictures": make_pictures(report, maps),
        "sizes": _sizes(maps.window, len(maps.years)),
        "tiles": _headlines(report),
        "legend": _legend(report),
        "composition": _composition(report),
        "curves": _curves(report),
        "flow": _flow(report),
        "matrix": _matrix(report),
        "yearly": _yearly(report),
        "histogram": _histogram(report),
        "names": {0: NO_CLAIM, **{item.code: item.name for item in report.classes}},
        "before": against_before(report),
        "seams": seams(report),
        "contests": contests(report),
        "release": against_release(report),
        "families": _families(report.findings),
        "hidden": _hidden(report.findings),
        "skipped": fold(report.skipped),
        "mini": MiniMap(maps.window),
        "scores": [_confusion(scores) for scores in report.scores],
    }


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large maps are on the page, in pixels of the screen."""

    newest: int
    year: int


def _sizes(window: Tile, years: int) -> Sizes:
    rows, columns_ = window.shape
    shape = columns_ / rows
    side = SMALL_AREA if years <= 12 else SMALL_AREA * 0.72
    return Sizes(round(min(WIDEST, HIGHEST * shape)), round(min(max(side * shape**0.5, 64), 260)))


@dataclass(frozen=True, slots=True)
class Headline:
    """A number that says most."""

    value: str
    words: str


def _headlines(report: Report) -> list[Headline]:
    """Return the few numbers that stand at the top."""
    found = blocking(report.findings)
    lines = [
        Headline(hectares(float(report.claimed_ha[-1])), f"claimed in {report.years[-1]}"),
        Headline(f"{len(report.years)}", "year" if len(report.years) == 1 else "years"),
    ]
    if report.stable_share is not None:
        lines.append(Headline(percent(report.stable_share), "of the pixels claimed never change class"))
    if report.earlier:
        mean = float(report.earlier.differs_ha.mean())
        lines.append(Headline(hectares(mean), f"differ from version {report.earlier.version} in a mean year"))
    words = "findings" if len(report.findings) != 1 else "finding"
    lines.append(Headline(f"{len(report.findings)}", f"{words} at submission, {len(found)} of them blocking"))
    return lines


def _legend(report: Report) -> list[tuple[str, str, float, float]]:
    """Return colour, name, hectares and share of the classes in the newest year, the largest first."""
    newest, whole = report.area_ha[-1], float(report.claimed_ha[-1]) or 1.0
    order = np.argsort(-newest, kind="stable")
    return [
        (report.classes[k].color, report.classes[k].name, float(newest[k]), float(newest[k]) / whole) for k in order
    ]


def _parts(report: Report) -> list[Part]:
    return [Part(item.name, item.color) for item in report.classes]


def _composition(report: Report) -> Markup | None:
    if not report.classes:
        return None
    return stack(report.years, report.area_ha, _parts(report), hectares, "Area by class and year")


@dataclass(frozen=True, slots=True)
class Curve:
    """The area of one class over the years."""

    name: str
    code: int
    color: str
    words: str
    """What became of it from the first year to the last."""
    picture: Markup


def _curves(report: Report) -> list[Curve]:
    """Return a panel for each class, the largest in the last year first."""
    order = np.argsort(-report.area_ha[-1], kind="stable")
    return [_curve(report, int(k)) for k in order]


def _curve(report: Report, k: int) -> Curve:
    item, areas = report.classes[k], report.area_ha[:, k]
    now = dict(zip(report.years, areas.tolist(), strict=True))
    lines = [Line("this version", now, "now", item.color)]
    if report.earlier:
        before = dict(zip(report.earlier.years, report.earlier.area_ha[:, k + 1].tolist(), strict=True))
        lines.append(Line(f"version {report.earlier.version}", before, "before"))
    change = float(areas[-1] - areas[0])
    words = hectares(float(areas[-1])) if len(areas) == 1 else f"{signed_hectares(change)} since {report.years[0]}"
    return Curve(item.name, item.code, item.color, words, line_panel(lines, hectares, f"Area of {item.name}"))


def _flow(report: Report) -> Markup | None:
    """Draw the changes from the first year to the last."""
    if len(report.years) < 2:
        return None
    parts, table = _first_to_last(report)
    ends = (str(report.years[0]), str(report.years[-1]))
    return ribbons(table, parts, ends, hectares, f"Changes from {ends[0]} to {ends[1]}") if parts else None


def _first_to_last(report: Report) -> tuple[list[Part], np.ndarray]:
    """Return the classes of the first or the last year and hectares by both; what neither claims is left out."""
    table = report.first_last_ha.copy()
    table[0, 0] = 0
    parts = [Part(NO_CLAIM, UNCLAIMED), *(Part(item.name, item.color) for item in report.classes)]
    keep = [k for k in range(len(parts)) if table[k].sum() + table[:, k].sum() > 0]
    return [parts[k] for k in keep], table[np.ix_(keep, keep)]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table of changes."""

    text: str
    shade: float
    """Opacity of its ground, 0 to 0.55."""
    stays: bool


def _matrix(report: Report) -> list[tuple[Part, list[Cell]]]:
    """Return the rows of the table of changes from the first year to the last; empty for one year."""
    if len(report.years) < 2:
        return []
    parts, table = _first_to_last(report)
    apart = table - np.diag(np.diagonal(table))
    most = float(apart.max(initial=0)) or 1.0
    return [
        (part, [_cell(float(table[i, j]), float(apart[i, j]) / most, stays=i == j) for j in range(len(parts))])
        for i, part in enumerate(parts)
    ]


def _cell(area_ha: float, share: float, *, stays: bool) -> Cell:
    return Cell(number(area_ha) if area_ha else "", round(0.55 * share**0.5, 2), stays)


def _yearly(report: Report) -> Markup | None:
    """Draw how much changes from year to year, claims that begin or end included."""
    if not report.steps:
        return None
    bars = []
    names = {item.code: item.name for item in report.classes}
    for step in report.steps:
        largest = [f"{names[c.before]} to {names[c.after]}: {hectares(c.area_ha)}" for c in step.largest]
        whole = step.changed_ha + step.begun_ha + step.ended_ha
        ends = f"claims begin on {hectares(step.begun_ha)} and end on {hectares(step.ended_ha)}"
        said = [f"{step.before} to {step.after}: {hectares(step.changed_ha)} change class", ends, *largest]
        bars.append(Bar(str(step.after), whole, "\n".join(said)))
    return columns(bars, hectares, "Area that changes, by year", size=(840, 190))


def _histogram(report: Report) -> Markup | None:
    """Draw the pixels by how often they change."""
    if len(report.years) < 2 or not report.changes:
        return None
    counts = [*report.changes[:LABELLED_CHANGES]]
    rest, whole = sum(report.changes[LABELLED_CHANGES:]), sum(report.changes)
    names = [str(times) for times in range(len(counts))]
    if rest:
        counts.append(rest)
        names.append(f"{LABELLED_CHANGES}+")
    bars = [
        Bar(name, count / whole, f"changes {name} times: {percent(count / whole)} of the pixels, {count:,}")
        for name, count in zip(names, counts, strict=True)
    ]
    return columns(bars, percent, "Pixels by number of changes", size=(480, 200))


@dataclass(frozen=True, slots=True)
class Shown:
    """Findings that say the same, as the page shows them."""

    alike: Alike
    is_listed: bool
    """Whether each of them is there, not the worst alone."""


def _families(findings: tuple[Finding, ...]) -> list[tuple[str, list[Shown]]]:
    """Return the findings by family, as many as a page of a bearable size can hold."""
    left, lines = MOST_FINDINGS, MOST_LINES
    families: list[tuple[str, list[Shown]]] = []
    for title, groups in by_family(findings):
        kept: list[Shown] = []
        for alike in groups[:left]:
            is_listed = 1 < len(alike.findings) <= lines
            lines -= len(alike.findings) if is_listed else 0
            kept.append(Shown(alike, is_listed))
        left -= len(kept)
        families.append((title, kept))
    return [(title, kept) for title, kept in families if kept]


def _hidden(findings: tuple[Finding, ...]) -> int:
    """Return how many findings are not on the page, neither shown nor listed."""
    shown = [one for _, group in _families(findings) for one in group]
    return len(findings) - sum(len(one.alike.findings) if one.is_listed else 1 for one in shown)


@dataclass(frozen=True, slots=True)
class Confusion:
    """A comparison with reference data."""

    scores: Scores
    rows: list[tuple[str, list[Cell], str]]
    """Label of the map, pixels by label of the reference, user's agreement; empty if there is no table."""
    producers: list[str]


def _confusion(scores: Scores) -> Confusion:
    table = scores.table
    if table is None:
        return Confusion(scores, [], [])
    most = max((count for row in table.counts for count in row), default=0) or 1
    labels = [*table.labels, "none of these"]
    users = [*map(percent, table.users), ""]
    rows = [
        (label, [_count(count, most, stays=i == j) for j, count in enumerate(row)], user)
        for i, (label, row, user) in enumerate(zip(labels, table.counts, users, strict=True))
        if i < len(table.labels) or any(row)
    ]
    return Confusion(scores, rows, [percent(share) for share in table.producers])


def _count(count: int, most: int, *, stays: bool) -> Cell:
    return Cell(f"{count:,}" if count else "", round(0.55 * (count / most) ** 0.5, 2), stays)
