"""Write a reviewed module as a submission folder; it appears whole or not at all."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mutirao.io.rasters import file_digest, pixel_digest, write_cog
from mutirao.io.software import software_versions
from mutirao.io.storage import whole_folder, write_json, write_text
from mutirao.modules.module import Module
from mutirao.modules.provenance import code_state
from mutirao.modules.receipt import (
    RECEIPT,
    REPORT,
    FileRecord,
    LegendRecord,
    OwnLegendRecord,
    RegridRecord,
    Submission,
    grid_digest,
    raster_name,
    tile_digests,
)
from mutirao.modules.regrid import plan
from mutirao.modules.review import Review
from mutirao.project import Project
from mutirao.trust.signatures import SUFFIX


@dataclass(frozen=True, slots=True)
class Package:
    """All that goes into one submission."""

    project: Project
    module: Module
    version: str
    review: Review
    """Accepted: classes of every year are there."""
    report: Mapping[str, Any]
    """What the run says about itself."""
    sign: Callable[[bytes], str] | None = None
    """Signs the receipt, and refuses if that would prove nothing."""

    @property
    def classes(self) -> Mapping[int, np.ndarray]:
        """(y, x) uint8 legend codes on the collection's grid, by year."""
        return self.review.classes.values


def write_package(folder: Path, package: Package) -> None:
    """Write rasters, checks.json, submission.json and its signature into a hidden folder, then give it its name.

    Raises
    ------
    OSError
        The storage failed, or the folder exists. Nothing is left behind.
    """
    with whole_folder(folder) as incoming:
        files = _write_rasters(incoming, package)
        write_json(incoming / REPORT, _check_report(package))
        receipt = _receipt(package, files, file_digest(incoming / REPORT))
        write_json(incoming / RECEIPT, receipt.model_dump(mode="json"))
        if package.sign:
            write_text(incoming / f"{RECEIPT}{SUFFIX}", package.sign((incoming / RECEIPT).read_bytes()))


def _write_rasters(folder: Path, package: Package) -> tuple[FileRecord, ...]:
    module, grid = package.module, package.module.collection.grid
    records = []
    for year, pixels in sorted(package.classes.items()):
        path = folder / raster_name(module.id, year, package.version)
        write_cog(path, pixels, grid, colormap=module.legend.colormap(), tags=_tags(package, year))
        digest = pixel_digest(pixels, grid)
        records.append(
            FileRecord(year=year, name=path.name, size=path.stat().st_size, sha256=file_digest(path), pixels=digest)
        )
    return tuple(records)


def _tags(package: Package, year: int) -> dict[str, str]:
    """Return what a lone file must say about itself."""
    manifest, legend = package.module.manifest, package.module.legend
    return {
        "MUTIRAO_MODULE": manifest.id,
        "MUTIRAO_VERSION": package.version,
        "MUTIRAO_YEAR": str(year),
        "MUTIRAO_COLLECTION": manifest.collection,
        "MUTIRAO_LEGEND": f"{legend.id} {legend.version}",
        "MUTIRAO_LICENSE": manifest.license,
    }


def _check_report(package: Package) -> dict[str, Any]:
    return {
        "module": package.module.id,
        "version": package.version,
        "findings": [finding.as_dict() for finding in package.review.findings],
        "skipped": list(package.review.skipped),
    }


def _receipt(package: Package, files: tuple[FileRecord, ...], checks_digest: str) -> Submission:
    module, manifest = package.module, package.module.manifest
    grid, method = module.collection.grid, module.method_file
    return Submission(
        module=module.id,
        version=package.version,
        kind=manifest.kind,
        organisation=manifest.organisation,
        collection=manifest.collection,
        years=tuple(record.year for record in files),
        grid=grid,
        grid_digest=grid_digest(grid),
        legend=LegendRecord(id=module.legend.id, version=module.legend.version),
        files=files,
        tiles=tile_digests(package.classes, grid),
        own_legend=_own_legend(module),
        crosswalk=dict(module.crosswalk),
        regrid=_regrid(module),
        code=code_state(package.project),
        manifest_digest=file_digest(module.source.path),
        method_digest=file_digest(method) if method else None,
        checks_digest=checks_digest,
        software=software_versions(),
        report=dict(package.report),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _own_legend(module: Module) -> OwnLegendRecord | None:
    own = module.own
    if own is None:
        return None
    return OwnLegendRecord(id=own.legend.id, version=own.legend.version, tables=own.translation.tables)


def _regrid(module: Module) -> RegridRecord | None:
    """Return how the module's own grid became the collection's; none if it has no grid of its own."""
    own, method = module.manifest.grid, module.manifest.regrid
    if own is None or method is None:
        return None
    how = plan(own, module.collection.grid, method)
    return RegridRecord(own=own, method=how.method, factor=how.factor)
