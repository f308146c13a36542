"""M201 to M205: is there one readable file for each year?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mutirao.errors import Finding
from mutirao.modules.checks.base import Check
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module

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

    def check(self, incoming: Incoming) -> Iterator[Finding]:
        """Pass on what the reader met."""
        yield from incoming.unreadable


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


FILES = (YearIsThere, FileIsReadable, NoYearTooMany, OneFileAYear, NameFollowsPattern)
