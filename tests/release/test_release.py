"""What a release folder holds, seen with the tools that people use."""

from __future__ import annotations

import csv
import json
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pystac
import pytest
import rasterio

from mutirao.client import list_releases, open_release
from mutirao.engine.progress import Silent
from mutirao.errors import ImmutableError, QualityError, ResourceError, UsageError
from mutirao.io.rasters import file_digest, pixel_digest, read, read_bands
from mutirao.modules.store import load_submission
from mutirao.release.publish import publish
from mutirao.release.stac import validate_core


@pytest.fixture
def folder(demo):
    return demo.result.releases[-1].folder


@pytest.fixture
def release(folder):
    return open_release(folder)


def test_every_file_is_listed_with_its_true_digest(folder, release):
    listed = {file.name: file for file in release.record.files}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found - {"release.json"} == set(listed)
    for name, file in listed.items():
        assert file_digest(folder / name) == file.sha256
        assert (folder / name).stat().st_size == file.size


def test_pixel_digests_are_of_what_is_decoded(folder, release):
    rasters = [file for file in release.record.files if file.name.endswith(".tif")]
    assert len(rasters) == 6 * 5 + 1
    for file in rasters:
        stacked = "history" in file.name or "claims" in file.name
        pixels = read_bands(folder / file.name) if stacked else read(folder / file.name)
        assert pixel_digest(pixels, release.grid) == file.pixels


def test_yearly_map_carries_colours_names_and_tags(folder, release):
    name = "banat_lulc_2020_v0.2.0.tif"
    with rasterio.open(folder / name) as src:
        assert src.crs.to_epsg() == 3035
        assert src.transform == release.grid.transform
        assert src.nodata == 0
        assert src.colormap(1)[25] == (0xD4, 0x27, 0x1E, 255)
        assert src.tags()["VERSION"] == "0.2.0"
        assert src.tags()["YEAR"] == "2020"
    rows = ElementTree.parse(folder / f"{name}.aux.xml").iter("Row")
    names = {row[0].text: row[1].text for row in rows}
    assert names["25"] == "Fresh clear-cut"
    labels = ElementTree.parse(folder / "banat_lulc_2020_v0.2.0.qml").iter("paletteEntry")
    assert {entry.get("value"): entry.get("label") for entry in labels}["3"] == "Closed forest"


def test_history_holds_the_years_as_bands(folder, release):
    with rasterio.open(folder / "banat_history_v0.2.0.tif") as src:
        assert src.descriptions == ("2016", "2017", "2018", "2019", "2020")
        assert (src.read() == release.maps().to_numpy()).all()


def test_claims_hold_the_modules_as_bands(demo, folder, release):
    stored = [load_submission(demo.project, module.module, module.version) for module in release.record.modules]
    for year in release.record.years:
        with rasterio.open(folder / f"banat_claims_{year}_v0.2.0.tif") as src:
            assert src.descriptions == ("banat_forest", "clearcuts", "meadows")
            assert (src.interleaving.name, src.block_shapes[0]) == ("pixel", (256, 256))
            assert (src.read() == np.stack([one.read_claims([year])[0] for one in stored])).all()
    item = next((folder / "banat-v0.2.0").rglob("*-2018.json")).read_text(encoding="utf-8")
    assert json.loads(item)["assets"]["claims"]["roles"] == ["metadata"]
    assert json.loads((folder / "map.json").read_text())["assets"]["claims"]["2018"] == "banat_claims_2018_v0.2.0.tif"


def test_release_keeps_the_rules_and_chain_of_its_build(demo, folder):
    for name in ("collection.json", "legend.json", "rules.json", "chain.json"):
        assert (folder / name).read_bytes() == (demo.result.builds[-1].folder / name).read_bytes()


def test_catalogue_validates_and_its_links_lead_somewhere(folder):
    paths = [folder / "catalog.json", *(folder / "banat-v0.2.0").rglob("*.json")]
    assert len(paths) == 1 + 1 + 5
    for path in paths:
        validate_core(path)
        for link in json.loads(path.read_text(encoding="utf-8"))["links"]:
            assert (path.parent / link["href"]).resolve().is_file()
    items = list(pystac.Catalog.from_file(folder / "catalog.json").get_items(recursive=True))
    assert len(items) == 5
    for item in items:
        asset = item.assets["class"]
        path = folder / asset.get_absolute_href().rsplit("/", 1)[-1]
        assert asset.extra_fields["file:checksum"] == "1220" + file_digest(path)
        assert item.properties["proj:code"] == "EPSG:3035"
        values = {entry["value"]: entry["name"] for entry in asset.extra_fields["classification:classes"]}
        assert values[21] == "young-opening"


