"""M701 to M704: is the map free of speckle and of the seams of its making?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mutirao.errors import Finding, Place
from mutirao.grid import Grid
from mutirao.limits import USUAL, Limits
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.places import place_of, worst_places
from mutirao.modules.checks.survey import Survey
from mutirao.modules.module import Module

_LINES_SHOWN = 8


class FewIsolatedPixels(Check):
    """Few pixels have no neighbour, of eight, of their own class."""

    code = "M701"
    severity = "advise"
    remedy = "remove single pixels with a spatial filter before you export, or say why the map has them"

    def check(self, module: Module, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare their share of all claimed pixels with the limit."""
        claimed, alone = survey.pixels[:, 1:].sum(), sum(int(sums.isolated.sum()) for sums in survey.by_year)
        if claimed < limits.small_map or alone / claimed <= limits.most_isolated:
            return
        cells = np.sum([sums.isolated_cells for sums in survey.by_year], axis=0)
        dense = np.where(cells >= np.quantile(cells, 0.95), cells, 0)
        message = f"{alone / claimed:.1%} of the claimed pixels have no neighbour of their class"
        message += f", {limits.most_isolated:.0%} are usual at most"
        yield self.found(message, module.id, places=worst_places(dense, survey.grid, survey.cell))


class NoSaltAndPepper(Check):
    """No class is made of single pixels."""

    code = "M702"
    severity = "advise"
    remedy = "look at the class: single pixels are often mixed pixels along borders, or noise of the classifier"

    def check(self, module: Module, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the share of isolated pixels of each class with the limit."""
        pixels = survey.pixels.sum(axis=0)
        alone = np.sum([sums.isolated for sums in survey.by_year], axis=0) if survey.by_year else pixels * 0
        for rank, code in list(enumerate(survey.codes))[1:]:
            if pixels[rank] < limits.few_pixels or alone[rank] / pixels[rank] <= limits.most_isolated_of_class:
                continue
            share = f"{alone[rank] / pixels[rank]:.1%} of the pixels of {class_name(module, code)} stand alone"
            yield self.found(f"{share}, {limits.most_isolated_of_class:.0%} are usual at most", module.id)


class PatchesAreLargeEnough(Check):
    """Little area lies in patches below the collection's minimum mapping unit."""

    code = "M703"
    severity = "advise"
    remedy = "merge small patches into their surroundings, with a filter of patches, before you export"

    def check(self, module: Module, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the share of the claimed area with the limit; nothing if the collection names no smallest patch."""
        whole, smallest = survey.area_ha[:, 1:].sum(), module.collection.minimum_mapping_unit_ha
        if survey.small_ha is None or not whole:
            return
        small = survey.small_ha[:, 1:].sum()
        if small / whole <= limits.most_small:
            return
        by_class = survey.small_ha.sum(axis=0)
        worst = int(by_class.argmax())
        message = f"{small / whole:.1%} of the area lies in patches below {smallest:g} ha, {limits.most_small:.0%} is "
        message += f"usual at most; most of {class_name(module, survey.codes[worst])} ({by_class[worst]:.1f} ha)"
        yield self.found(message, module.id)


class NoTileEdges(Check):
    """Classes do not change along straight lines of the grid, as they do where tiles were classified apart."""

    code = "M704"
    severity = "advise"
    remedy = "classify with a margin around tiles and train on all of them together; look at the lines"

    def check(self, module: Module, survey: Survey, limits: Limits) -> Iterator[Finding]:
        """Compare the class borders on each line with those of the lines beside it."""
        if not survey.by_year:
            return
        for axis, name in ((1, "column"), (0, "row")):
            # borders stand for years: the mean of the years, not their sum, is a count of independent pixels
            counts = np.mean([sums.column_edges if axis else sums.row_edges for sums in survey.by_year], axis=0)
            lines = sharp_lines(counts, survey.grid.shape[1 - axis], limits)
            if lines:
                shown = ", ".join(map(str, lines[:_LINES_SHOWN]))
                more = f" and {len(lines) - _LINES_SHOWN} more" if len(lines) > _LINES_SHOWN else ""
                message = f"classes change along straight lines, before {name} {shown}{more}{_spacing(lines)}"
                places = [_line_place(survey.grid, axis, line) for line in lines[:_LINES_SHOWN]]
                yield self.found(message, module.id, places=places)


def sharp_lines(counts: np.ndarray, length: int, limits: Limits = USUAL) -> list[int]:
    """Return the lines whose count stands out from their neighbours'.

    Parameters
    ----------
    counts : (line,) class borders by line of the grid, as many as independent pixels; the first has none. Lines too
        near the edge of the map to have neighbours on both sides are not judged.
    length : pixels of a line.
    """
    reach, lines = limits.edge_neighbours, []
    for line in range(reach + 1 if len(counts) >= limits.smallest_tiled else len(counts), len(counts) - reach):
        usual = float(np.median([*counts[line - reach : line], *counts[line + 1 : line + 1 + reach]]))
        excess = limits.edge_sigma * np.sqrt(max(usual, 1)), limits.edge_share * length
        if counts[line] > max(limits.edge_ratio * usual, usual + max(excess)):
            lines.append(line)
    return lines


def _spacing(lines: list[int]) -> str:
    steps = set(np.diff([0, *lines]).tolist())
    return f": every {steps.pop()} pixels" if len(lines) > 1 and len(steps) == 1 else ""


def _line_place(grid: Grid, axis: int, line: int) -> Place:
    rows, columns = (0, grid.shape[0]), (0, grid.shape[1])
    beside = (line - 1, line + 1)
    return place_of(grid, rows, beside) if axis else place_of(grid, beside, columns)


def class_name(module: Module, code: int) -> str:
    """Return code and name of a class of the collection's legend."""
    return f"{code} {module.legend.by_code[code].title()}" if code else "no claim"


NOISE = (FewIsolatedPixels, NoSaltAndPepper, PatchesAreLargeEnough, NoTileEdges)
