"""M201 to M218 without M206 and M211 to M213: is there what a year is made of, once, and does it fit together?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from mutirao.errors import Finding
from mutirao.io.delivered import Facts
from mutirao.io.rasters import RasterInfo
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.survey import Survey
from mutirao.modules.checks.tiles import TILES
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.planes import MOST_BLOCK_BYTES, is_too_large
from mutirao.modules.sheets import Sheet
from mutirao.modules.yearly import ByYear

_LOSSY = frozenset({"jpeg", "webp", "jpeg2000", "lerc", "lerc_deflate", "lerc_zstd", "jxl"})
_NAMES_SHOWN = 5


def each_file(
    incoming: Incoming, headers: ByYear[RasterInfo], facts: ByYear[Facts]
) -> Iterator[tuple[str, RasterInfo, Facts | None]]:
    """Yield name, header and facts of each file once, of whatever years and tiles it is; or else of each year."""
    seen: set[str] = set()
    for sheets in incoming.sheets.values():
        for sheet in sheets:
            if str(sheet.path) not in seen:
                seen.add(str(sheet.path))
                yield str(sheet.path), sheet.header, sheet.facts
    for year, header in headers.values.items():
        if year not in incoming.sheets:
            yield incoming.where[year], header, facts.values.get(year)


class YearIsThere(Check):
    """Each year of the manifest has a raster."""

    code = "M201"
    remedy = "hand in the year, correct the file's name, or shorten 'years' in the manifest"

    def check(self, module: Module, incoming: Incoming) -> Iterator[Finding]:
        """Compare the years that came with those that were announced."""
        remedy = self.remedy
        if incoming.unmatched and not incoming.where:  # then it is one mistake, not as many as there are years
            name = Path(incoming.unmatched[0]).name
            remedy = f"correct 'delivery.files' in the manifest: no file is named like it, one is {name}"
        for year in module.manifest.years.all():
            if year not in incoming.where:
                message = f"year {year} is missing{_expected(module, year)}"
                yield self.found(message, f"{module.id}, {year}", remedy=remedy, year=year)


def _expected(module: Module, year: int) -> str:
    delivery = module.manifest.delivery
    if delivery is None:
        return ""
    name = delivery.files.replace("{year}", str(year))
    if delivery.bands is None:
        return f", expected {name}"
    if delivery.bands.first is not None:
        return f", expected band {year - delivery.bands.first + 1} of {name}"
    return f", expected a band {(delivery.bands.names or '').replace('{year}', str(year))} of {name}"


class FileIsReadable(Check):
    """Each file opens and decodes to its last pixel; a file that does not is left out of the checks that need it."""

    code = "M202"
    remedy = "export or copy the file again and compare its size with the original"

    def check(self, incoming: Incoming, survey: Survey) -> Iterator[Finding]:
        """Pass on what the reader met."""
        yield from incoming.unreadable
        yield from survey.unreadable.values()


class NoYearTooMany(Check):
    """No file is of a year that the manifest does not announce; such a file is not read."""

    code = "M203"
    severity = "advise"
    remedy = "extend 'years' in the manifest if the year is meant to be part of the map"

    def check(self, module: Module, incoming: Incoming) -> Iterator[Finding]:
        """Name the years that nobody expects."""
        years = module.manifest.years
        for year, where in incoming.extra.items():
            message = f"year {year} is left out: the manifest has {years.first} to {years.last}"
            yield self.found(message, where, year=year)


class OneFileAYear(Check):
    """No two files claim to be the same year."""

    code = "M204"
    remedy = "keep the file that counts, and name only that one"

    def check(self, incoming: Incoming) -> Iterator[Finding]:
        """Name the files."""
        for year, names in incoming.repeated.items():
            yield self.found(f"year {year} has {len(names)} files: {', '.join(names)}", names[0], year=year)


class BandsAreNamedInOrder(Check):
    """A band whose name speaks of a year is that year by its place, too."""

    code = "M218"
    remedy = "correct 'delivery.bands.first' in the manifest, or order and names of the bands"

    def check(self, incoming: Incoming) -> Iterator[Finding]:
        """Pass on what was seen when bands were sorted into years."""
        for where, (year, problem) in incoming.odd_bands.items():
            yield self.found(problem, where, year=year)


class NameFollowsPattern(Check):
    """Every file is named as the manifest says; others are not read."""

    code = "M205"
    severity = "advise"
    remedy = "rename the file, or correct 'delivery.files' in the manifest"

    def check(self, module: Module, incoming: Incoming) -> Iterator[Finding]:
        """Name the files that were passed over, the first few of many."""
        pattern = module.manifest.delivery.files if module.manifest.delivery else f"{module.id}_{{year}}.tif"
        names = [Path(name).name for name in incoming.unmatched]
        if names:
            more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
            message = f"left out, because the name does not follow {pattern}: {', '.join(names[:_NAMES_SHOWN])}{more}"
            yield self.found(message, str(Path(incoming.unmatched[0]).parent))


class SizeIsPlausible(Check):
    """A raster does not promise far more pixels than the grid has; one that does is not decoded."""

    code = "M207"
    remedy = "cut the raster to the grid; a small file with a huge map in it is not opened"

    def check(
        self, module: Module, incoming: Incoming, headers: ByYear[RasterInfo], facts: ByYear[Facts]
    ) -> Iterator[Finding]:
        """Compare the header with the grid."""
        rows, columns = module.grid.shape
        for where, header, fact in each_file(incoming, headers, facts):
            if is_too_large(header, module.grid, is_resampled=incoming.is_resampling):
                size = f" in a file of {fact.size:,} bytes" if fact else ""
                message = (
                    f"promises {header.shape[0]:,} x {header.shape[1]:,} pixels{size}, grid {rows:,} x {columns:,}"
                )
                yield self.found(message, where)


class FormatIsKnown(Check):
    """A file is a GeoTIFF or Erdas Imagine raster, whatever its name says."""

    code = "M208"
    remedy = "write a GeoTIFF, for example with gdal_translate -of COG"

    def check(self, incoming: Incoming) -> Iterator[Finding]:
        """Say what a file is instead."""
        for name, words in incoming.foreign.items():
            yield self.found(f"is {words}", name)


class BlocksAreSmall(Check):
    """A raster can be read piece by piece: its blocks are no huge ones."""

    code = "M209"
    remedy = "write the raster in tiles of 256 or 512 pixels, for example with gdal_translate -of COG"

    def check(self, incoming: Incoming, headers: ByYear[RasterInfo], facts: ByYear[Facts]) -> Iterator[Finding]:
        """Compare the bytes of a block with the limit."""
        for where, _, fact in each_file(incoming, headers, facts):
            if fact and fact.block_bytes > MOST_BLOCK_BYTES:
                bands = f" of {len(fact.bands)} bands" if fact.is_bundled else ""
                message = (
                    f"blocks have {fact.block[0]:,} x {fact.block[1]:,} pixels{bands}, {fact.block_bytes / 2**20:,.0f}"
                )
                yield self.found(f"{message} MiB each; {MOST_BLOCK_BYTES >> 20} MiB are read at most", where)


class CodecKeepsCodes(Check):
    """The compression keeps every value as it was."""

    code = "M210"
    remedy = "export again from the original with LZW or DEFLATE; values smeared by a lossy codec do not come back"

    def check(self, incoming: Incoming, headers: ByYear[RasterInfo], facts: ByYear[Facts]) -> Iterator[Finding]:
        """Look for codecs made for pictures."""
        for where, _, fact in each_file(incoming, headers, facts):
            if fact and fact.compression in _LOSSY:
                yield self.found(f"is compressed with {fact.compression.upper()}, which is made for pictures", where)


class FilesAreAlike(Check):
    """The files of one year are of one kind: dtype, bands, nodata, scale and colours."""

    code = "M214"
    remedy = "export all tiles of a year with one script and one setting"

    def check(self, incoming: Incoming) -> Iterator[Finding]:
        """Compare each file of a year with the first."""
        for year, sheets in incoming.sheets.items():
            first = _kind(sheets[0])
            for sheet in sheets[1:]:
                other = _kind(sheet)
                differs = [
                    f"{what} {other[what]} and not {first[what]}" for what in first if other[what] != first[what]
                ]
                if differs:
                    message = f"in {year} it has {', '.join(differs)} as {sheets[0].path.name}"
                    yield self.found(message, sheet.name, year=year)


def _kind(sheet: Sheet) -> Mapping[str, object]:
    """Return what the files of a year have in common; the checks of values look at the first of them."""
    header, facts = sheet.header, sheet.facts
    nodata = "none" if header.nodata is None else f"{header.nodata:g}"
    scale = f"{facts.scale:g} and {facts.offset:g}"
    kind = {"dtype": header.dtype, "bands": header.count, "nodata": nodata, "scale and offset": scale}
    return kind | {"colours": ", ".join(facts.colors) or "none"}


class NodataIsInTheFile(Check):
    """Where the manifest says that files say their nodata themselves, they do, all alike, and it is no class."""

    code = "M217"
    remedy = "write the value into the manifest ('delivery.nodata'), or into every file"

    def check(self, module: Module, incoming: Incoming) -> Iterator[Finding]:
        """Look at the nodata value of each file."""
        delivery = module.manifest.delivery
        if delivery is None or delivery.nodata != "file":
            return
        for where, header, _ in each_file(incoming, ByYear({}), ByYear({})):
            if header.nodata is None:
                yield self.found(
                    "the file does not say its nodata value, and the manifest leaves it to the file", where
                )
            elif header.nodata != incoming.nodata:
                yield self.found(f"nodata is {header.nodata:g}, other files have {incoming.nodata}", where)
        if incoming.nodata in module.crosswalk or (incoming.nodata in module.plain_codes and not module.crosswalk):
            yield self.found(f"nodata {incoming.nodata} of the files is also the code of a class", module.id)


FILES = (
    YearIsThere,
    FileIsReadable,
    NoYearTooMany,
    OneFileAYear,
    BandsAreNamedInOrder,
    NameFollowsPattern,
    SizeIsPlausible,
    FormatIsKnown,
    BlocksAreSmall,
    CodecKeepsCodes,
    FilesAreAlike,
    NodataIsInTheFile,
    *TILES,
)
