"""Two hundred submissions, each with a fault drawn at random: each is refused, or flagged, with the right code.

Nothing crashes the checker, and nothing of a refused one is to be found in the collection afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from ruamel.yaml import YAML

from mutirao.errors import MutiraoError, QualityError
from mutirao.modules.discovery import load_module
from mutirao.modules.review import review_rasters
from mutirao.modules.submission import submit
from mutirao.project import Project

YEARS = range(2012, 2020)
SHAPE = (72, 60)
SIDE = 30.0
NODATA = 255
COUNT = 200
HILLS = 60
"""First row of a region that others mapped too; the rules prefer theirs."""
Mutate = Callable[["Delivery", np.random.Generator], None]


@dataclass
class Delivery:
    """A folder with one GeoTIFF a year, without a fault."""

    folder: Path

    def path(self, year: int) -> Path:
        return self.folder / f"M-{year}.tif"

    def year(self, rng: np.random.Generator, *, inner: bool = False) -> int:
        """Draw a year, if wanted one with neighbours."""
        return int(rng.integers(YEARS[0] + inner, YEARS[-1] + 1 - inner))

    def write(self, year: int, plane: np.ndarray, *, affine: rasterio.Affine | None = None, **changes: object) -> None:
        bands = plane if plane.ndim == 3 else plane[None]
        profile = {"driver": "GTiff", "height": plane.shape[-2], "width": plane.shape[-1], "count": len(bands)}
        profile |= {"dtype": plane.dtype, "crs": "EPSG:31983", "nodata": NODATA, "compress": "deflate"}
        profile |= {"transform": affine or rasterio.Affine(SIDE, 0, 300000, 0, -SIDE, 7800000)}
        with rasterio.open(self.path(year), "w", **profile | changes) as dst:
            dst.write(bands)

    def read(self, year: int) -> np.ndarray:
        with rasterio.open(self.path(year)) as src:
            return src.read(1)

    def edit(self, year: int, change: Callable[[np.ndarray], np.ndarray | None], **changes: object) -> None:
        plane = self.read(year)
        changed = change(plane)
        self.write(year, plane if changed is None else changed, **changes)


def good_maps() -> dict[int, np.ndarray]:
    maps = {}
    for k, year in enumerate(YEARS):
        plane = np.full(SHAPE, 3, np.uint8)
        rows = 30 + k + np.round(3 * np.sin(np.arange(SHAPE[1]) / 5)).astype(int)
        plane[np.arange(SHAPE[0])[:, None] >= rows] = 15
        y, x = np.indices(SHAPE)
        plane[((y - 14) / 9) ** 2 + ((x - 30) / 14) ** 2 < 1] = 33
        maps[year] = plane
    return maps


def box(rng: np.random.Generator, share: float) -> tuple[slice, slice]:
    """Draw a box that holds a share of the map."""
    sides = [int(np.ceil(side * share**0.5)) for side in SHAPE]
    top, left = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(SHAPE, sides, strict=True))
    return slice(top, top + sides[0]), slice(left, left + sides[1])


def fill(code: int, share: float) -> Mutate:
    """Give a box of one year one value."""

    def mutate(delivery: Delivery, rng: np.random.Generator) -> None:
        def change(plane: np.ndarray) -> None:
            plane[box(rng, share)] = code

        delivery.edit(delivery.year(rng, inner=True), change)

    return mutate


def move(**far: tuple[float, float]) -> Mutate:
    """Change coefficients of one year's transform by something between two bounds."""

    def mutate(delivery: Delivery, rng: np.random.Generator) -> None:
        year = delivery.year(rng)
        given = {"a": SIDE, "b": 0.0, "c": 300000.0, "d": 0.0, "e": -SIDE, "f": 7800000.0}
        given |= {name: given[name] + float(rng.uniform(*bounds)) for name, bounds in far.items()}
        delivery.write(year, delivery.read(year), affine=rasterio.Affine(*given.values()))

    return mutate


def rewrite(change: Callable[[np.ndarray], np.ndarray] = lambda plane: plane, **changes: object) -> Mutate:
    """Write one year again, another way."""

    def mutate(delivery: Delivery, rng: np.random.Generator) -> None:
        delivery.edit(delivery.year(rng), change, **changes)

    return mutate


