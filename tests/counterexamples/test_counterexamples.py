"""Every kind of bad input is refused by its code, with a place and a remedy, and nothing is written.

Each folder holds one fault: `manifest.yaml` replaces the manifest of the tiny project's module `urban`, or
`rasters.yaml` says in which year its rasters differ from good ones. `expected` has the code, fragments of the finding
and the end of its place.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from ruamel.yaml import YAML

from mutirao.errors import MutiraoError
from mutirao.modules.submission import submit

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/expected"))


@dataclass
class Raster:
    """One year of the module urban, without a fault unless said: a town of 5 x 6 pixels in the north-west."""

    missing: bool = False
    text: str = ""
    shift_px: list[float] = field(default_factory=lambda: [0.0, 0.0])
    side: float = 30
    rows: int = 36
    bands: int = 1
    crs: str = "EPSG:31983"
    dtype: str = "uint8"
    nodata: int = 255
    pixels: list[Any] = field(default_factory=list)
    """A code, how many pixels get it, and optionally `last` to begin at the south-east end."""
    cut_bytes: int = 0

    def write(self, path: Path, year: int) -> None:
        """Write the raster as another program would."""
        if self.text:
            path.write_text(self.text, encoding="utf-8")
        elif not self.missing:
            self._write_tiff(path, self._plane(year))
        if self.cut_bytes:
            path.write_bytes(path.read_bytes()[: -self.cut_bytes])

    def _plane(self, year: int) -> np.ndarray:
        plane = np.full((36, 40), 255, dtype=np.uint8)
        plane[1 : year - 2015, 2:8] = 1
        if self.pixels:
            code, count, *end = self.pixels
            plane.flat[slice(-count, None) if end else slice(0, count)] = code
        return plane[: self.rows]

    def _write_tiff(self, path: Path, plane: np.ndarray) -> None:
        east, south = (30 * shift for shift in self.shift_px)
        profile = {
            "crs": self.crs,
            "transform": rasterio.Affine(self.side, 0, 300000 + east, 0, -self.side, 7800000 - south),
            "dtype": self.dtype,
            "nodata": self.nodata,
        }
        height, width = plane.shape
        with rasterio.open(path, "w", driver="GTiff", count=self.bands, height=height, width=width, **profile) as dst:
            for band in range(1, self.bands + 1):
                dst.write(plane.astype(self.dtype), band)


def read_expected(case: Path) -> tuple[str, list[str], str]:
    lines = [line.split(": ", 1) for line in (case / "expected").read_text(encoding="utf-8").splitlines()]
    (code,) = [value for key, value in lines if key == "code"]
    (place,) = [value for key, value in lines if key == "at"]
    return code, [value for key, value in lines if key == "says"], place


def make_rasters(case: Path, folder: Path) -> None:
    described = YAML(typ="safe").load(case / "rasters.yaml") if (case / "rasters.yaml").is_file() else {}
    folder.mkdir()
    for year in (2021, 2022):
        Raster(**described.get(year, {})).write(folder / f"towns_{year}.tif", year)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_counterexample_is_refused(case, tiny_project, tmp_path):
    if (case / "manifest.yaml").is_file():
        shutil.copy(case / "manifest.yaml", tiny_project.root / "contributors/urban/manifest.yaml")
    make_rasters(case, tmp_path / "in")
    with pytest.raises(MutiraoError) as refused:
        submit(tiny_project, "urban", "1.0.0", tmp_path / "in")
    code, fragments, place = read_expected(case)
    findings = [finding for finding in refused.value.findings if finding.code == code]
    assert findings, [str(finding) for finding in refused.value.findings]
    for fragment in fragments:
        assert fragment in str(findings[0])
    assert findings[0].where.endswith(place)
    assert len(findings[0].remedy) > 10
    assert not tiny_project.workspace.exists()


def test_rasters_without_a_fault_are_accepted(tiny_project, tmp_path):
    make_rasters(tmp_path, tmp_path / "in")
    assert submit(tiny_project, "urban", "1.0.0", tmp_path / "in").findings == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_counterexample_has_one_fault_that_is_understood(case):
    names = {path.name for path in case.iterdir()}
    assert names in ({"expected", "manifest.yaml"}, {"expected", "rasters.yaml"})
    if "rasters.yaml" in names:
        (description,) = YAML(typ="safe").load(case / "rasters.yaml").values()
        assert set(description) <= {item.name for item in fields(Raster)}
