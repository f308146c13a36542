"""Class names and colours where each tool looks for them: GDAL and R read a .aux.xml, QGIS a .qml, people a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from mutirao.legend import Legend, rgb


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a raster with its name and colour."""

    value: int
    name: str
    color: str


PALETTE = ("#4477aa", "#ee6677", "#ccbb44", "#66ccee", "#aa3377", "#228833", "#bbbbbb", "#ee7733", "#0077bb", "#33bbee")
"""Colours for modules, rules and steps, told apart by people with colour-blindness (Tol's bright and vibrant sets)."""
HEAT = ("#fdf3d9", "#fdbb84", "#ef6548", "#b30000")
"""Colours for counts of modules that disagree: 1, 2, 3, 4 and more."""


def legend_entries(legend: Legend) -> list[Entry]:
    """Return the classes that may appear in a map."""
    return [Entry(item.code, item.title(), item.color) for item in legend.classes]


def numbered_entries(names: Iterable[str]) -> list[Entry]:
    """Return numbers from 1 with a colour each."""
    return [Entry(n, name, PALETTE[(n - 1) % len(PALETTE)]) for n, name in enumerate(names, start=1)]


def count_entries(most: int) -> list[Entry]:
    """Return counts from 1 to the largest with a colour each."""
    plural = ("1 module claims another class", *(f"{n} modules claim another class" for n in range(2, most + 1)))
    return [Entry(n, name, HEAT[min(n, len(HEAT)) - 1]) for n, name in enumerate(plural[:most], start=1)]


def colormap(entries: Iterable[Entry]) -> dict[int, tuple[int, int, int, int]]:
    """Return (red, green, blue, alpha) by value; 0 is transparent."""
    return {0: (0, 0, 0, 0), **{entry.value: (*rgb(entry.color), 255) for entry in entries}}


def attribute_table(entries: Iterable[Entry]) -> str:
    """Return the XML of a raster attribute table, to be stored as `<raster>.aux.xml`.

    Field types: 0 integer, 2 text. Usages: 5 value, 2 name, 6 red, 7 green, 8 blue.
    """
    fields = (("Value", 0, 5), ("Class", 2, 2), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8))
    heads = "".join(
        f'<FieldDefn index="{i}"><Name>{name}</Name><Type>{kind}</Type><Usage>{usage}</Usage></FieldDefn>'
        for i, (name, kind, usage) in enumerate(fields)
    )
    rows = "\n".join(_row(index, entry) for index, entry in enumerate(entries))
    table = f'<GDALRasterAttributeTable tableType="thematic">{heads}\n{rows}\n</GDALRasterAttributeTable>'
    return f'<PAMDataset><PAMRasterBand band="1">\n{table}\n</PAMRasterBand></PAMDataset>\n'


def _row(index: int, entry: Entry) -> str:
    values = (entry.value, escape(entry.name), *rgb(entry.color))
    return f'<Row index="{index}">' + "".join(f"<F>{value}</F>" for value in values) + "</Row>"


def qgis_style(entries: Iterable[Entry]) -> str:
    """Return the XML of a QGIS paletted style, to be stored as `<raster>.qml` without the raster's suffix."""
    rows = "\n".join(
        f'<paletteEntry value="{entry.value}" color="{entry.color}" label={quoteattr(entry.name)} alpha="255"/>'
        for entry in entries
    )
    palette = f"<colorPalette>\n{rows}\n</colorPalette>"
    renderer = f'<rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1">{palette}</rasterrenderer>'
    return f'<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n<qgis><pipe>{renderer}</pipe></qgis>\n'


def legend_csv(legend: Legend) -> str:
    """Return the legend as CSV: code, level by parent, colour, and a name in each language."""
    languages = sorted({language for item in legend.classes for language in item.name})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["code", "parent", "color", *(f"name_{language}" for language in languages)])
    for item in legend.classes:
        names = [item.name.get(language, "") for language in languages]
        writer.writerow([item.code, item.parent or "", item.color, *names])
    return text.getvalue()