def on_path(change: Callable[[Path, np.random.Generator], object]) -> Mutate:
    """Do something to the file of one year."""
    return lambda delivery, rng: change(delivery.path(delivery.year(rng)), rng)


def cut(path: Path, rng: np.random.Generator) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(rng.integers(1, len(data) - 60))])


def damage(path: Path, rng: np.random.Generator) -> None:
    """Spoil the middle of what is compressed."""
    with rasterio.open(path) as src:
        start = int(src.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    data = bytearray(path.read_bytes())
    data[start : start + 24] = rng.bytes(24)
    path.write_bytes(bytes(data))


def bomb(path: Path, rng: np.random.Generator) -> None:
    """Promise ten billion pixels and store none."""
    profile = {"driver": "GTiff", "height": 100_000, "width": 100_000, "count": 1, "dtype": "uint8", "nodata": NODATA}
    transform = rasterio.Affine(SIDE, 0, 300000, 0, -SIDE, 7800000)
    with rasterio.open(path, "w", crs="EPSG:31983", transform=transform, sparse_ok=True, tiled=True, **profile):
        pass
    assert path.stat().st_size < 10_000_000


def vrt(path: Path, rng: np.random.Generator) -> None:
    path.write_text('<VRTDataset rasterXSize="60" rasterYSize="72"></VRTDataset>', encoding="utf-8")


def link(path: Path, rng: np.random.Generator) -> None:
    other = path.rename(path.parent.parent / "elsewhere.tif")
    path.symlink_to(other)


def twin(path: Path, rng: np.random.Generator) -> None:
    shutil.copy(path, path.with_name(path.name.replace("M-", "m-")))


def screenshot(delivery: Delivery, rng: np.random.Generator) -> None:
    year = delivery.year(rng)
    delivery.write(year, rng.integers(0, 255, (4, *SHAPE)).astype(np.uint8), photometric="RGB", nodata=None)
    with rasterio.open(delivery.path(year), "r+") as dst:
        dst.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]


def scaled(path: Path, rng: np.random.Generator) -> None:
    with rasterio.open(path, "r+") as dst:
        dst.scales = (float(rng.uniform(0.1, 0.9)),)


def copied_year(delivery: Delivery, rng: np.random.Generator) -> None:
    year = delivery.year(rng, inner=True)
    delivery.write(year, delivery.read(year - 1))


def speckled(delivery: Delivery, rng: np.random.Generator) -> None:
    for year in YEARS:

        def change(plane: np.ndarray) -> None:
            noise = rng.random(SHAPE) < 0.15
            plane[noise] = rng.choice(np.array([3, 15, 33], np.uint8), noise.sum())

        delivery.edit(year, change)


def visited(delivery: Delivery, rng: np.random.Generator) -> None:
    year = delivery.year(rng, inner=True)
    delivery.edit(year, lambda plane: np.where(rng.random(SHAPE) < 0.3, 18 - plane % 30, plane).astype(np.uint8))


def jumped(delivery: Delivery, rng: np.random.Generator) -> None:
    start = int(rng.integers(2014, 2018))
    for year in range(start, YEARS[-1] + 1):

        def change(plane: np.ndarray) -> None:
            plane[50:] = 3

        delivery.edit(year, change)


def implausible(delivery: Delivery, rng: np.random.Generator) -> None:
    for year in range(delivery.year(rng, inner=True), YEARS[-1] + 1):
        delivery.edit(year, lambda plane: np.where(plane == 33, 3, plane).astype(np.uint8))


def vanished(delivery: Delivery, rng: np.random.Generator) -> None:
    year = delivery.year(rng, inner=True)
    delivery.edit(year, lambda plane: np.where(plane == 33, 3, plane).astype(np.uint8))


def upside_down(delivery: Delivery, rng: np.random.Generator) -> None:
    delivery.edit(delivery.year(rng, inner=True), lambda plane: plane[::-1].copy())


