"""What lies beside a submission, in lines for people: on the terminal and on the page of findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mutirao.legend import Legend
from mutirao.modules.checks.neighbourhood import Agreement, Neighbourhood

_SHOWN = 4


def beside_lines(there: Neighbourhood | None, legend: Legend) -> tuple[str, ...]:
    """Return a line for each neighbour, one for the rules and one for the last release; none if nothing was compared.

    Areas are those of a mean year.
    """
    return (*_seams(there), *_contests(there), *_release(there, legend)) if there else ()


def _seams(there: Neighbourhood) -> Iterator[str]:
    for module in there.modules:
        seam = there.all_years(module)
        parts = [
            f"{_share(one)} of {one.compared} {words} alike, {_share(against)} {beside}"
            for one, words, against, beside in (
                (seam.across, "pairs across the border", seam.inside, "along it"),
                (seam.overlap, "pixels of the overlap", seam.overlap_inside, "of pixels side by side"),
            )
            if one.compared
        ]
        yield f"beside {module} {seam.version}: {'; '.join(parts) or 'no pixels touch'}"


def _share(part: Agreement) -> str:
    return "none" if part.share is None else f"{part.share:.1%}"


def _contests(there: Neighbourhood) -> Iterator[str]:
    if not there.contest_years:
        return
    won: defaultdict[str, float] = defaultdict(float)
    lost: defaultdict[str, float] = defaultdict(float)
    for contest in there.contests:
        won[contest.module] += contest.won_ha / len(there.contest_years)
        lost[contest.module] += contest.lost_ha / len(there.contest_years)
    taken, given = _areas(won, "from", "nobody else"), _areas(lost, "to", "the rules themselves")
    yield f"under the rules: won {taken}; lost {given}"


def _areas(areas: dict[str, float], word: str, nobody: str) -> str:
    largest = [item for item in sorted(areas.items(), key=lambda item: -item[1]) if item[1] > 0]
    shown = ", ".join(f"{area:.1f} ha {word} {name or nobody}" for name, area in largest[:_SHOWN])
    more = f", {sum(area for _, area in largest[_SHOWN:]):.1f} ha more" if len(largest) > _SHOWN else ""
    return f"{shown or 'nothing'}{more}"


def _release(there: Neighbourhood, legend: Legend) -> Iterator[str]:
    if there.release is None:
        return
    change: defaultdict[int, float] = defaultdict(float)
    for difference in there.differences:
        change[difference.code] += (difference.now_ha - difference.before_ha) / len(there.release_years)
    largest = sorted(change.items(), key=lambda item: -abs(item[1]))[:_SHOWN]
    shown = ", ".join(f"{_name(legend, code)} {area:+.1f} ha" for code, area in largest if abs(area) >= 0.05)
    yield f"against release {there.release}: {shown or 'no class changed its area'}"


def _name(legend: Legend, code: int) -> str:
    known = legend.by_code.get(code)
    return f"{code} {known.title()}" if known else str(code)
