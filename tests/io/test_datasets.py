"""Fetching and opening inputs: wheels, cubes, stacks and layers, and everything that can be wrong with them."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from ruamel.yaml.comments import CommentedMap

from mutirao.errors import ConfigError, GridError, ResourceError
from mutirao.imagery.dataset import Dataset
from mutirao.io import wheels
from mutirao.io.configs import Source
from mutirao.io.datasets import fetch, open_layer, open_scenes

WHEEL = "demo-1.0-py3-none-any.whl"
GRID = {"crs": "EPSG:31983", "resolution": 30, "origin": [300000, 7800000], "shape": [2, 3]}
COMMON = {"id": "demo", "title": "Demo", "kind": "scenes", "bands": {"red": "B4"}, "grid": GRID}
CENTRES = {"y": [7799985.0, 7799955.0], "x": [300015.0, 300045.0, 300075.0]}
DAYS = np.array(["2018-01-01", "2018-02-01"], dtype="datetime64[ns]")


def source(folder: Path, **more: Any) -> Source[Dataset]:
    dataset = Dataset.model_validate(COMMON | {"license": "CC0-1.0", "attribution": "none"} | more)
    tree = CommentedMap()
    tree.lc.line, tree.lc.col = 0, 0
    return Source(dataset, folder / "demo.yaml", tree)


def from_wheel(folder: Path, digest: str, member: str = "demo/data.txt") -> Source[Dataset]:
    package = {"name": "demo", "version": "1.0", "wheel": WHEEL, "sha256": digest, "member": member}
    return source(folder, package=package)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "downloads" / WHEEL
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo/data.txt", "pixels")
        archive.writestr("demo/__init__.py", "raise SystemExit('a wheel is never run')")
    return path


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("the package index was asked")

    monkeypatch.setattr(subprocess, "run", refuse)


@pytest.mark.parametrize("as_folder", [True, False])
def test_given_wheel_is_kept_and_its_file_taken_out(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch, as_folder: bool
):
    no_network(monkeypatch)
    declared, cache = from_wheel(tmp_path, digest_of(wheel)), tmp_path / "cache"
    path = fetch(declared, cache, given=wheel.parent if as_folder else wheel)
    assert path.read_text() == "pixels"
    assert sorted(p.name for p in cache.iterdir()) == ["demo-1.0-py3-none-any", WHEEL]
    assert fetch(declared, cache) == path, "the second time neither the wheel nor the index is needed"


def test_wheel_with_other_bytes_is_refused_and_leaves_nothing(tmp_path: Path, wheel: Path):
    with pytest.raises(ResourceError, match=f"R102 sha256 is {digest_of(wheel)}, expected 0000") as caught:
        fetch(from_wheel(tmp_path, "0" * 64), tmp_path / "cache", given=wheel)
    assert caught.value.exit_status == 3
    assert not (tmp_path / "cache" / WHEEL).exists()


def test_given_file_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(ResourceError, match="R103"):
        fetch(from_wheel(tmp_path, "0" * 64), tmp_path / "cache", given=tmp_path / "nothing.whl")


def test_file_that_is_not_in_the_wheel_is_refused(tmp_path: Path, wheel: Path):
    declared = from_wheel(tmp_path, digest_of(wheel), member="demo/other.txt")
    with pytest.raises(ResourceError, match=r"R103 'demo/other\.txt' cannot be read out of the wheel"):
        fetch(declared, tmp_path / "cache", given=wheel)


def index(monkeypatch: pytest.MonkeyPatch, wheel: Path | None, error: str = "") -> list[list[str]]:
    """Put a package index in the place of pip: it has the wheel, or fails."""
    commands: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if wheel is not None:
            Path(command[command.index("--dest") + 1], WHEEL).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0 if wheel else 1, "", error)

    monkeypatch.setattr(wheels.subprocess, "run", run)
    return commands


def test_wheel_is_fetched_once_by_exact_version(tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch):
    commands = index(monkeypatch, wheel)
    declared = from_wheel(tmp_path, digest_of(wheel))
    for _ in range(2):
        assert fetch(declared, tmp_path / "cache").read_text() == "pixels"
    assert len(commands) == 1
    assert {"demo==1.0", "--no-deps", "--only-binary"} <= set(commands[0])


def test_unreachable_index_says_how_to_go_on_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    index(monkeypatch, None, "WARNING: retrying\nERROR: No matching distribution found for demo==1.0")
    with pytest.raises(ResourceError) as caught:
        fetch(from_wheel(tmp_path, "0" * 64), tmp_path / "cache")
    text = str(caught.value)
    assert "R101 demo 1.0 cannot be fetched: ERROR: No matching distribution" in text
    assert f"put the wheel {WHEEL} in a folder and give it with `mutirao demo --data FILE`" in text


def test_python_without_pip_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wheels.sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(ResourceError, match="R101"):
        fetch(from_wheel(tmp_path, "0" * 64), tmp_path / "cache")


def write_cube(path: Path, coords: dict[str, list[float]], band: str = "B4") -> None:
    shape = (2, len(coords["y"]), len(coords["x"]))
    values = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    cube = xr.Dataset({band: (("time", "y", "x"), values)}, {"time": DAYS, **coords})
    cube[band].encoding["_FillValue"] = 0
    cube.to_netcdf(path, engine="h5netcdf")


def test_cube_is_read_under_our_names_with_nan_where_missing(tmp_path: Path):
    write_cube(tmp_path / "cube.nc", CENTRES)
    declared = source(tmp_path, file="cube.nc", quality={"band": "B4", "clear": [4]})
    scenes = open_scenes(declared, fetch(declared, tmp_path / "cache"))
    assert set(scenes.data_vars) == {"red", "quality"}
    assert scenes["red"].dims == ("time", "y", "x")
    assert scenes["red"].dtype == np.float32
    assert np.isnan(scenes["red"].values[0, 0, 0])
    assert scenes["red"].values[1, 1].tolist() == [9, 10, 11]
    assert scenes["time"].values.tolist() == DAYS.tolist()


@pytest.mark.parametrize(
    "moved",
    [
        {"x": [300000.0, 300030.0, 300060.0]},  # corners taken for centres
        {"x": [300022.8, 300052.8, 300082.8]},  # 0.26 pixel
        {"y": [7799955.0, 7799985.0]},  # from south to north
        {"x": [300015.0, 300045.0]},  # a column less
    ],
)
def test_cube_beside_its_grid_is_refused_with_both_printed(tmp_path: Path, moved: dict[str, list[float]]):
    write_cube(tmp_path / "cube.nc", CENTRES | moved)
    with pytest.raises(GridError, match=r"D102 the file has .* the dataset declares 2 x 3 pixels"):
        open_scenes(source(tmp_path, file="cube.nc"), tmp_path / "cube.nc")


def test_variable_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path):
    write_cube(tmp_path / "cube.nc", CENTRES, band="B8")
    with pytest.raises(ConfigError, match=r"D101 there is no 'B4' in the data.*B8"):
        open_scenes(source(tmp_path, file="cube.nc"), tmp_path / "cube.nc")


def test_text_is_no_cube(tmp_path: Path):
    (tmp_path / "cube.nc").write_text("hello")
    with pytest.raises(ConfigError, match="D101 cannot be read as a cube"):
        open_scenes(source(tmp_path, file="cube.nc"), tmp_path / "cube.nc")


def test_declared_file_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(ResourceError, match=r"R103 'cube\.nc' does not exist"):
        fetch(source(tmp_path, file="cube.nc"), tmp_path / "cache")


def write_raster(
    path: Path, values: np.ndarray, nodata: float | None, crs: str = "EPSG:31983", x: float = 300000
) -> None:
    path.parent.mkdir(exist_ok=True)
    count, height, width = values.shape
    profile: dict[str, Any] = {"driver": "GTiff", "dtype": values.dtype, "crs": crs, "nodata": nodata}
    transform = rasterio.Affine(30, 0, x, 0, -30, 7800000)
    with rasterio.open(path, "w", count=count, height=height, width=width, transform=transform, **profile) as raster:
        raster.write(values)


def stack(folder: Path, dates: str = "2018-01-01\n2018-02-01\n") -> Source[Dataset]:
    values = np.arange(1, 13, dtype=np.float64).reshape(2, 2, 3)
    values[0, 0, 0] = -1.7e308  # float32 cannot hold it
    write_raster(folder / "images" / "red.tif", values, nodata=-1.7e308)
    (folder / "images" / "timeline").write_text(dates)
    return source(folder, stack={"folder": "images", "dates": "timeline"}, bands={"red": "red.tif"})


def test_stack_has_one_file_a_band_and_one_date_a_line(tmp_path: Path):
    declared = stack(tmp_path)
    scenes = open_scenes(declared, fetch(declared, tmp_path / "cache"))
    assert np.isnan(scenes["red"].values[0, 0, 0])
    assert scenes["red"].values[1].tolist() == [[7, 8, 9], [10, 11, 12]]
    assert scenes["time"].values.tolist() == DAYS.tolist()
    assert scenes["x"].values.tolist() == CENTRES["x"]
    assert scenes["y"].values.tolist() == CENTRES["y"]


@pytest.mark.parametrize(
    ("dates", "reason"),
    [("2018-01-01\n", "2 bands and 1 dates"), ("first of May\nlast of May\n", "the dates cannot be read")],
)
def test_dates_that_do_not_fit_the_bands_are_refused(tmp_path: Path, dates: str, reason: str):
    with pytest.raises(ConfigError, match=f"D101 {reason}"):
        open_scenes(stack(tmp_path, dates), tmp_path / "images")


def test_layer_has_nan_at_its_own_and_at_the_declared_nodata(tmp_path: Path):
    values = np.array([[[0, 50, 100], [255, 254, 7]]], dtype=np.uint8)
    write_raster(tmp_path / "images" / "density.tif", values, nodata=255)
    declared = source(tmp_path, kind="layer", bands={}, file="images/density.tif", nodata=254)
    layer = open_layer(declared, fetch(declared, tmp_path / "cache"))
    assert layer.dtype == np.float32
    np.testing.assert_array_equal(layer, np.array([[0, 50, 100], [np.nan, np.nan, 7]], dtype=np.float32))


@pytest.mark.parametrize(("crs", "x"), [("EPSG:31982", 300000), ("EPSG:31983", 300008)])
def test_layer_beside_its_grid_is_refused(tmp_path: Path, crs: str, x: float):
    write_raster(tmp_path / "images" / "density.tif", np.ones((1, 2, 3), np.uint8), None, crs, x)
    declared = source(tmp_path, kind="layer", bands={}, file="images/density.tif")
    with pytest.raises(GridError, match="D102"):
        open_layer(declared, tmp_path / "images" / "density.tif")
