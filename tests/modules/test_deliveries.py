"""One map, handed in in every form that networks use: the same pixels come in, or the right refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rasterio.windows import Window
from ruamel.yaml import YAML

from mutirao.errors import ConfigError, QualityError
from mutirao.io import delivered
from mutirao.modules.discovery import load_module
from mutirao.modules.incoming import HandedIn
from mutirao.modules.review import Review, review_rasters
from mutirao.modules.submission import submit
from mutirao.project import Project

YEARS = (2012, 2013, 2014, 2015)
SHAPE = (72, 60)
SIDE = 30.0
WEST, NORTH = 300000.0, 7800000.0
DATA = Path(__file__).parents[3] / "shared/data"


def maps() -> dict[int, np.ndarray]:
    """Forest 3 in the north, pasture 15 in the south, a border that moves by a row a year, and a round lake 33."""
    y, x = np.indices(SHAPE)
    planes = {}
    for k, year in enumerate(YEARS):
        plane = np.full(SHAPE, 3, np.uint8)
        plane[y >= 30 + k + np.round(3 * np.sin(x / 5))] = 15
        plane[((y - 14) / 9) ** 2 + ((x - 30) / 14) ** 2 < 1] = 33
        planes[year] = plane
    return planes


def network(root: Path, delivery: Mapping[str, Any], **manifest: Any) -> Project:
    """Write a network of one module, 'meadows', that claims the whole grid."""
    years = {"first": YEARS[0], "last": YEARS[-1]}
    names = {3: "Forest", 15: "Pasture", 33: "Water"}
    classes = [{"code": code, "name": {"en": name}, "color": f"#{code:02x}8080"} for code, name in names.items()]
    grid = {"crs": "EPSG:31983", "resolution": SIDE, "origin": [WEST, NORTH], "shape": [*SHAPE], "tile": 16}
    files: dict[str, dict[str, Any]] = {
        "configs/legends/small.yaml": {"id": "small", "version": "1", "title": "-", "classes": classes},
        "configs/collections/small.yaml": {
            "id": "small", "title": "-", "description": "-", "publisher": "-", "grid": grid, "legend": "small",
            "years": years, "modules": [{"module": "meadows"}], "rules": "small",
        },
        "contributors/meadows/manifest.yaml": {
            "id": "meadows", "name": "-", "kind": "region", "organisation": "-", "maintainers": [{"name": "-"}],
            "description": "-", "status": "active", "collection": "small", "classes": [3, 15, 33], "years": years,
            "method": "delivered", "delivery": dict(delivery), **manifest,
        },
    }  # fmt: skip
    for name, value in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        YAML(typ="safe").dump(value, root / name)
    return Project(root, root / "workspace")


def write(path: Path, planes: Sequence[np.ndarray], *, top: int = 0, left: int = 0, **options: Any) -> None:
    """Write bands of a tile that begins at a row and a column of the grid."""
    names = options.pop("names", ())
    cube = np.stack(planes)
    transform = rasterio.Affine(SIDE, 0, WEST + left * SIDE, 0, -SIDE, NORTH - top * SIDE)
    profile = {"driver": "GTiff", "count": len(cube), "height": cube.shape[1], "width": cube.shape[2]}
    profile |= {"dtype": cube.dtype, "crs": "EPSG:31983", "transform": transform, "compress": "lzw"}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **profile | options) as dst:
        dst.write(cube)
        for band, name in enumerate(names, start=1):
            dst.set_band_description(band, name)


def write_tiles(folder: Path, boxes: Sequence[tuple[int, int, int, int]], **options: Any) -> None:
    """Write each year cut into boxes of first and last row, first and last column, half-open."""
    for year, plane in maps().items():
        for top, bottom, left, right in boxes:
            write(
                folder / f"M-{year}-{top:05d}-{left:05d}.tif",
                [plane[top:bottom, left:right]],
                top=top,
                left=left,
                **options,
            )


def review(project: Project, files: Path | str | HandedIn) -> Review:
    return review_rasters(load_module(project, "meadows"), files)


def codes(found: Review) -> list[str]:
    return [finding.code for finding in found.findings if finding.severity == "block"]


def the(found: Review, code: str) -> Any:
    """Return the only finding of a code."""
    (finding,) = [finding for finding in found.findings if finding.code == code]
    return finding


BANDS = {"files": "M.tif", "bands": {"first": 2012}, "nodata": 0}
NAMED = {"files": "M.tif", "bands": {"names": "classification_{year}"}, "nodata": 0}
TILED = {"files": "M-{year}-{tile}.tif", "nodata": 0}
TILED_BANDS = {"files": "M{tile}.tif", "bands": {"first": 2012}, "nodata": 0}
FOUR = ((0, 40, 0, 30), (0, 40, 24, 60), (36, 72, 0, 30), (36, 72, 24, 60))
"""Tiles that overlap by six columns and four rows."""


def yearly(folder: Path, **options: Any) -> None:
    for year, plane in maps().items():
        write(folder / f"M-{year}.tif", [plane], **options)


def banded(folder: Path, **options: Any) -> None:
    write(folder / "M.tif", list(maps().values()), **options)


def named(folder: Path, **options: Any) -> None:
    """Write the years backwards, with a band of something else in between, as names allow."""
    planes = list(maps().values())[::-1]
    other = np.full(SHAPE, 200, np.uint8)
    labels = [f"classification_{year}" for year in YEARS[::-1]]
    write(folder / "M.tif", [*planes[:2], other, *planes[2:]], names=[*labels[:2], "quality", *labels[2:]], **options)


def exported(folder: Path, **options: Any) -> None:
    """Write tiles of all years as Earth Engine does, the last one cut by the edge."""
    for top, bottom, left, right in FOUR:
        planes = [plane[top:bottom, left:right] for plane in maps().values()]
        write(folder / f"M-{top:010d}-{left:010d}.tif", planes, top=top, left=left, interleave="pixel", **options)


FORMS = {
    "yearly, LZW, strips": (yearly, {"files": "M-{year}.tif", "nodata": 0}, {}),
    "yearly, DEFLATE, tiles": (
        yearly,
        {"files": "M-{year}.tif", "nodata": 0},
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"},
    ),
    "yearly, uncompressed BigTIFF": (
        yearly,
        {"files": "M-{year}.tif", "nodata": 0},
        {"BIGTIFF": "YES", "compress": "none"},
    ),
    "bands side by side": (banded, BANDS, {"interleave": "pixel"}),
    "band after band": (banded, BANDS, {"interleave": "band", "blockysize": 7}),
    "bands by name": (named, NAMED, {"interleave": "pixel"}),
    "bands by name, band after band": (named, NAMED, {"interleave": "band"}),
    "tiles that overlap": (lambda folder, **options: write_tiles(folder, FOUR, **options), TILED, {}),
    "tiles of all years": (exported, TILED_BANDS, {"tiled": True, "blockxsize": 16, "blockysize": 16}),
}


@pytest.mark.parametrize("form", FORMS)
def test_whatever_the_form_the_same_pixels_are_kept(tmp_path, form):
    make, delivery, options = FORMS[form]
    make(tmp_path / "in", **options)
    done = submit(network(tmp_path, delivery), "meadows", "1.0.0", tmp_path / "in")
    plain = tmp_path / "plain"
    yearly(plain / "in")
    reference = submit(network(plain, {"files": "M-{year}.tif", "nodata": 0}), "meadows", "1.0.0", plain / "in")
    assert done.receipt.tiles == reference.receipt.tiles
    assert [file.pixels for file in done.receipt.files] == [file.pixels for file in reference.receipt.files]
    assert [finding.code for finding in done.findings] == (["M106", "M205"] if make is named else ["M106"])
    assert done.receipt.resampled == ()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_map_in_any_pieces_is_the_same_map(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("cut")
    nodata = data.draw(st.sampled_from([0, 27, 255]))
    holes = data.draw(st.booleans())
    planes = [np.where(plane == 33, nodata, plane).astype(np.uint8) if holes else plane for plane in maps().values()]
    cuts = [sorted(data.draw(st.sets(st.integers(1, side - 1), max_size=3))) for side in SHAPE]
    overlap = data.draw(st.integers(0, 5))
    options = {
        "compress": data.draw(st.sampled_from(["lzw", "deflate", "packbits", "none"])),
        "interleave": data.draw(st.sampled_from(["band", "pixel"])),
        "blockysize": data.draw(st.integers(1, 40)),
    }
    is_banded = data.draw(st.booleans())
    for top, bottom in zip([0, *cuts[0]], [*cuts[0], SHAPE[0]], strict=True):
        for left, right in zip([0, *cuts[1]], [*cuts[1], SHAPE[1]], strict=True):
            window = np.s_[max(top - overlap, 0) : bottom, max(left - overlap, 0) : right]
            place = {"top": window[0].start, "left": window[1].start}
            parts = [plane[window] for plane in planes]
            if is_banded:
                write(root / f"in/M-{top}-{left}.tif", parts, **place, **options)
                continue
            for year, part in zip(YEARS, parts, strict=True):
                write(root / f"in/M-{year}-{top}-{left}.tif", [part], **place, **options)
    delivery = (TILED_BANDS if is_banded else TILED) | {"nodata": nodata}
    found = review(network(root, delivery, min_coverage=0), root / "in")
    assert codes(found) == []
    for year, plane in zip(YEARS, planes, strict=True):
        np.testing.assert_array_equal(found.classes.values[year], np.where(plane == nodata, 0, plane))


@pytest.mark.parametrize("nodata", [0, 27, 255])
def test_files_may_say_their_nodata_themselves(tmp_path, nodata):
    for year, plane in maps().items():
        write(tmp_path / f"in/M-{year}.tif", [np.where(plane == 33, nodata, plane).astype(np.uint8)], nodata=nodata)
    found = review(network(tmp_path, {"files": "M-{year}.tif", "nodata": "file"}, min_coverage=0), tmp_path / "in")
    assert codes(found) == []
    np.testing.assert_array_equal(found.classes.values[2012], np.where(maps()[2012] == 33, 0, maps()[2012]))


def test_a_file_that_does_not_say_its_nodata_or_another_is_named(tmp_path):
    yearly(tmp_path / "in", nodata=255)
    write(tmp_path / "in/M-2013.tif", [maps()[2013]])
    write(tmp_path / "in/M-2014.tif", [maps()[2014]], nodata=27)
    found = review(network(tmp_path, {"files": "M-{year}.tif", "nodata": "file"}), tmp_path / "in")
    assert codes(found) == ["M217", "M217"]
    assert [f"{f.where[-10:]} {f.message}" for f in found.findings if f.code == "M217"] == [
        "M-2013.tif the file does not say its nodata value, and the manifest leaves it to the file",
        "M-2014.tif nodata is 27, other files have 255",
    ]


def test_a_nodata_of_the_files_that_is_a_class_is_refused(tmp_path):
    yearly(tmp_path / "in", nodata=33)
    found = review(network(tmp_path, {"files": "M-{year}.tif", "nodata": "file"}, min_coverage=0), tmp_path / "in")
    assert the(found, "M217").message == "nodata 33 of the files is also the code of a class"


def test_bands_side_by_side_are_decoded_once(tmp_path, monkeypatch):
    banded(tmp_path / "in", interleave="pixel", blockysize=8)
    read, rows = delivered._read, []

    def counting(src: Any, path: Path, bands: Any, top: int, bottom: int) -> np.ndarray:
        rows.append((bands, top, bottom))
        return read(src, path, bands, top, bottom)

    monkeypatch.setattr(delivered, "_read", counting)
    assert submit(network(tmp_path, BANDS), "meadows", "1.0.0", tmp_path / "in").created
    # checked, written and compared in 4 years: 8 passes over the classes, one over the file
    assert rows == [((1, 2, 3, 4), 0, 72)]


def test_a_year_that_no_band_or_file_holds_is_missing(tmp_path):
    write(tmp_path / "in/M.tif", list(maps().values())[:3])
    assert the(review(network(tmp_path, BANDS), tmp_path / "in"), "M201").message == (
        "year 2015 is missing, expected band 4 of M.tif"
    )
    found = review(network(tmp_path, NAMED), tmp_path / "in")
    assert found.findings[1].message == "year 2012 is missing, expected a band classification_2012 of M.tif"


def test_a_band_too_many_is_left_out(tmp_path):
    planes = list(maps().values())
    write(tmp_path / "in/M.tif", [*planes, planes[-1]], interleave="pixel")
    found = review(network(tmp_path, BANDS), tmp_path / "in")
    assert codes(found) == []
    assert the(found, "M203").where.endswith("M.tif, band 5")


@pytest.mark.parametrize(
    ("delivery", "label", "problem"),
    [
        (BANDS, "classification_2014", "is the year 2013 by order and called 'classification_2014'"),
        (BANDS, "lulc", None),  # a name without a year says nothing
        (
            BANDS | {"bands": {"first": 2012, "names": "b{year}"}},
            "lulc",
            "is the year 2013 by order and called 'lulc', not 'b2013'",
        ),
    ],
)
def test_order_and_names_of_bands_must_agree(tmp_path, delivery, label, problem):
    banded(tmp_path / "in", names=["", label])
    found = review(network(tmp_path, delivery), tmp_path / "in")
    assert codes(found) == (["M218"] if problem else [])
    if problem:
        assert the(found, "M218").message == problem
        assert the(found, "M218").where.endswith("M.tif, band 2")
        assert the(found, "M218").year == 2013


def test_two_bands_of_one_name_are_two_files_of_a_year(tmp_path):
    labels = [f"classification_{year}" for year in (2012, 2013, 2013, 2015)]
    banded(tmp_path / "in", names=labels)
    found = review(network(tmp_path, NAMED), tmp_path / "in")
    assert codes(found) == ["M201", "M204"]
    assert the(found, "M204").message.count("M.tif, band ") == 2


def test_tiles_that_disagree_are_named_with_place_and_count(tmp_path):
    write_tiles(tmp_path / "in", FOUR)
    plane = maps()[2013][36:72, 24:60].copy()
    plane[1, 2:5] = 33  # row 37, columns 26 to 28: also in the tiles to the north and to the west
    plane[20, 20] = 3  # in this tile alone
    write(tmp_path / "in/M-2013-00036-00024.tif", [plane], top=36, left=24)
    found = review(network(tmp_path, TILED), tmp_path / "in")
    assert codes(found) == ["M215"]
    finding = the(found, "M215")
    assert finding.where.endswith("M-2013-00036-00024.tif")
    assert finding.message.startswith("3 pixels of 2013 differ from ")
    assert "M-2013-00000-00000.tif where the two overlap: rows 37 to 37, columns 26 to 28 of the joined map" in (
        finding.message
    )
    assert (finding.places[0].rows, finding.places[0].columns) == ((37, 38), (26, 29))


def test_where_one_of_two_tiles_has_no_claim_the_other_counts(tmp_path):
    write_tiles(tmp_path / "in", FOUR)
    plane = maps()[2013][0:40, 0:30].copy()
    plane[:, 24:] = 0
    write(tmp_path / "in/M-2013-00000-00000.tif", [plane])
    found = review(network(tmp_path, TILED), tmp_path / "in")
    assert codes(found) == []
    np.testing.assert_array_equal(found.classes.values[2013], maps()[2013])


def test_a_tile_that_one_year_lacks_blocks_and_one_that_all_lack_is_told(tmp_path):
    project = network(tmp_path, TILED, kind="theme")
    write_tiles(tmp_path / "in", FOUR[:3])
    found = review(project, tmp_path / "in")
    assert codes(found) == []
    told = [finding for finding in found.findings if finding.code == "M216"]
    # the fourth tile alone has rows 40 to 71 and columns 30 to 59
    assert [finding.message for finding in told] == [
        f"960 pixels of {year} lie in no tile; 960 of them in rows 40 to 71, columns 30 to 59" for year in YEARS
    ]
    assert (told[0].places[0].rows, told[0].places[0].columns) == ((40, 72), (30, 60))
    write_tiles(tmp_path / "in", FOUR)
    (tmp_path / "in/M-2014-00036-00024.tif").unlink()
    found = review(project, tmp_path / "in")
    assert codes(found) == ["M216"]
    assert the(found, "M216").message.endswith("; in other years there are tiles")


def move(path: Path, **coefficients: float) -> None:
    with rasterio.open(path, "r+") as dst:
        given = {name: getattr(dst.transform, name) for name in "abcdef"}
        dst.transform = rasterio.Affine(*(given | coefficients).values())


@pytest.mark.parametrize(
    ("coefficients", "code"),
    [
        ({"c": WEST + 24 * SIDE + 7.8}, "M303"),
        ({"c": WEST + 25 * SIDE}, "M304"),  # a column beyond the east
        ({"a": 31.0}, "M302"),
        ({"a": 1e-9}, "M302"),
        ({"a": 1e30, "e": -1e30}, "M302"),
        ({"a": 0.0, "e": 0.0}, "M302"),
        ({"e": SIDE}, "M307"),
        ({"b": 5.0}, "M302"),
        ({"c": 9e9}, "M309"),
    ],
)
@pytest.mark.parametrize("regrid", [None, "nearest"])
def test_a_tile_in_the_wrong_place_is_named(tmp_path, coefficients, code, regrid):
    write_tiles(tmp_path / "in", FOUR)
    path = tmp_path / "in/M-2013-00036-00024.tif"
    move(path, **coefficients)
    found = review(network(tmp_path, TILED), HandedIn(tmp_path / "in", regrid))
    if regrid is None or code != "M304":
        assert code in codes(found)
        assert {f.where for f in found.findings if f.code == code} == {str(path)}
        assert any(line.startswith("M404 for 2013: its tiles ") for line in found.skipped)
    assert 2012 in found.classes.values


def test_a_tile_of_another_kind_is_named(tmp_path):
    write_tiles(tmp_path / "in", FOUR)
    piece = maps()[2013][36:72, 24:60]
    write(tmp_path / "in/M-2013-00036-00024.tif", [piece.astype("float32")], top=36, left=24)
    write(tmp_path / "in/M-2014-00036-00024.tif", [piece] * 4, top=36, left=24, photometric="RGB")
    write(tmp_path / "in/M-2015-00036-00024.tif", [piece], top=36, left=24, nodata=27)
    found = review(network(tmp_path, TILED), tmp_path / "in")
    by_year = {f.message[3:7]: f.message for f in found.findings if f.code == "M214"}
    assert by_year["2013"].startswith("in 2013 it has dtype float32 and not uint8 as M-2013-")
    assert by_year["2014"].startswith("in 2014 it has bands 4 and not 1, colours red, green, blue")
    assert by_year["2015"].startswith("in 2015 it has nodata 27 and not none as M-2015-")
    assert "M404 for 2013: float32 values, not uint8" in found.skipped


def test_a_picture_of_the_map_is_refused_as_bands_too(tmp_path):
    rng = np.random.default_rng(1)
    write(
        tmp_path / "in/M.tif", list(rng.integers(0, 256, (4, *SHAPE), np.uint8)), photometric="RGB", interleave="pixel"
    )
    assert {"M404", "M405"} & set(codes(review(network(tmp_path, BANDS), tmp_path / "in")))
    one = network(tmp_path / "one", {"files": "M-{year}.tif", "nodata": 0})
    yearly(tmp_path / "one/in")
    with rasterio.open(tmp_path / "in/M.tif") as src:
        assert ColorInterp.red in src.colorinterp
        write(tmp_path / "one/in/M-2013.tif", list(src.read()), photometric="RGB")
    assert {"M402", "M407"} <= set(codes(review(one, tmp_path / "one/in")))


@pytest.mark.parametrize("delivery", [BANDS, TILED_BANDS])
def test_bands_of_floats_are_refused(tmp_path, delivery):
    banded(tmp_path / "ignored")
    write(tmp_path / "in/M.tif", [plane.astype("float32") for plane in maps().values()])
    assert set(codes(review(network(tmp_path, delivery), tmp_path / "in"))) == {"M401"}


def bomb(path: Path, **options: Any) -> None:
    """Promise billions of pixels and store none."""
    profile = {"driver": "GTiff", "dtype": "uint8", "crs": "EPSG:31983", "sparse_ok": True, "tiled": True} | options
    transform = rasterio.Affine(SIDE, 0, WEST, 0, -SIDE, NORTH)
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", transform=transform, **profile):
        pass


@pytest.mark.parametrize("regrid", [None, "mode"])
def test_bombs_are_not_decoded(tmp_path, regrid, monkeypatch):
    huge = {"height": 60_000, "width": 60_000}
    bomb(tmp_path / "tiles/M-2013-0.tif", count=1, **huge)
    found = review(network(tmp_path, TILED), HandedIn(tmp_path / "tiles", regrid))
    assert "M207" in codes(found)
    bomb(tmp_path / "bands/M.tif", count=4, interleave="pixel", **huge)
    found = review(network(tmp_path, BANDS), HandedIn(tmp_path / "bands", regrid))
    assert "M207" in codes(found)
    block = {"height": 16, "width": 16, "blockxsize": 8192, "blockysize": 8192}
    bomb(tmp_path / "blocks/M.tif", count=4 + 4, interleave="pixel", **block)
    found = review(network(tmp_path, BANDS), HandedIn(tmp_path / "blocks", regrid))
    assert "blocks have 8,192 x 8,192 pixels of 8 bands, 512 MiB each" in the(found, "M209").message


def test_a_damaged_tile_or_file_of_bands_takes_its_years_along(tmp_path):
    write_tiles(tmp_path / "tiles", FOUR)
    path = tmp_path / "tiles/M-2013-00036-00024.tif"
    path.write_bytes(path.read_bytes()[:100])
    found = review(network(tmp_path, TILED), tmp_path / "tiles")
    assert codes(found) == ["M202"]
    assert list(found.classes.values) == [2012, 2014, 2015]
    assert "M404 for 2013: M-2013-00036-00024.tif cannot be read" in found.skipped
    banded(tmp_path / "bands", interleave="pixel")
    path = tmp_path / "bands/M.tif"
    with rasterio.open(path) as src:
        start = int(src.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    data = bytearray(path.read_bytes())
    data[start : start + 24] = b"\xff" * 24
    path.write_bytes(data)
    found = review(network(tmp_path, BANDS), tmp_path / "bands")
    assert set(codes(found)) == {"M202"}
    assert not found.classes.values
    path.write_text("PENDING", encoding="utf-8")
    assert codes(review(network(tmp_path, BANDS), tmp_path / "bands")) == ["M202"]


def test_names_of_tiles_may_not_lead_elsewhere(tmp_path):
    project = network(tmp_path, TILED)
    write_tiles(tmp_path / "in", FOUR)
    (tmp_path / "in/M-2013-link.tif").symlink_to(tmp_path / "in/M-2013-00000-00000.tif")
    with pytest.raises(QualityError, match="S103"):
        submit(project, "meadows", "1.0.0", tmp_path / "in")
    (tmp_path / "in/M-2013-link.tif").unlink()
    (tmp_path / "in/m-2013-00000-00000.TIF").write_bytes(b"")
    with pytest.raises(QualityError, match="S106"):
        submit(project, "meadows", "1.0.0", tmp_path / "in")
    with pytest.raises(QualityError, match="S102"):
        submit(project, "meadows", "1.0.0", f"{tmp_path}/in/../in/M-*.tif")
    assert not project.workspace.exists()


def test_a_shifted_map_is_resampled_only_on_request(tmp_path):
    project = network(tmp_path, {"files": "M-{year}.tif", "nodata": 0}, min_coverage=0)
    for year, plane in maps().items():
        write(tmp_path / f"in/M-{year}.tif", [plane])
        move(tmp_path / f"in/M-{year}.tif", c=WEST + 21.0, f=NORTH - 6.0)
    refused = review(project, tmp_path / "in")
    assert set(codes(refused)) == {"M303", "M304"} or set(codes(refused)) == {"M303"}
    done = submit(project, "meadows", "1.0.0", HandedIn(tmp_path / "in", "nearest"))
    # moved by 0.7 pixel to the east and 0.2 to the south: a centre lies in the pixel to the west of its own
    kept = review(project, HandedIn(tmp_path / "in", "nearest")).classes.values[2012]
    np.testing.assert_array_equal(kept[:, 1:], maps()[2012][:, :-1])
    assert not kept[:, 0].any()
    (record,) = done.receipt.resampled
    assert (record.years, record.method, record.shape) == (YEARS, "nearest", SHAPE)
    assert record.transform == (30.0, 0.0, WEST + 21, 0.0, -30.0, NORTH - 6)
    (told,) = [finding for finding in done.findings if finding.code == "M310"]
    assert told.message.startswith("2012 to 2015: resampled to the grid (nearest) from CRS SIRGAS 2000 / UTM zone 23S")


def test_the_manifest_may_ask_for_resampling(tmp_path):
    fine = {year: plane.repeat(3, axis=0).repeat(3, axis=1) for year, plane in maps().items()}
    for year, plane in fine.items():
        plane[0:2, 0:3] = 15  # six of the nine in the first pixel
        plane[0, 3:7] = 15  # three of the second, one of the third
        write(tmp_path / f"in/M-{year}.tif", [plane])
        move(tmp_path / f"in/M-{year}.tif", a=10.0, e=-10.0)
    project = network(tmp_path, {"files": "M-{year}.tif", "nodata": 0}, regrid="mode")
    found = review(project, tmp_path / "in")
    assert codes(found) == []
    expected = maps()[2013].copy()
    expected[0, 0] = 15
    np.testing.assert_array_equal(found.classes.values[2013], expected)


@pytest.mark.parametrize("form", ["yearly", "bands", "tiles"])
def test_a_map_in_another_crs_is_resampled_pixel_by_pixel(tmp_path, form):
    """The reference follows the centre of each pixel to the file, with PROJ."""
    to_degrees = Transformer.from_crs("EPSG:31983", "EPSG:4674", always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(WEST, NORTH - 72 * SIDE, WEST + 60 * SIDE, NORTH)
    step = 0.0002
    rows, columns = int((north - south) / step) + 4, int((east - west) / step) + 4
    affine = rasterio.Affine(step, 0, west - step, 0, -step, north + step)
    rng = np.random.default_rng(3)
    planes = {year: rng.choice(np.array([0, 3, 15, 33], np.uint8), (rows, columns)) for year in YEARS}
    options = {"crs": "EPSG:4674", "transform": affine}
    if form == "yearly":
        for year, plane in planes.items():
            write(tmp_path / f"in/M-{year}.tif", [plane], **options)
    elif form == "bands":
        write(tmp_path / "in/M.tif", list(planes.values()), interleave="pixel", **options)
    else:
        for year, plane in planes.items():
            write(tmp_path / f"in/M-{year}-a.tif", [plane[:50]], **options)
            below = affine @ rasterio.Affine.translation(0, 45)
            write(tmp_path / f"in/M-{year}-b.tif", [plane[45:]], crs="EPSG:4674", transform=below)
    delivery = {"yearly": {"files": "M-{year}.tif", "nodata": 0}, "bands": BANDS, "tiles": TILED}[form]
    found = review(network(tmp_path, delivery, min_coverage=0), HandedIn(tmp_path / "in", "nearest"))
    assert codes(found) == []
    y, x = np.indices(SHAPE) + 0.5
    lon, lat = to_degrees.transform(WEST + x * SIDE, NORTH - y * SIDE)
    row, column = np.floor((north + step - lat) / step).astype(int), np.floor((lon - west + step) / step).astype(int)
    for year, plane in planes.items():
        same = found.classes.values[year] == plane[row, column]
        assert same.mean() > 0.99  # coordinates are exact to a hundredth of a pixel, and no better


def test_a_map_in_another_crs_is_refused_without_request(tmp_path):
    for year, plane in maps().items():
        affine = rasterio.Affine(0.00027, 0, -46.9, 0, -0.00027, -19.8)
        write(tmp_path / f"in/M-{year}.tif", [plane], crs="EPSG:4674", transform=affine)
    found = review(network(tmp_path, {"files": "M-{year}.tif", "nodata": 0}), tmp_path / "in")
    assert "M301" in codes(found)
    beside = review(
        network(tmp_path, {"files": "M-{year}.tif", "nodata": 0}, regrid="nearest", kind="theme"), tmp_path / "in"
    )
    assert not beside.is_accepted or "M507" in {finding.code for finding in beside.findings}


@pytest.mark.parametrize(
    ("delivery", "message"),
    [
        ({"files": "M.tif", "nodata": 0}, "write {year}, or say under 'bands' which band is which year"),
        ({"files": "M-{year}.tif", "bands": {"first": 2012}, "nodata": 0}, "but 'bands' says the years"),
        ({"files": "M-{tile}-{tile}.tif", "bands": {"first": 2012}, "nodata": 0}, "twice: write it once"),
        ({"files": "M.tif", "bands": {}, "nodata": 0}, "say 'first', the year of band 1, or 'names'"),
        ({"files": "M.tif", "bands": {"names": "b"}, "nodata": 0}, "does not say once where the year stands"),
        ({"files": "M-{year}.tif", "nodata": 256}, "a value of a byte, 0 to 255, or 'file'"),
        ({"files": "M-{year}.tif", "nodata": "files"}, "nodata"),
    ],
)
def test_a_manifest_that_does_not_tell_the_form_is_refused(tmp_path, delivery, message):
    with pytest.raises(ConfigError) as refused:
        load_module(network(tmp_path, delivery), "meadows")
    assert message in str(refused.value)


REAL = DATA / "mapbiomas-lourenco-c6-c8/c8_lorenco_85a22.tif"
real = pytest.mark.skipif(not REAL.is_file(), reason=f"real maps are not beside the checkout: no {REAL}")
LEGEND = (3, 4, 5, 6, 11, 12, 15, 21, 24, 25, 29, 30, 32, 33, 39, 41, 9, 20, 23, 31, 35, 36, 40, 46, 47, 48, 49, 50, 62)


def amapa(root: Path, delivery: Mapping[str, Any], **changes: Any) -> Project:
    """Write a network around the gold mine of Lourenço: 38 years of MapBiomas in one file, 1341 x 1341 pixels."""
    project = network(root, delivery, min_coverage=0, kind="theme")
    with rasterio.open(REAL) as src:
        grid = {"crs": src.crs.to_wkt(), "resolution": src.transform.a, "origin": [src.transform.c, src.transform.f]}
        grid |= {"shape": [*src.shape], "tile": 512}
    years = {"first": 1985, "last": 1990}
    edits = {
        "configs/legends/small.yaml": {
            "classes": [{"code": c, "name": {"en": f"c{c}"}, "color": f"#{c:02x}8080"} for c in LEGEND]
        },
        "configs/collections/small.yaml": {"grid": grid, "years": years},
        "contributors/meadows/manifest.yaml": {"classes": list(LEGEND), "years": years, **changes},
    }
    yaml = YAML(typ="safe")
    for name, edit in edits.items():
        yaml.dump(yaml.load(root / name) | edit, root / name)
    return project


@real
def test_a_real_stack_of_bands_and_its_export_in_tiles_are_the_same(tmp_path):
    stack = {"files": "c8_lorenco_85a22.tif", "bands": {"first": 1985, "names": "mapbiomas_cover_{year}"}, "nodata": 27}
    one = submit(amapa(tmp_path / "one", stack), "meadows", "1.0.0", [REAL])
    assert [finding.code for finding in one.findings if finding.code == "M203"] == ["M203"] * 32  # 1991 to 2022
    with rasterio.open(REAL) as src:
        for top, left in ((0, 0), (0, 640), (640, 0), (640, 640)):
            window = Window(left, top, min(704, 1341 - left), min(704, 1341 - top))
            options = {"crs": src.crs, "transform": src.window_transform(window), "interleave": "pixel", "nodata": 27}
            tile = tmp_path / f"tiles/L-{top:010d}-{left:010d}.tif"
            write(tile, list(src.read(list(range(1, 7)), window=window)), tiled=True, **options)
    delivery = {"files": "L{tile}.tif", "bands": {"first": 1985}, "nodata": "file"}
    other = submit(amapa(tmp_path / "other", delivery), "meadows", "1.0.0", tmp_path / "tiles")
    assert one.receipt.tiles == other.receipt.tiles
    assert [file.pixels for file in one.receipt.files] == [file.pixels for file in other.receipt.files]


@real
def test_a_real_map_on_another_grid_is_resampled_on_request(tmp_path):
    """MapBiomas as it is published, in degrees, onto a grid of 30 m: the shares of the classes stay."""
    folder = DATA / "mapbiomas-c8-sul-goiano"
    delivery = {"files": "mapbiomas-brazil-collection-80-{year}.tif", "nodata": 0}
    years = {"first": 2020, "last": 2021}
    project = amapa(tmp_path, delivery, years=years)
    yaml, path = YAML(typ="safe"), tmp_path / "configs/collections/small.yaml"
    grid = {"crs": "EPSG:31982", "resolution": 30, "origin": [729700, 8028100], "shape": [1550, 690], "tile": 512}
    yaml.dump(yaml.load(path) | {"grid": grid, "years": years}, path)
    found = review(project, HandedIn(sorted(folder.glob("*-202[01].tif")), "nearest"))
    assert codes(found) == []
    with rasterio.open(folder / "mapbiomas-brazil-collection-80-2020.tif") as src:
        before = np.bincount(src.read(1).ravel(), minlength=256) / (src.width * src.height)
    after = np.bincount(found.classes.values[2020].ravel(), minlength=256)
    shares = after[1:] / after[1:].sum()
    assert np.abs(shares - before[1:] / before[1:].sum()).max() < 0.01


@pytest.mark.parametrize("form", ["bands side by side", "tiles that overlap", "tiles of all years"])
def test_files_may_lie_in_a_store(tmp_path, object_store, form):
    make, delivery, options = FORMS[form]
    make(tmp_path / "in", **options)
    for path in (tmp_path / "in").iterdir():
        (object_store / "in" / path.name).write_bytes(path.read_bytes())
    found = review(network(tmp_path, delivery), HandedIn(f"{object_store}/in/*.tif", "nearest"))
    assert codes(found) == []
    for year, plane in maps().items():
        np.testing.assert_array_equal(found.classes.values[year], plane)
