"""M201 to M210 without M206: is there one readable file for each year?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mutirao.errors import Finding
from mutirao.io.delivered import Facts
from mutirao.io.rasters import RasterInfo
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.fixtures import MOST_BLOCK_BYTES, is_too_large
from mutirao.modules.checks.survey import Survey
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.yearly import ByYear

_LOSSY = frozenset({"jpeg", "webp", "jpeg2000", "lerc", "lerc_deflate", "lerc_zstd", "jxl"})
_NAMES_SHOWN = 5


class YearIsThere(Check):
    """Each year of the manifest has a raster."""

    code = "M201"
    remedy = "hand in the year, correct the file's name, or shorten 'years' in the manifest"

    def check(self, module: Module, incoming: Incoming) -> Iterator[Finding]:
        """Compare the years that came with those that were announced."""
        delivery = module.manifest.delivery
        for year in module.manifest.years.all():
            if year not in incoming.where:
                name = f", expected {delivery.files.replace('{year}', str(year))}" if delivery else ""
                yield self.found(f"year {year} is missing{name}", f"{module.id}, {year}")


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
            yield self.found(f"year {year} is left out: the manifest has {years.first} to {years.last}", where)


class OneFileAYear(Check):
    """No two files claim to be the same year."""

    code = "M204"
    remedy = "keep the file that counts, and name only that one"

    def check(self, incoming: Incoming) -> Iterator[Finding]:
        """Name the files."""
        for year, names in incoming.repeated.items():
            yield self.found(f"year {year} has {len(names)} files: {', '.join(names)}", names[0])


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
        for year, header in headers.values.items():
            if is_too_large(header.shape, module):
                size = f" in a file of {facts.values[year].size:,} bytes" if year in facts.values else ""
                message = (
                    f"promises {header.shape[0]:,} x {header.shape[1]:,} pixels{size}, grid {rows:,} x {columns:,}"
                )
                yield self.found(message, incoming.where[year])


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

    def check(self, incoming: Incoming, facts: ByYear[Facts]) -> Iterator[Finding]:
        """Compare the bytes of a block with the limit."""
        for year, fact in facts.values.items():
            size = fact.block[0] * fact.block[1] * fact.itemsize
            if size > MOST_BLOCK_BYTES:
                message = f"blocks have {fact.block[0]:,} x {fact.block[1]:,} pixels, {size / 2**20:,.0f} MiB each"
                yield self.found(f"{message}; {MOST_BLOCK_BYTES >> 20} MiB are read at most", incoming.where[year])


class CodecKeepsCodes(Check):
    """The compression keeps every value as it was."""

    code = "M210"
    remedy = "export again from the original with LZW or DEFLATE; values smeared by a lossy codec do not come back"

    def check(self, incoming: Incoming, facts: ByYear[Facts]) -> Iterator[Finding]:
        """Look for codecs made for pictures."""
        for year, fact in facts.values.items():
            if fact.compression in _LOSSY:
                yield self.found(
                    f"is compressed with {fact.compression.upper()}, which is made for pictures", incoming.where[year]
                )


FILES = (
    YearIsThere,
    FileIsReadable,
    NoYearTooMany,
    OneFileAYear,
    NameFollowsPattern,
    SizeIsPlausible,
    FormatIsKnown,
    BlocksAreSmall,
    CodecKeepsCodes,
)
