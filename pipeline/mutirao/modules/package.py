"""Write a reviewed module as a submission folder; it appears whole or not at all."""

from __future__ import annotations

import datetime
import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mutirao.io.cogs import write_cog
from mutirao.io.places import Place
from mutirao.io.rasters import file_digest, pixel_digest
from mutirao.io.software import software_versions
from mutirao.io.storage import whole_folder, write_json, write_text
from mutirao.modules.checks.stream import ClassPlanes
from mutirao.modules.module import Module
from mutirao.modules.planes import ResampledPlane, Resampling
from mutirao.modules.provenance import code_state
from mutirao.modules.receipt import (
    RECEIPT,
    REPORT,
    ChangeRecord,
    FileRecord,
    LegendRecord,
    OwnLegendRecord,
    QualityRecord,
    RegridRecord,
    ResampleRecord,
    Submission,
    TileDigests,
    grid_digest,
    raster_name,
)
from mutirao.modules.regrid import plan
from mutirao.modules.review import Review
from mutirao.project import Project
from mutirao.trust.signatures import SUFFIX

THREADS = min(4, os.cpu_count() or 1)
"""Years that are encoded at the same time; one more is read meanwhile, so that memory holds no more than these."""


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
    quality: QualityRecord | None = None
    """Level of the quality scale, and why."""
    change: ChangeRecord | None = None
    """Difference from the submission before; none if there is none to compare with."""

    @property
    def classes(self) -> Mapping[int, np.ndarray]:
        """(y, x) uint8 legend codes on the collection's grid, by year."""
        return self.review.classes.values


def write_package(folder: Place, package: Package) -> None:
    """Write rasters, checks.json, submission.json and its signature into a hidden folder, then give it its name.

    Raises
    ------
    OSError
        The storage failed, or the folder exists. Nothing is left behind.
    """
    with whole_folder(folder, RECEIPT) as incoming:
        files, tiles = _write_rasters(incoming, package)
        write_json(incoming / REPORT, _check_report(package))
        receipt = _receipt(package, files, tiles, file_digest(incoming / REPORT))
        write_json(incoming / RECEIPT, receipt.model_dump(mode="json"))
        if package.sign:
            write_text(incoming / f"{RECEIPT}{SUFFIX}", package.sign((incoming / RECEIPT).read_bytes()))


def _write_rasters(folder: Path, package: Package) -> tuple[tuple[FileRecord, ...], dict[str, str]]:
    """Write a raster of each year; return what they are, and the digests of their tiles."""
    tiles = TileDigests(package.module.collection.grid)
    records: list[FileRecord] = []
    at_work: deque[Future[FileRecord]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for year in sorted(package.classes):
            pixels = package.classes[year]
            at_work.append(pool.submit(_write_year, folder, package, year, pixels))
            tiles.add(year, pixels)
            del pixels  # or it stays until the next year is read
            while len(at_work) >= THREADS:
                records.append(at_work.popleft().result())
        records.extend(future.result() for future in at_work)
    return tuple(records), tiles.finish()


def _write_year(folder: Path, package: Package, year: int, pixels: np.ndarray) -> FileRecord:
    module, grid = package.module, package.module.collection.grid
    path = folder / raster_name(module.id, year, package.version)
    write_cog(path, pixels, grid, colormap=module.legend.colormap(), tags=_tags(package, year), for_tiles=True)
    digest = pixel_digest(pixels, grid)
    return FileRecord(year=year, name=path.name, size=path.stat().st_size, sha256=file_digest(path), pixels=digest)


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
    there = package.review.neighbourhood
    return {
        "module": package.module.id,
        "version": package.version,
        "findings": [finding.as_dict() for finding in package.review.findings],
        "skipped": list(package.review.skipped),
        "neighbourhood": there.as_dict() if there else None,
    }


def _receipt(
    package: Package, files: tuple[FileRecord, ...], tiles: Mapping[str, str], checks_digest: str
) -> Submission:
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
        tiles=dict(tiles),
        own_legend=_own_legend(module),
        crosswalk=dict(module.crosswalk),
        regrid=_regrid(module),
        resampled=_resampled(package.classes),
        code=code_state(package.project),
        manifest_digest=file_digest(module.source.path),
        method_digest=file_digest(method) if method else None,
        checks_digest=checks_digest,
        software=software_versions(),
        report=dict(package.report),
        quality=package.quality,
        change=package.change,
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


def _resampled(classes: Mapping[int, np.ndarray]) -> tuple[ResampleRecord, ...]:
    """Return how files on other grids were resampled, one record for all years that came alike."""
    done: dict[Resampling, list[int]] = {}
    for year, plane in sorted(classes.planes.items()) if isinstance(classes, ClassPlanes) else ():
        if isinstance(plane, ResampledPlane):
            done.setdefault(plane.how, []).append(year)
    return tuple(
        ResampleRecord(years=tuple(years), method=how.method, crs=how.crs, transform=how.transform[:6], shape=how.shape)
        for how, years in done.items()
    )
