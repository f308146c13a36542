"""M401 to M409: are the pixels codes that the module may claim?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from mutirao.errors import Finding
from mutirao.io.delivered import Facts
from mutirao.io.rasters import RasterInfo
from mutirao.modules.checks.base import Check
from mutirao.modules.incoming import Incoming
from mutirao.modules.module import Module
from mutirao.modules.numbers import counted
from mutirao.modules.yearly import ByYear

Headers = ByYear[RasterInfo]
Counts = ByYear[Mapping[int, int]]
_PICTURE = {"red", "green", "blue"}


class IsByte(Check):
    """Values are stored as uint8."""

    code = "M401"
    remedy = "export class codes as Byte (uint8), not scaled"

    def check(self, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the dtype of the first band."""
        for year, header in headers.values.items():
            if header.dtype != "uint8":
                yield self.found(f"dtype is {header.dtype}, must be uint8", incoming.where[year], year=year)


class HasOneBand(Check):
    """A raster has one band."""

    code = "M402"
    remedy = "write one file a year with one band of class codes; if bands are years, say so under 'delivery.bands'"

    def check(self, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the number of bands."""
        for year, header in headers.values.items():
            if header.count != 1:
                yield self.found(f"has {header.count} bands, must have 1", incoming.where[year], year=year)


class NodataAsAnnounced(Check):
    """The file's nodata value, if it has one, is the manifest's."""

    code = "M403"
    remedy = "correct 'delivery.nodata' in the manifest, or the nodata value of the file"

    def check(self, incoming: Incoming, headers: Headers) -> Iterator[Finding]:
        """Compare the two values."""
        for year, header in headers.values.items():
            if header.nodata is not None and header.nodata != incoming.nodata:
                message = f"nodata is {header.nodata:g} in the file and {incoming.nodata} in the manifest"
                yield self.found(message, incoming.where[year], year=year)


class CodesAreClaimed(Check):
    """Classes of the legend appear only if the module may claim them."""

    code = "M404"
    remedy = "add the class to 'classes', or say in 'crosswalk' what the local code means"

    def check(self, module: Module, incoming: Incoming, counts: Counts) -> Iterator[Finding]:
        """List the codes of the legend that the manifest does not mention."""
        for year, found in counts.values.items():
            translated = module.local_legend.codes - _untranslated(module).keys()
            strangers = _strangers(module, incoming, found, within=translated)
            if strangers:
                message = f"codes in neither 'crosswalk' nor 'classes': {_table(strangers, _names(module))}"
                yield self.found(message, incoming.where[year], year=year, weight=sum(strangers.values()))


class CodesAreInLegend(Check):
    """Every other value is a local code of the crosswalk."""

    code = "M405"
    remedy = "say in 'crosswalk' which class the local code means, or make it nodata"

    def check(self, module: Module, incoming: Incoming, counts: Counts) -> Iterator[Finding]:
        """List the values that mean nothing."""
        for year, found in counts.values.items():
            strangers = _strangers(module, incoming, found, within=frozenset(range(256)) - module.local_legend.codes)
            if strangers:
                message = f"values in neither 'crosswalk' nor legend '{module.local_legend.id}'"
                message += f": {_table(strangers, {})}"
                yield self.found(message, incoming.where[year], year=year, weight=sum(strangers.values()))


class CodesAreTranslated(Check):
    """Classes of the module's own legend appear only if crosswalk tables translate them."""

    code = "M406"
    remedy = "make it nodata, or agree with the network on its class in configs/crosswalks/"

    def check(self, module: Module, incoming: Incoming, counts: Counts) -> Iterator[Finding]:
        """List the codes that the tables mark as untranslated, each with the reason."""
        reasons = _untranslated(module)
        for year, found in counts.values.items():
            for code, pixels in _strangers(module, incoming, found, within=reasons.keys()).items():
                message = f"{_names(module)[code]} ({counted(pixels, 'pixel')}) has no class in legend "
                message += f"'{module.legend.id}': {reasons[code]}"
                yield self.found(message, incoming.where[year], year=year, weight=pixels)


class IsNoPicture(Check):
    """A raster is a map of codes, no picture of one."""

    code = "M407"
    remedy = "export the classes themselves, one band of codes, not what the screen shows"

    def check(self, incoming: Incoming, headers: Headers, facts: ByYear[Facts]) -> Iterator[Finding]:
        """Look for bands of colours."""
        for year, fact in facts.values.items():
            if set(fact.colors) >= _PICTURE:
                message = f"is a picture: its bands are {', '.join(fact.colors)}"
                yield self.found(message, incoming.where[year], year=year)


class PaletteIsTheLegends(Check):
    """A colour table in the file gives codes the colours that the legend gives them, not those of other classes."""

    code = "M408"
    severity = "advise"
    remedy = "make sure that values are codes and no places in a colour table; drop the colour table if they are"

    def check(self, module: Module, incoming: Incoming, facts: ByYear[Facts], counts: Counts) -> Iterator[Finding]:
        """Compare the colours of values that appear with the legend's."""
        own = {code: color[:3] for code, color in module.local_legend.colormap().items() if code}
        for year, fact in facts.values.items():
            used = {v: fact.palette[v][:3] for v in counts.values.get(year, {}) if v in fact.palette}
            wrong = {v: rgb for v, rgb in used.items() if v in own and rgb != own[v] and rgb in own.values()}
            if wrong:
                value, rgb = next(iter(wrong.items()))
                other = next(code for code, color in own.items() if color == rgb)
                names = _names(module)
                message = f"the file draws {names[value]} in the colour of {names[other]}"
                if len(wrong) > 1:
                    message += f", and {counted(len(wrong) - 1, 'other value')} so"
                yield self.found(message, incoming.where[year], year=year, weight=len(wrong))


class ValuesAreNotScaled(Check):
    """The file does not ask for its values to be multiplied or moved."""

    code = "M409"
    remedy = "export class codes as they are, without scale and offset"

    def check(self, incoming: Incoming, facts: ByYear[Facts]) -> Iterator[Finding]:
        """Compare scale and offset with 1 and 0."""
        for year, fact in facts.values.items():
            if (fact.scale, fact.offset) != (1, 0):
                message = f"the file has scale {fact.scale:g} and offset {fact.offset:g}"
                yield self.found(message, incoming.where[year], year=year)


def _strangers(
    module: Module, incoming: Incoming, found: Mapping[int, int], *, within: AbstractSet[int]
) -> dict[int, int]:
    """Return the pixels of the values that mean nothing to the collection, of those within a set."""
    known = {incoming.nodata, *module.crosswalk, *module.plain_codes}
    return {code: pixels for code, pixels in found.items() if code in within and code not in known}


def _untranslated(module: Module) -> Mapping[int, str]:
    return module.own.translation.untranslated if module.own else {}


def _names(module: Module) -> dict[int, str]:
    return {item.code: f"{item.code} {item.title()}" for item in module.local_legend.classes}


def _table(pixels: Mapping[int, int], names: Mapping[int, str]) -> str:
    return ", ".join(f"{names.get(code, code)} ({counted(n, 'pixel')})" for code, n in pixels.items())


VALUES = (
    IsByte,
    HasOneBand,
    NodataAsAnnounced,
    CodesAreClaimed,
    CodesAreInLegend,
    CodesAreTranslated,
    IsNoPicture,
    PaletteIsTheLegends,
    ValuesAreNotScaled,
)