def test_catalogue_check_can_fail(folder, tmp_path):
    item = json.loads(next((folder / "banat-v0.2.0").rglob("*-2018.json")).read_text(encoding="utf-8"))
    del item["geometry"]
    (tmp_path / "item.json").write_text(json.dumps(item), encoding="utf-8")
    with pytest.raises(pystac.STACValidationError):
        validate_core(tmp_path / "item.json")


def test_tables_say_the_same_as_parquet_and_csv(folder):
    for path in (folder / "tables").glob("*.parquet"):
        columns = pq.read_table(path)
        with path.with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == columns.num_rows
        for name in (name for name in columns.column_names if name.endswith("_ha")):
            assert sum(float(row[name]) for row in rows) == pytest.approx(sum(columns[name].to_pylist()))


def test_areas_are_those_of_the_maps(release):
    areas = release.areas()
    maps = release.maps().to_numpy()
    for year, plane in zip(release.record.years, maps, strict=True):
        for code in np.unique(plane).tolist():
            row = areas[(areas["year"] == year) & (areas["class_code"] == code)]
            assert row["area_ha"].item() == pytest.approx((plane == code).sum() * 0.04)
    sides = release.areas("slope").groupby("territory_id")["area_ha"].sum()
    assert sides.to_dict() == {"north-west": pytest.approx(255.0), "south-east": pytest.approx(245.0)}


def test_clip_lies_where_the_whole_map_lies(release):
    whole = release.maps([2019])
    x, y = float(whole.x[12]), float(whole.y[7])
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(3035, 4326, always_xy=True).transform(x, y)
    clip = release.maps([2019], bounds=(lon, lat, lon, lat))
    assert clip.shape == (1, 1, 1)
    assert (float(clip.x[0]), float(clip.y[0])) == (x, y)
    assert clip.item() == whole[0, 7, 12].item()


def test_released_folder_names_the_newest(demo):
    assert {path.name for path in (demo.project.releases / "banat").iterdir()} == {"v0.1.0", "v0.2.0", "latest.json"}
    pointer = json.loads((demo.project.releases / "banat" / "latest.json").read_text(encoding="utf-8"))
    assert pointer["version"] == "0.2.0"
    assert [one.record.version for one in list_releases(demo.project.releases)] == ["0.1.0", "0.2.0"]
    second = open_release(demo.result.releases[-1].folder).record
    assert second.previous == file_digest(demo.result.releases[0].folder / "release.json")


def test_release_is_never_changed_or_overtaken(demo):
    first, second = demo.result.builds
    with pytest.raises(ImmutableError, match="L103"):
        publish(demo.project, first, "0.2.0", Silent())
    with pytest.raises(ImmutableError, match="L104"):
        publish(demo.project, second, "0.1.5", Silent())
    with pytest.raises(UsageError, match="U106"):
        publish(demo.project, second, "1.0", Silent())


def test_gates_stop_a_release_with_all_reasons(demo, tmp_path):
    from dataclasses import replace

    built = demo.result.builds[-1]
    [entry] = built.record.agreement
    worse = entry.model_copy(update={"overall": 0.5})
    bad = replace(built, record=built.record.model_copy(update={"hole_ha": 1.0, "agreement": (worse,)}))
    with pytest.raises(QualityError) as caught:
        publish(demo.project, bad, "0.3.0", Silent())
    assert [finding.code for finding in caught.value.findings] == ["L101", "L102"]
    assert not (demo.project.releases / "banat" / "v0.3.0").exists()


def test_place_that_is_no_release_is_refused(tmp_path):
    with pytest.raises(ResourceError, match="R201"):
        open_release(tmp_path)
    (tmp_path / "release.json").write_text('{"collection": "banat"}', encoding="utf-8")
    with pytest.raises(ResourceError, match=r"R203 .*title: Field required"):
        open_release(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"years": [1999]}, "A104"),
        ({"bounds": (0, 0, 1, 1)}, "A103"),
        ({"layer": "colour"}, "A102"),
    ],
)
def test_what_a_release_does_not_have_is_refused(release, arguments, code):
    with pytest.raises(UsageError, match=code):
        release.maps(**arguments)
