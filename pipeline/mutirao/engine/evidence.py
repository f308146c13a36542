"""Where an explanation takes its pixels from: what a build read, and what it made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from mutirao.engine.basis import CONSULTED, CONSULTED_MAPS, Basis, read_basis
from mutirao.engine.build import CLAIMS, Build
from mutirao.engine.consulted import read_maps
from mutirao.engine.record import ModuleRecord
from mutirao.engine.series import Series
from mutirao.errors import Finding, UsageError
from mutirao.grid import Tile
from mutirao.io import rasters
from mutirao.io.storage import read_json
from mutirao.modules.receipt import RECEIPT
from mutirao.modules.store import StoredSubmission, list_submissions, load_submission
from mutirao.project import Project

COMPARED = ("class", "source", "rule", "conflict", "filter")
"""Layers of the map that an explanation must come to again."""


class Evidence(Protocol):
    """What explains the pixels of a build or of a release."""

    @property
    def title(self) -> str:
        """The build or release in words."""

    @property
    def basis(self) -> Basis:
        """Rules, chain, legend and collection that decided."""

    def versions(self) -> dict[str, str]:
        """Return the version of the submission by module."""

    def claims(self, years: Sequence[int], window: Tile) -> np.ndarray:
        """Return (module, year, y, x) uint8 claims."""

    def layers(self, window: Tile) -> np.ndarray:
        """Return (layer, y, x) integers."""

    def consulted(self, window: Tile) -> dict[str, np.ndarray]:
        """Return (y, x) integers of the territories and polygons that the chain consults, by name."""

    def kept(self, pixel: Tile) -> dict[str, tuple[int, ...]]:
        """Return what the map says of one pixel in each year, by layer of `COMPARED`."""


@dataclass(frozen=True)
class BuildEvidence:
    """A build and the submissions that it recorded."""

    project: Project
    build: Build
    basis: Basis

    @property
    def title(self) -> str:
        """The build in words."""
        return f"{self.build.record.collection}, build {self.build.folder.name}"

    def versions(self) -> dict[str, str]:
        """Return the version of the submission by module."""
        return {module.module: module.version for module in self.build.record.modules}

    @cached_property
    def submissions(self) -> tuple[Series, ...]:
        """The submissions that the build read, by module and year.

        Raises
        ------
        UsageError
            B109: some of them are no longer there, or are others.
        """
        return _submissions(self.project, self.build)

    def claims(self, years: Sequence[int], window: Tile) -> np.ndarray:
        """Return (module, year, y, x) uint8 claims."""
        chosen = [replace(s, by_year={year: s.by_year[year] for year in years}) for s in self.submissions]
        return np.stack([series.read_claims(window) for series in chosen])

    def layers(self, window: Tile) -> np.ndarray:
        """Return (layer, y, x) integers, from the files that the collection names today."""
        folder = self.project.collection(self.build.record.collection).path.parent
        layers = [rasters.read(folder / layer.file, window) for layer in self.basis.collection.layers]
        return np.stack(layers) if layers else np.zeros((0, *window.shape), np.uint8)

    def consulted(self, window: Tile) -> dict[str, np.ndarray]:
        """Return (y, x) integers of the territories and polygons that the chain consulted, as the build kept them."""
        return read_maps(str(self.build.folder / CONSULTED_MAPS), self.basis.consulted, window)

    def kept(self, pixel: Tile) -> dict[str, tuple[int, ...]]:
        """Return what the build says of one pixel in each year, by layer."""
        return {layer: tuple(self.build.window(layer, pixel).ravel().tolist()) for layer in COMPARED}


def evidence_of(project: Project, build: Build) -> BuildEvidence:
    """Return what explains a build.

    Raises
    ------
    UsageError
        B108: the build keeps no rules.
    """
    if not (build.folder / CLAIMS).is_file():
        remedy = f"make it again with 'mutirao build {build.record.collection}'"
        message = "the build is of an older version of mutirao and keeps no rules"
        raise UsageError.because("B108", message, where=str(build.folder), remedy=remedy)
    basis = read_basis(str(build.folder), consults=(build.folder / CONSULTED).is_file())
    return BuildEvidence(project, replace(build, grid=basis.collection.grid), basis)


def _submissions(project: Project, build: Build) -> tuple[Series, ...]:
    used: dict[str, dict[str, str | None]] = read_json(build.folder / CLAIMS)
    versions = {(module, version) for module, by_year in used.items() for version in by_year.values() if version}
    own = {(module.module, module.version): module.submission for module in build.record.modules}
    needed = sorted(versions | set(own))
    lost = [finding for key in needed if (finding := _lost(project, *key, own.get(key)))]
    if lost:
        raise UsageError(*lost)
    stored = {key: load_submission(project, *key) for key in needed}
    return tuple(_series(module, used[module.module], stored) for module in build.record.modules)


def _series(
    module: ModuleRecord, used: Mapping[str, str | None], stored: Mapping[tuple[str, str], StoredSubmission]
) -> Series:
    by_year = {int(year): stored[module.module, version] if version else None for year, version in used.items()}
    return Series(module.module, stored[module.module, module.version], by_year)


def _lost(project: Project, module: str, version: str, digest: str | None) -> Finding | None:
    """Return what is wrong with a submission; the digest of an earlier one that lent a year is not known."""
    folder = project.submissions / module / version
    if version not in list_submissions(project, module):
        message = f"submission {version} of '{module}', which the build read, is not in the workspace"
    elif digest and rasters.file_digest(folder / RECEIPT) != digest:
        message = f"submission {version} of '{module}' is not the one that the build read"
    else:
        return None
    remedy = "bring it back from a copy, or explain a release of the build: a release keeps the claims"
    return Finding("B109", message, str(folder), remedy)
