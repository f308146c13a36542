"""A module that delivers in another legend of the project: crosswalk tables lead from it to the collection's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from mutirao.errors import ConfigError, QualityError
from mutirao.io import rasters
from mutirao.modules.discovery import load_module
from mutirao.modules.submission import read_claims, submit
from mutirao.project import Project

DATA = Path(__file__).parents[3] / "shared/data/mapbiomas-c23-brazil-5km"
OLD = {1: "Settlement", 2: "Hamlet", 8: "Mine", 9: "Camp"}
URBAN = "contributors/urban/manifest.yaml"


def write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    YAML(typ="safe").dump(value, path)


def write_legend(root: Path, name: str, classes: dict[int, str]) -> None:
    listed = [{"code": code, "name": {"en": text}, "color": "#808080"} for code, text in classes.items()]
    write(root / f"configs/legends/{name}.yaml", {"id": name, "version": "0", "title": name, "classes": listed})


def write_crosswalk(root: Path, origin: str, target: str, classes: dict[Any, Any], **more: Any) -> None:
    name = f"{origin}-to-{target}"
    table = {"id": name, "title": "test", "from": origin, "to": target, "classes": classes, **more}
    write(root / f"configs/crosswalks/{name}.yaml", table)


@pytest.fixture
def towns(tiny_project: Project) -> Project:
    """The tiny project, whose module 'urban' delivers in legend 'old': 1 and 2 are urban, 9 is soybean, 8 is lost."""
    write_legend(tiny_project.root, "old", OLD)
    classes = {"Settlement": "Urban area", 2: 24, 9: 39}
    write_crosswalk(tiny_project.root, "old", "tiny", classes, untranslated={8: "Mines were never mapped."})
    change(tiny_project, legend="old", crosswalk={7: "Hamlet"})
    return tiny_project


def change(project: Project, **values: Any) -> None:
    path = project.root / URBAN
    yaml = YAML(typ="rt")
    manifest = yaml.load(path)
    manifest.update(values)
    yaml.dump(manifest, path)


def submitted(project: Project, *codes: int) -> np.ndarray:
    """Submit two years with some codes in the first pixels, and return these pixels of the last year."""
    urban = np.zeros((2, 36, 40), np.uint8)
    urban[:, 0, : len(codes)] = codes
    urban[1, 5, 5] = 1  # the years differ
    folder = submit(project, "urban", "1.0.0", urban).folder
    return read_claims(folder, [2021, 2022])[1, 0, : len(codes)]


def test_codes_of_the_own_legend_and_local_codes_end_in_the_collections(towns):
    module = load_module(towns, "urban")
    assert module.crosswalk == {1: 24, 2: 24, 7: 24}  # 9 leads to soybean, which the module does not claim
    assert module.plain_codes == frozenset()
    assert submitted(towns, 1, 2, 7, 0).tolist() == [24, 24, 24, 0]


def test_the_receipt_keeps_the_legend_the_tables_and_what_was_applied(towns):
    submitted(towns, 1)
    path = towns.submissions / "urban/1.0.0/submission.json"
    receipt = YAML(typ="safe").load(path)
    assert receipt["own_legend"] == {"id": "old", "version": "0", "tables": ["old-to-tiny"]}
    assert receipt["crosswalk"] == {"1": 24, "2": 24, "7": 24}
    assert receipt["legend"]["id"] == "tiny"


def test_the_collections_own_legend_needs_no_table(tiny_project):
    change(tiny_project, legend="tiny")
    module = load_module(tiny_project, "urban")
    assert (module.own, module.plain_codes, module.crosswalk) == (None, {24}, {1: 24})


@pytest.mark.parametrize(
    ("code", "finding", "says"),
    [
        (8, "M406", "8 Mine (1 pixel) has no class in legend 'tiny': Mines were never mapped."),
        (9, "M404", "codes in neither 'crosswalk' nor 'classes': 9 Camp (1 pixel)"),
        (24, "M405", "values in neither 'crosswalk' nor legend 'old': 24 (1 pixel)"),
    ],
)
def test_codes_without_a_claimed_class_are_refused(towns, code, finding, says):
    with pytest.raises(QualityError) as refused:
        submitted(towns, code)
    assert (finding, says) in [(found.code, found.message) for found in refused.value.findings]


@pytest.mark.parametrize(
    ("local", "says"),
    [
        ("Mine", "local code 7 leads to 'Mine', which has no class in legend 'tiny': Mines were never mapped."),
        ("Camp", "local code 7 leads to 'Camp', in legend 'tiny' 39 Soybean, which the module does not claim"),
    ],
)
def test_a_local_code_must_lead_to_a_claimed_class_through_the_tables(towns, local, says):
    change(towns, crosswalk={7: local})
    with pytest.raises(ConfigError) as refused:
        load_module(towns, "urban")
    assert [(found.code, found.message) for found in refused.value.findings] == [("M103", says)]


def test_a_local_code_is_looked_up_in_the_own_legend(towns):
    change(towns, crosswalk={7: "Hamlets"})
    with pytest.raises(ConfigError) as refused:
        load_module(towns, "urban")
    (found,) = refused.value.findings
    assert (found.code, found.remedy) == ("M102", "did you mean 'hamlet'?")
    assert found.message == "'Hamlets' is no class or group of legend 'old'"


def test_the_manifest_says_where_the_way_is_missing_or_unknown(towns):
    (towns.root / "configs/crosswalks/old-to-tiny.yaml").unlink()
    with pytest.raises(ConfigError, match=r"manifest.yaml:\d+:1: X102 no crosswalk leads from legend 'old' to 'tiny'"):
        load_module(towns, "urban")
    change(towns, legend="older")
    with pytest.raises(ConfigError, match=r"manifest.yaml:\d+:1: X101 'older' is no legend. Remedy: legends are: old"):
        load_module(towns, "urban")


def test_a_circle_of_tables_is_refused_with_its_way_and_line(towns):
    write_crosswalk(towns.root, "tiny", "old", {3: 9, 15: 9, 24: 1, 33: 9, 39: 9})
    with pytest.raises(ConfigError, match=r"yaml:\d+:1: X104 crosswalks lead in a circle: \w+ -> \w+ -> \w+ \("):
        load_module(towns, "urban")


# Collection 2.3, from the README of the maps; in later collections water is told apart, and 26 is its parent.
C2 = {3: "Dense forest", 4: "Open forest", 5: "Mangrove", 9: "Plantation", 11: "Wetland", 12: "Grassland"}
C2 |= {13: "Other natural", 15: "Pasture", 18: "Agriculture", 21: "Agriculture or pasture", 22: "Not vegetated"}
C2 |= {23: "Beach and dune", 24: "Urban", 25: "Other not vegetated", 26: "Water", 27: "Not observed"}
C4 = {**C2, 33: "River, lake and ocean"}
YEARS = (2000, 2016)


@pytest.fixture
def brazil(tmp_path: Path, network: Project) -> Project:
    """A network of one module that delivers a whole country in the legend of Collection 2, two tables from today's."""
    if not DATA.is_dir():
        pytest.skip(f"real maps are not beside the checkout: no {DATA}")
    header = rasters.info(DATA / f"brazillc_{YEARS[0]}_5km.tif")
    origin = (header.transform.c, header.transform.f)
    grid = {"crs": str(header.crs), "resolution": header.transform.a, "origin": origin, "shape": header.shape}
    years = {"first": YEARS[0], "last": YEARS[0] + 1}
    collection = {"id": "br", "title": "-", "description": "-", "publisher": "-", "grid": grid, "rules": "br"}
    collection |= {"legend": "mapbiomas-brazil", "years": years, "modules": [{"module": "country"}]}
    manifest = {"id": "country", "name": "-", "organisation": "-", "maintainers": [{"name": "-"}], "description": "-"}
    manifest |= {"kind": "region", "status": "active", "collection": "br", "years": years, "method": "delivered"}
    manifest |= {"legend": "c2", "delivery": {"files": "{year}.tif", "nodata": 0}, "min_coverage": 0}
    manifest |= {"classes": sorted((C2.keys() | {33}) - {26})}
    write(tmp_path / "configs/collections/br.yaml", collection)
    write(tmp_path / "contributors/country/manifest.yaml", manifest)
    legend = YAML(typ="safe").load(network.root / "configs/legends/mapbiomas-brazil.yaml")
    write(tmp_path / "configs/legends/mapbiomas-brazil.yaml", legend)
    write_legend(tmp_path, "c2", C2)
    write_legend(tmp_path, "c4", C4)
    write_crosswalk(tmp_path, "c2", "c4", {code: code for code in C2 if code != 26} | {26: 33})
    write_crosswalk(tmp_path, "c4", "mapbiomas-brazil", {code: code for code in C4})
    return Project(tmp_path, tmp_path / "workspace")


def test_a_country_in_an_old_legend_comes_through_two_tables(brazil, tmp_path):
    files = [tmp_path / f"{year}.tif" for year in (YEARS[0], YEARS[0] + 1)]
    for copy, year in zip(files, YEARS, strict=True):  # 16 years apart; the collection has them one after the other
        copy.write_bytes((DATA / f"brazillc_{year}_5km.tif").read_bytes())
    done = submit(brazil, "country", "1.0.0", files)
    assert done.receipt.own_legend.tables == ("c2-to-c4", "c4-to-mapbiomas-brazil")
    local, claims = rasters.read(files[0]), read_claims(done.folder, [YEARS[0]])[0]
    assert (local == 26).sum() == 6965  # water, by the README a code of its own in this collection only
    assert np.array_equal(claims == 33, local == 26)
    assert np.array_equal(np.where(local == 26, 33, local), claims)
