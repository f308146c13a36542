"""Fixtures that all tests share: a network of three modules that is small enough to work out by hand."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mutirao.io import places
from mutirao.io.places import ObjectPlace
from mutirao.modules.submission import Submitted, submit
from mutirao.project import Project

TINY = Path(__file__).parent / "projects" / "tiny"


@pytest.fixture
def tiny_project(tmp_path: Path) -> Project:
    """Copy of tests/projects/tiny without a workspace: 3 modules, 3 years, 36 x 40 pixels of 30 m, 3 x 3 tiles."""
    root = tmp_path / "tiny"
    shutil.copytree(TINY, root)
    return Project(root, root / "workspace")


@pytest.fixture
def tiny_rasters() -> dict[str, np.ndarray]:
    """Rasters of a run by module, (year, y, x) uint8 in local codes.

    valley 2020 to 2022: forest 3; the south-east (rows 18.., columns 20..) is pasture 15 in 2020 and soybean 39 after;
    columns 0 and 1 are water 33. water 2020 to 2022: columns 0 to 3 are 33. urban 2021 and 2022: local code 1 in
    rows 0 to 3, columns 2 to 5, and from 2022 on in columns 6 and 7 too.
    """
    valley = np.full((3, 36, 40), 3, dtype=np.uint8)
    valley[0, 18:, 20:] = 15
    valley[1:, 18:, 20:] = 39
    valley[:, :, :2] = 33
    water = np.zeros((3, 36, 40), dtype=np.uint8)
    water[:, :, :4] = 33
    urban = np.zeros((2, 36, 40), dtype=np.uint8)
    urban[:, :4, 2:6] = 1
    urban[1, :4, 6:8] = 1
    return {"valley": valley, "water": water, "urban": urban}


@pytest.fixture
def tiny_submitted(tiny_project: Project, tiny_rasters: dict[str, np.ndarray]) -> dict[str, Submitted]:
    """Version 1.0.0 of all three modules, submitted to `tiny_project`."""
    return {module: submit(tiny_project, module, "1.0.0", rasters) for module, rasters in tiny_rasters.items()}


@pytest.fixture
def mato_grosso_project(tmp_path: Path) -> Project:
    """Copy of tests/projects/mato_grosso with its images: one recipe module, six agricultural years of MODIS.

    The images lie beside the checkout and are not part of the repository.
    """
    images = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "mt-modis-dtwsat"
    if not images.is_dir():
        pytest.skip(f"the MODIS images of Mato Grosso are not at {images}")
    root = tmp_path / "mato_grosso"
    shutil.copytree(Path(__file__).parent / "projects" / "mato_grosso", root)
    (root / "data").symlink_to(images)
    return Project(root, root / "workspace")


@pytest.fixture(scope="session")
def store_settings() -> Iterator[dict[str, str]]:
    """Environment for a stand-in for S3 in this process, moto; nothing leaves the machine, and no real S3 was asked."""
    server_module = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield {
        "AWS_ENDPOINT_URL": "http://{}:{}".format(*server.get_host_and_port()),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    server.stop()


@pytest.fixture
def object_store(store_settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectPlace:
    """A folder in an empty bucket of the stand-in; copies of its objects go to `tmp_path`."""
    for name, value in {**store_settings, "MUTIRAO_CACHE": str(tmp_path / "copies")}.items():
        monkeypatch.setenv(name, value)
    bucket = f"network-{uuid.uuid4().hex}"
    places.store().mkdir(bucket)
    return ObjectPlace(f"s3://{bucket}/ws")
