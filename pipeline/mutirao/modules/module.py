"""A contributor's module, linked: its manifest together with the collection and legend that it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mutirao.collection import Collection
from mutirao.crosswalk import Translation
from mutirao.errors import Finding
from mutirao.grid import Grid
from mutirao.io.configs import Source
from mutirao.legend import NODATA, Legend
from mutirao.modules.manifest import Manifest

METHOD_FILES = {"recipe": "recipe.yaml", "python": "module.py", "earthengine": "module.py"}
"""File that holds the method, by `manifest.method`; a delivered module has none."""


@dataclass(frozen=True, slots=True)
class OwnLegend:
    """Another legend than the collection's, and what its codes are there."""

    legend: Legend
    translation: Translation


@dataclass(frozen=True, slots=True)
class Module:
    """One module with all its references resolved."""

    source: Source[Manifest]
    """The manifest and the place it was read from."""
    collection: Collection
    """The collection that the module belongs to."""
    legend: Legend
    """The collection's legend."""
    folder: Path
    """The module's folder under contributors/."""
    codes: frozenset[int]
    """Codes of the legend that the module may claim."""
    crosswalk: Mapping[int, int]
    """Code of the legend by local code, crosswalk tables included; each is one that the module may claim."""
    grid: Grid
    """Grid of the module's rasters: its own, or the collection's."""
    own: OwnLegend | None = None
    """The legend of the local codes, if it is not the collection's."""
    remarks: tuple[Finding, ...] = ()
    """Findings that do not stop work on the module; the blocking ones among them refuse a submission."""

    @property
    def manifest(self) -> Manifest:
        """The manifest."""
        return self.source.value

    @property
    def id(self) -> str:
        """Name of the module."""
        return self.manifest.id

    @property
    def local_legend(self) -> Legend:
        """The legend of the local codes: its own, or the collection's."""
        return self.own.legend if self.own else self.legend

    @property
    def plain_codes(self) -> frozenset[int]:
        """Local codes that mean themselves in the collection's legend, unless the crosswalk says otherwise."""
        return frozenset() if self.own else self.codes

    @property
    def nodata(self) -> int:
        """Value that means 'no claim' in the module's own rasters, unless each file says it itself."""
        said = self.manifest.delivery.nodata if self.manifest.delivery else NODATA
        return said if isinstance(said, int) else NODATA

    @property
    def method_file(self) -> Path | None:
        """The recipe or the Python file; none if rasters are delivered."""
        name = METHOD_FILES.get(self.manifest.method)
        return self.folder / name if name else None

    @property
    def territory_file(self) -> Path | None:
        """Polygons in which the module may claim; none means the whole grid."""
        return self.folder / self.manifest.territory if self.manifest.territory else None
