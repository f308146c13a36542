"""The whole path on Brazilian data: MODIS images and field samples to a release, on a grid without EPSG code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from mutirao.client import open_release
from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.engine.runs import run
from mutirao.modules.submission import submit
from mutirao.project import Project
from mutirao.release.publish import publish

PIXEL_HA = 231.6563582640091**2 / 10_000
"""The sinusoidal projection keeps areas."""


@pytest.fixture
def release(mato_grosso_project: Project):
    made = run(mato_grosso_project, "crops", Silent())
    assert made.report["cross_validation"]["overall"] >= 0.88
    submit(mato_grosso_project, "crops", "1.0.0", dict(zip(made.years, made.codes, strict=True)), report=made.report)
    built = build(mato_grosso_project, "mato_grosso", Silent())
    return open_release(publish(mato_grosso_project, built, "1.0.0", Silent()).folder)


def test_images_and_samples_become_a_released_collection(release):
    maps = release.maps()
    assert maps.shape == (6, 27, 37)
    assert release.record.hole_ha == 0
    areas = release.areas()
    assert areas.groupby("year")["area_ha"].sum().to_numpy() == pytest.approx(999 * PIXEL_HA)
    forest = areas[areas["class_code"] == 3].sort_values("year")["area_ha"].to_list()
    assert forest == pytest.approx([(plane == 3).sum().item() * PIXEL_HA for plane in maps])
    assert forest[0] - forest[-1] > 100 * PIXEL_HA  # the clearing that the data are known for

    with rasterio.open(release.address("class", 2013)) as src:
        assert src.crs.to_epsg() is None
        assert src.transform.a == pytest.approx(231.6563582640091)
        assert (src.read(1) == maps.sel(year=2013).to_numpy()).all()
    page = json.loads((Path(release.location) / "map.json").read_text(encoding="utf-8"))
    assert page["grid"]["proj4"].startswith("+proj=sinu")


def test_map_lies_in_mato_grosso(release):
    west, south, east, north = release.grid.lonlat_bounds()
    assert -56.05 < west < east < -55.88
    assert -12.08 < south < north < -11.95
    assert np.isfinite(release.maps().x).all()
