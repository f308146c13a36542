"""Compare the finished map with layers that were kept aside from all training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mutirao.accuracy.agreement import Confusion, compare, label_codes, label_ranges
from mutirao.collection import Agreement
from mutirao.engine.inputs import Inputs
from mutirao.engine.record import AgreementRecord
from mutirao.errors import ConfigError, GridError
from mutirao.grid import Grid, Tile
from mutirao.io.datasets import fetch, open_layer
from mutirao.project import Project

Classes = Callable[[Tile], np.ndarray]


def agreement(project: Project, inputs: Inputs, entry: Agreement, classes: Classes) -> AgreementRecord:
    """Compare one year of the map with a reference layer inside a block.

    Parameters
    ----------
    classes : gives the finished map in a window, (year, y, x) uint8.

    Raises
    ------
    GridError
        G104: the layer is on another grid than the collection, or the block lies outside it.
    ConfigError
        L105: the map class of a label is no class of the legend, or the year is outside the series.
    """
    source = project.dataset(entry.dataset)
    grid = inputs.collection.grid
    if (source.value.grid.origin, source.value.grid.shape) != (grid.origin, grid.shape):
        remedy = "declare a layer on the grid of the collection"
        raise GridError.because("G104", f"'{entry.dataset}' is on another grid", where=str(source.path), remedy=remedy)
    reference = open_layer(source, fetch(source, project.sources))
    window = block_window(grid, entry)
    labels = label_ranges(reference[window.slices], entry.labels)
    mapped = label_codes(_year(inputs, entry, classes(window)), _codes(inputs, entry))
    return _record(entry, compare(mapped, labels, entry.labels))


def _year(inputs: Inputs, entry: Agreement, classes: np.ndarray) -> np.ndarray:
    if entry.year not in inputs.years:
        remedy = f"choose a year from {inputs.years[0]} to {inputs.years[-1]}"
        raise ConfigError.because("L105", f"no map of {entry.year}", where=_where(inputs, entry), remedy=remedy)
    return np.asarray(classes[inputs.years.index(entry.year)])


def _codes(inputs: Inputs, entry: Agreement) -> dict[str, frozenset[int]]:
    try:
        return {label: inputs.legend.resolve_all(entry.classes.get(label, ())) for label in entry.labels}
    except KeyError as err:
        remedy = f"the legend has: {', '.join(inputs.legend.known_names())}"
        message = f"{err} is no class or group of the legend"
        raise ConfigError.because("L105", message, where=_where(inputs, entry), remedy=remedy) from err


def _where(inputs: Inputs, entry: Agreement) -> str:
    return inputs.source.at("agreement", inputs.collection.agreement.index(entry))


def block_window(grid: Grid, entry: Agreement) -> Tile:
    """Return the pixels of a comparison's block.

    Raises
    ------
    GridError
        G104: the block has no pixel inside the grid.
    """
    west, south, east, north = entry.block
    left, top = (round(value) for value in ~grid.transform @ (west, north))
    right, bottom = (round(value) for value in ~grid.transform @ (east, south))
    window = Tile(entry.id, max(top, 0), min(bottom, grid.shape[0]), max(left, 0), min(right, grid.shape[1]))
    if min(window.shape) < 1:
        remedy = f"choose a block inside {grid.bounds} (west, south, east, north)"
        raise GridError.because("G104", f"block {entry.block} lies outside", where=entry.id, remedy=remedy)
    return window


def _record(entry: Agreement, confusion: Confusion) -> AgreementRecord:
    return AgreementRecord(
        id=entry.id,
        title=entry.title,
        year=entry.year,
        labels=confusion.labels,
        matrix=tuple(tuple(row) for row in confusion.counts.tolist()),
        pixels=confusion.total,
        overall=confusion.overall,
        users=_shares(confusion.users),
        producers=_shares(confusion.producers),
    )


def _shares(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