def recoded(rows: slice, share: float) -> Mutate:
    """Turn a share of the columns of some rows to forest, in all years, in blocks of six."""

    def mutate(delivery: Delivery, rng: np.random.Generator) -> None:
        blocks = SHAPE[1] // 6
        chosen = np.repeat(rng.permutation(blocks) < share * blocks, 6)
        for year in YEARS:

            def change(plane: np.ndarray) -> None:
                plane[rows, chosen] = 3

            delivery.edit(year, change)

    return mutate


def lacking(delivery: Delivery, rng: np.random.Generator) -> None:
    delivery.path(delivery.year(rng)).unlink()


def renamed(path: Path, rng: np.random.Generator) -> None:
    path.rename(path.with_name(path.stem + "_v2.tif"))


def extra(delivery: Delivery, rng: np.random.Generator) -> None:
    delivery.write(YEARS[-1] + int(rng.integers(1, 9)), delivery.read(YEARS[-1]))


def png(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + rng.bytes(200))


CATALOGUE: dict[str, tuple[str, Mutate]] = {
    "a year is missing": ("M201", lacking),
    "a file has another name": ("M201", on_path(renamed)),
    "a file breaks off": ("M202", on_path(cut)),
    "a file is damaged": ("M202", on_path(damage)),
    "a file is text": ("M202", on_path(lambda path, rng: path.write_text("PENDING", encoding="utf-8"))),
    "a file is noise": ("M202", on_path(lambda path, rng: path.write_bytes(b"\x07" + rng.bytes(3000)))),
    "a file is empty": ("M202", on_path(lambda path, rng: path.write_bytes(b""))),
    "a year too many": ("M203", extra),
    "a small file with a huge map": ("M207", on_path(bomb)),
    "a VRT": ("M208", on_path(vrt)),
    "a PNG": ("M208", on_path(png)),
    "JPEG inside": ("M210", rewrite(compress="jpeg", nodata=None)),
    "another CRS": ("M301", rewrite(crs="EPSG:32723")),
    "no CRS": ("M301", rewrite(crs=None)),
    "other pixels": ("M302", move(a=(0.5, 5))),
    "turned": ("M302", move(b=(0.5, 3), d=(0.5, 3))),
    "shifted": ("M303", move(c=(2, 28), f=(-28, -2))),
    "a row short": ("M304", rewrite(lambda plane: plane[:-1])),
    "columns more": ("M304", rewrite(lambda plane: np.pad(plane, ((0, 0), (0, 7)), constant_values=NODATA))),
    "no place": ("M306", rewrite(affine=rasterio.Affine.identity())),
    "south up": ("M307", move(e=(60, 60))),
    "degrees": ("M308", rewrite(affine=rasterio.Affine(0.0003, 0, -47, 0, -0.0003, -20))),
    "elsewhere": ("M309", move(c=(90000, 900000))),
    "a zone further": ("M309", move(f=(-9000, -4000))),
    "float": ("M401", rewrite(lambda plane: plane.astype(np.float32))),
    "sixteen bits": ("M401", rewrite(lambda plane: plane.astype(np.uint16))),
    "two bands": ("M402", rewrite(lambda plane: np.stack([plane, plane]))),
    "another nodata": ("M403", rewrite(nodata=0)),
    "a class of others": ("M404", fill(24, 0.01)),
    "a value of nobody": ("M405", fill(77, 0.01)),
    "zeros": ("M405", fill(0, 0.01)),
    "a screenshot": ("M407", screenshot),
    "scaled": ("M409", on_path(scaled)),
    "a gap": ("M501", fill(NODATA, 0.05)),
    "an empty year": ("M502", fill(NODATA, 1.0)),
    "a copied year": ("M601", copied_year),
    "flicker": ("M603", visited),
    "a jump": ("M606", jumped),
    "an implausible change": ("M608", implausible),
    "a class gone for a year": ("M609", vanished),
    "a year upside down": ("M611", upside_down),
    "speckle": ("M701", speckled),
    "an overlap of which half is another class": ("M901", recoded(slice(HILLS, None), 0.5)),
    "a seam": ("M902", recoded(slice(HILLS - 4, HILLS), 0.5)),
    "claims that others win": ("M911", recoded(slice(HILLS, None), 1.0)),
    "a link": ("S103", on_path(link)),
    "names that differ in case": ("S106", on_path(twin)),
}
NAMES = sorted(CATALOGUE)
ADVICE = {"M203", "M601", "M603", "M606", "M608", "M609", "M611", "M701", "M901", "M902", "M911"}
"""Codes that only advise."""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A network of a module that claims the whole grid, and one that has submitted its southern rows."""
    root, years = tmp_path_factory.mktemp("network"), {"first": YEARS[0], "last": YEARS[-1]}
    names = {3: "Forest", 15: "Pasture", 24: "Urban", 33: "Water"}
    classes = [{"code": code, "name": {"en": name}, "color": f"#{code:02x}8080"} for code, name in names.items()]
    grid = {"crs": "EPSG:31983", "resolution": SIDE, "origin": [300000, 7800000], "shape": [*SHAPE], "tile": 16}
    files = {
        "configs/legends/small.yaml": {"id": "small", "version": "1", "title": "-", "classes": classes},
        "configs/collections/small.yaml": {
            "id": "small", "title": "-", "description": "-", "publisher": "-", "grid": grid, "legend": "small",
            "years": years, "modules": [{"module": "meadows"}, {"module": "hills"}], "rules": "small",
            "implausible": [{"before": ["water"], "after": ["forest"], "max_ha": 1}],
        },
        "configs/rules/small.yaml": {
            "id": "small", "title": "-", "rules": [
                {"id": name, "claim": {name: [3, 15, 33]}, "why": "-"} for name in ("hills", "meadows")
            ],
        },
        "contributors/hills/manifest.yaml": {
            "id": "hills", "name": "-", "kind": "region", "organisation": "-", "maintainers": [{"name": "-"}],
            "description": "-", "status": "active", "collection": "small", "classes": [3, 15, 33], "years": years,
            "method": "delivered", "delivery": {"files": "H-{year}.tif", "nodata": NODATA}, "min_coverage": 0,
        },
        "contributors/meadows/manifest.yaml": {
            "id": "meadows", "name": "-", "kind": "region", "organisation": "-", "maintainers": [{"name": "-"}],
            "description": "-", "status": "active", "collection": "small", "classes": [3, 15, 33], "years": years,
            "method": "delivered", "delivery": {"files": "M-{year}.tif", "nodata": NODATA},
        },
    }  # fmt: skip
    for name, value in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        YAML(typ="safe").dump(value, root / name)
    project = Project(root, root / "workspace")
    maps = {year: np.where(np.arange(SHAPE[0])[:, None] < HILLS, 0, plane) for year, plane in good_maps().items()}
    submit(project, "hills", "1.0.0", {year: plane.astype(np.uint8) for year, plane in maps.items()})
    return project


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A delivery without a fault."""
    delivery = Delivery(tmp_path_factory.mktemp("good") / "in")
    delivery.folder.mkdir()
    for year, plane in good_maps().items():
        delivery.write(year, plane)
    return delivery.folder


