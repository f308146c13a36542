"""What explains the pixels of a release: claims, rules and chain that lie beside its maps, on disk or on the web."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mutirao.engine.basis import CONSULTED, RULES, Basis, read_basis
from mutirao.engine.consulted import read_maps
from mutirao.engine.evidence import COMPARED
from mutirao.errors import UsageError
from mutirao.grid import Tile
from mutirao.io import rasters
from mutirao.release import names
from mutirao.release.record import Release

_AT_ONCE = 8
"""Files read at once; over the web, most of the time is waiting."""


@dataclass(frozen=True, slots=True)
class ReleaseEvidence:
    """A release with the claims that it keeps; no workspace is needed."""

    location: str
    """Folder or URL without a slash at the end."""
    record: Release
    basis: Basis

    @property
    def title(self) -> str:
        """The release in words."""
        return f"{self.record.collection}, release {self.record.version}"

    def versions(self) -> dict[str, str]:
        """Return the version of the submission by module."""
        return {module.module: module.version for module in self.record.modules}

    def claims(self, years: Sequence[int], window: Tile) -> np.ndarray:
        """Return (module, year, y, x) uint8 claims."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            planes = pool.map(lambda year: rasters.read_bands(self._yearly(names.CLAIMS, year), window), years)
            return np.stack(list(planes), axis=1)

    def layers(self, window: Tile) -> np.ndarray:
        """Return (layer, y, x) integers."""
        if not self.basis.collection.layers:
            return np.zeros((0, *window.shape), np.uint8)
        name = names.layers(self.record.collection, self.record.version)
        return rasters.read_bands(f"{self.location}/{name}", window)

    def consulted(self, window: Tile) -> dict[str, np.ndarray]:
        """Return (y, x) integers of the territories and polygons that the chain consulted, by name."""
        name = names.consulted(self.record.collection, self.record.version)
        return read_maps(f"{self.location}/{name}", self.basis.consulted, window)

    def kept(self, pixel: Tile) -> dict[str, tuple[int, ...]]:
        """Return what the maps say of one pixel in each year, by layer."""
        paths = {layer: [self._yearly(layer, year) for year in self.record.years] for layer in COMPARED}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return {layer: tuple(pool.map(lambda path: _value(path, pixel), paths[layer])) for layer in COMPARED}

    def _yearly(self, layer: str, year: int) -> str:
        return f"{self.location}/{names.yearly(self.record.collection, layer, year, self.record.version)}"


def _value(path: str, pixel: Tile) -> int:
    return int(rasters.read(path, pixel).item())


def release_evidence(location: str, record: Release) -> ReleaseEvidence:
    """Return what explains a release.

    Raises
    ------
    UsageError
        A111: the release keeps no claims.
    """
    kept = {file.name for file in record.files}
    if RULES not in kept:
        remedy = "open the map page for the rule that decided, or explain the build that it was made from"
        message = f"release {record.version} is of an older version of mutirao and keeps no claims"
        raise UsageError.because("A111", message, where=location, remedy=remedy)
    return ReleaseEvidence(location, record, read_basis(location, consults=CONSULTED in kept))
