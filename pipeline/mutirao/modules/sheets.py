"""Which band of which file is which year: names and headers are read, and no pixel is decoded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mutirao.errors import Finding
from mutirao.io.delivered import Facts, foreign_format, read_header
from mutirao.io.places import Place
from mutirao.io.rasters import RasterError, RasterInfo
from mutirao.modules.manifest import Bands, Delivery

_YEAR = re.compile(r"(?<!\d)(?:19|20|21)\d{2}(?!\d)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One band of one file, which is one year of a map or of a tile of it."""

    path: Place
    band: int
    header: RasterInfo
    """As the file says; `count` is 1 if the manifest says which band is which year."""
    facts: Facts

    @property
    def name(self) -> str:
        """The file, and the band if there are several."""
        return f"{self.path}, band {self.band}" if len(self.facts.bands) > 1 else str(self.path)


@dataclass(frozen=True, slots=True)
class Sorted:
    """What came, by year."""

    sheets: Mapping[int, tuple[Sheet, ...]]
    """Of all years that are announced, in order; several only if a year comes in tiles."""
    where: Mapping[int, str]
    """File, for messages, also of years of which a file cannot be opened."""
    failed: Mapping[int, str]
    """Reason by year of which a file cannot be opened."""
    unreadable: tuple[Finding, ...]
    """M202."""
    repeated: Mapping[int, tuple[str, ...]]
    """Names by year that comes twice; only the first is kept."""
    unmatched: tuple[str, ...]
    """Files and bands that no pattern fits."""
    extra: Mapping[int, str]
    """File by year that the manifest does not announce."""
    foreign: Mapping[str, str]
    """What it is, by file that is in another format."""
    odd_bands: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """The year by its place and what is wrong, by band whose name speaks of another year."""


def name_pattern(files: str) -> re.Pattern[str]:
    """Return the regular expression of a manifest's file pattern.

    Every `{year}` is the same four digits; `{tile}` is any text, also none.
    """
    said, parts = False, []
    for part in re.split(r"(\{year\}|\{tile\})", files):
        if part == "{year}":
            parts.append(r"(?P=year)" if said else r"(?P<year>\d{4})")
            said = True
        else:
            parts.append("(?P<tile>.*)" if part == "{tile}" else re.escape(part))
    return re.compile("".join(parts))


def sort_files(delivery: Delivery, paths: Sequence[Place], years: Sequence[int]) -> Sorted:
    """Read the headers of what is named as the manifest says; of years that it does not announce nothing is opened."""
    pattern = name_pattern(delivery.files)
    matches = {path: match for path in paths if (match := pattern.fullmatch(path.name))}
    strangers = tuple(str(path) for path in paths if path not in matches)
    if delivery.bands:
        return _by_band(delivery, delivery.bands, tuple(matches), years, strangers)
    named: dict[int, list[Place]] = {}
    for path, match in matches.items():
        named.setdefault(int(match["year"]), []).append(path)
    return _by_name(delivery, dict(sorted(named.items())), years, strangers)


def _by_name(
    delivery: Delivery, named: Mapping[int, Sequence[Place]], years: Sequence[int], strangers: tuple[str, ...]
) -> Sorted:
    is_tiled = "{tile}" in delivery.files
    kept = {year: paths if is_tiled else paths[:1] for year, paths in named.items() if year in years}
    headers, unreadable, foreign = _read(path for paths in kept.values() for path in paths)
    return Sorted(
        {
            year: tuple(Sheet(path, 1, *headers[path]) for path in paths)
            for year, paths in kept.items()
            if all(path in headers for path in paths)
        },
        {year: _where([str(path) for path in paths]) for year, paths in kept.items()},
        {year: _cannot(paths, headers) for year, paths in kept.items() if any(path not in headers for path in paths)},
        unreadable,
        {year: tuple(map(str, paths)) for year, paths in named.items() if len(paths) > 1 and not is_tiled},
        strangers,
        {year: str(paths[0]) for year, paths in named.items() if year not in years},
        foreign,
    )


def _where(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _cannot(paths: Iterable[Place], headers: Mapping[Place, object]) -> str:
    return f"{', '.join(path.name for path in paths if path not in headers)} cannot be read"


def _read(
    paths: Iterable[Place],
) -> tuple[dict[Place, tuple[RasterInfo, Facts]], tuple[Finding, ...], dict[str, str]]:
    headers: dict[Place, tuple[RasterInfo, Facts]] = {}
    unreadable: list[Finding] = []
    foreign = {}
    for path in paths:
        words = foreign_format(path)
        if words:
            foreign[str(path)] = words
        try:
            headers[path] = read_header(path)
        except RasterError as err:
            # The check of formats says better what is wrong with a file that is known to be something else.
            unreadable.extend(() if words else err.findings)
    return headers, tuple(unreadable), foreign


def _by_band(
    delivery: Delivery, bands: Bands, paths: Sequence[Place], years: Sequence[int], strangers: tuple[str, ...]
) -> Sorted:
    headers, unreadable, foreign = _read(paths)
    found: dict[int, list[Sheet]] = {}
    nameless: list[str] = []
    odd: dict[str, tuple[int, str]] = {}
    for path, (header, facts) in headers.items():
        for band, name in enumerate(facts.bands, start=1):
            sheet = Sheet(path, band, replace(header, count=1), _no_picture(facts))
            year = _year_of_band(bands, band, name)
            if year is None:
                nameless.append(f"{sheet.name} {name!r}")
                continue
            found.setdefault(year, []).append(sheet)
            if problem := _contradiction(bands, band, name):
                odd[sheet.name] = year, problem
    is_tiled = "{tile}" in delivery.files
    kept = {year: tuple(found[year] if is_tiled else found[year][:1]) for year in sorted(found) if year in years}
    # Which years are in a file that cannot be opened is not known: they may be all that are announced.
    broken = dict.fromkeys(years, _cannot(paths, headers)) if len(headers) < len(paths) else {}
    return Sorted(
        {} if broken else kept,
        {year: _where([sheet.name for sheet in sheets]) for year, sheets in kept.items()}
        | {year: _where([str(path) for path in paths]) for year in broken},
        broken,
        unreadable,
        {y: tuple(s.name for s in sheets) for y, sheets in found.items() if len(sheets) > 1 and not is_tiled},
        (*strangers, *nameless),
        {year: sheets[0].name for year, sheets in sorted(found.items()) if year not in years},
        foreign,
        odd,
    )


def _no_picture(facts: Facts) -> Facts:
    """Many writers mark three or four bands of bytes as colours; here the manifest says that they are years."""
    return replace(facts, colors=()) if len(facts.bands) in (3, 4) else facts


def _year_of_band(bands: Bands, band: int, name: str) -> int | None:
    if bands.first is not None:
        return bands.first + band - 1
    match = name_pattern(bands.names or "").fullmatch(name)
    return int(match["year"]) if match else None


def _contradiction(bands: Bands, band: int, name: str) -> str:
    """Return why a band's name does not fit its year by order; a band without a name contradicts nothing."""
    if bands.first is None or not name:
        return ""
    year = bands.first + band - 1
    expected = bands.names.replace("{year}", str(year)) if bands.names else ""
    if expected and name != expected:
        return f"is the year {year} by order and called {name!r}, not {expected!r}"
    told = () if expected else _YEAR.findall(name)
    return f"is the year {year} by order and called {name!r}" if told and str(year) not in told else ""