def listing(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def test_the_good_delivery_is_accepted_without_a_word_on_its_rasters(project, good):
    review = review_rasters(load_module(project, "meadows"), good, project)
    assert [finding.code for finding in review.findings] == ["M106"]  # there is no method page
    assert review.skipped == ()


def test_a_detour_is_refused(project, good):
    with pytest.raises(QualityError) as refused:
        review_rasters(load_module(project, "meadows"), str(good / ".." / good.name))
    assert [finding.code for finding in refused.value.findings] == ["S102"]


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_fault_is_found(seed, project, good, tmp_path):
    code, mutate = CATALOGUE[NAMES[seed % len(NAMES)]]
    shutil.copytree(good, tmp_path / "in")
    mutate(Delivery(tmp_path / "in"), np.random.default_rng(seed))
    before = listing(project.root)
    if code in ADVICE:
        findings = review_rasters(load_module(project, "meadows"), tmp_path / "in", project).findings
    else:
        with pytest.raises(MutiraoError) as refused:
            submit(project, "meadows", "1.0.0", tmp_path / "in")
        findings = refused.value.findings
        assert any(finding.code == code and finding.severity == "block" for finding in findings)
    assert code in {finding.code for finding in findings}, NAMES[seed % len(NAMES)]
    assert all(finding.remedy and finding.where for finding in findings)
    assert listing(project.root) == before
