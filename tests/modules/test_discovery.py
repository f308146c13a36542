"""Linking a manifest to its collection and legend: all findings at once, each with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mutirao.errors import ConfigError, QualityError, UsageError
from mutirao.modules.discovery import load_module
from mutirao.modules.submission import submit
from mutirao.project import Project


def edit(project: Project, file: str, **replacements: str) -> Path:
    """Replace lines of a file of the project that begin with a key."""
    path = project.root / file
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, line in replacements.items():
        at = next((i for i, text in enumerate(lines) if text.startswith(f"{key}:")), len(lines))
        lines[at : at + 1] = [line]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refusal(project: Project, module: str) -> list[tuple[str, str, str, str]]:
    with pytest.raises(ConfigError) as refused:
        load_module(project, module)
    return [(f.code, f.message, f.where.rsplit("/", 1)[-1], f.remedy) for f in refused.value.findings]


URBAN = "contributors/urban/manifest.yaml"


def test_groups_and_names_become_codes(tiny_project):
    valley, urban = load_module(tiny_project, "valley"), load_module(tiny_project, "urban")
    assert valley.codes == {3, 15, 33, 39}  # native is 3 and 33, farming 15 and 39
    assert (urban.codes, urban.crosswalk) == ({24}, {1: 24})
    assert (valley.nodata, urban.nodata) == (0, 255)
    assert valley.grid == valley.collection.grid
    assert valley.remarks == urban.remarks == ()


def test_an_unknown_module_lists_those_that_exist(tiny_project):
    with pytest.raises(UsageError, match="urban, valley, water"):
        load_module(tiny_project, "vally")


def test_id_must_be_the_folder(tiny_project):
    edit(tiny_project, URBAN, id="id: towns")
    assert refusal(tiny_project, "urban") == [
        ("M101", "id is 'towns' in a folder named 'urban'", "manifest.yaml:1:1", "write 'id: urban'")
    ]


def test_a_misspelt_class_gets_a_suggestion(tiny_project):
    edit(tiny_project, URBAN, classes="classes: [24, Urbn area]")
    assert refusal(tiny_project, "urban") == [
        (
            "M102",
            "'Urbn area' is no class or group of legend 'tiny'",
            "manifest.yaml:10:15",
            "did you mean 'urban-area'?",
        )
    ]


def test_an_unknown_code_gets_the_list_of_codes(tiny_project):
    edit(tiny_project, URBAN, classes="classes: [25]", crosswalk="crosswalk: {}")
    assert refusal(tiny_project, "urban") == [
        (
            "M102",
            "25 is no class or group of legend 'tiny'",
            "manifest.yaml:10:11",
            "codes are 3 Forest, 15 Pasture, 24 Urban area, 33 Water, 39 Soybean",
        )
    ]


def test_a_crosswalk_may_not_lead_to_a_class_that_is_not_claimed(tiny_project):
    edit(tiny_project, URBAN, crosswalk="crosswalk: {1: 24, 2: Water, 3: farming}")
    found = refusal(tiny_project, "urban")
    assert [(code, message, where) for code, message, where, _ in found] == [
        ("M103", "local code 2 leads to 'Water', which the module does not claim", "manifest.yaml:14:20"),
        ("M103", "local code 3 leads to 'farming', a group of 2 classes", "manifest.yaml:14:30"),
    ]


def test_years_must_lie_in_the_collection(tiny_project):
    edit(tiny_project, URBAN, years="years: {first: 2019, last: 2023}")
    found = refusal(tiny_project, "urban")
    assert [(code, where) for code, _, where, _ in found] == [
        ("M104", "manifest.yaml:11:9"),
        ("M104", "manifest.yaml:11:22"),
    ]
    assert found[0][1] == "first year 2019 is outside collection 'tiny', which has 2020 to 2022"


def test_a_method_needs_its_file(tiny_project):
    (tiny_project.root / "contributors/water/module.py").unlink()
    assert refusal(tiny_project, "water")[0][:3] == (
        "M105",
        "method is python, but there is no module.py",
        "manifest.yaml:12:1",
    )


@pytest.fixture
def forest(network, tmp_path):
    """Give a copy of the region module that is made by recipe, and its project."""
    shutil.copytree(network.root / "configs", tmp_path / "configs")
    shutil.copytree(network.contributors / "banat_forest", tmp_path / "contributors/banat_forest")
    return Project(tmp_path, tmp_path / "workspace")


def test_a_recipe_is_read_and_may_read_only_the_inputs(forest):
    edit(forest, "contributors/banat_forest/manifest.yaml", inputs="inputs: [tree-cover-density-2018]")
    (remark,) = load_module(forest, "banat_forest").remarks
    assert (remark.code, remark.severity) == ("M112", "block")
    assert remark.where.endswith("recipe.yaml:3:3")
    recipe = forest.module_folder("banat_forest") / "recipe.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("trees:", "treees:"), encoding="utf-8")
    (remark,) = load_module(forest, "banat_forest").remarks
    assert (remark.code, remark.message) == ("C104", "unknown key 'classifier.treees'")


def test_only_an_active_module_takes_a_submission(tiny_project, tiny_rasters):
    edit(tiny_project, URBAN, status="status: draft")
    (remark,) = load_module(tiny_project, "urban").remarks
    assert (remark.code, remark.severity) == ("M113", "block")
    with pytest.raises(QualityError, match="M113"):
        submit(tiny_project, "urban", "1.0.0", tiny_rasters["urban"])


def test_a_missing_or_thin_method_page_is_advice(tiny_project):
    page = tiny_project.root / "contributors/urban/README.md"
    page.write_text("# Towns\n\nDrawn by hand.\n", encoding="utf-8")
    (remark,) = load_module(tiny_project, "urban").remarks
    assert (remark.code, remark.severity) == ("M106", "advise")
    assert remark.message == "the method page has 1 line of text, needs 3"
    page.unlink()
    assert load_module(tiny_project, "urban").remarks[0].message == "there is no method page"


def test_a_line_of_the_template_does_not_stop_work_but_a_submission(tiny_project):
    edit(tiny_project, URBAN, description='description: "TODO: one sentence"')
    (remark,) = load_module(tiny_project, "urban").remarks
    assert (remark.code, remark.severity) == ("M107", "block")
    assert remark.where.endswith("manifest.yaml:7:15")


def test_todo_without_colon_is_a_word_of_the_language(tiny_project):
    edit(tiny_project, URBAN, description="description: TODO O TERRITÓRIO")
    assert load_module(tiny_project, "urban").remarks == ()


@pytest.mark.parametrize("file", ["no-such.geojson", "../water/README.md"])
def test_a_territory_must_lie_in_the_folder(tiny_project, file):
    edit(tiny_project, URBAN, territory=f"territory: {file}")
    code, _, where, _ = refusal(tiny_project, "urban")[0]
    assert (code, where) == ("M108", "manifest.yaml:12:1")


def test_inputs_must_be_datasets(tiny_project):
    folder = tiny_project.root / "configs/datasets"
    folder.mkdir()
    (folder / "landsat.yaml").touch()
    edit(tiny_project, URBAN, inputs="inputs: [landsat, landsat8, slope]")
    found = refusal(tiny_project, "urban")
    assert [(code, message) for code, message, _, _ in found] == [
        ("M109", "input 'landsat8' is no dataset"),
        ("M109", "input 'slope' is no dataset"),
    ]
    assert found[0][3] == "did you mean 'landsat'?"


@pytest.mark.parametrize(("own", "advice"), [("CC-BY-4.0", 0), ("CC0-1.0", 0), ("CC-BY-NC-4.0", 1)])
def test_a_licence_that_restricts_is_advice(tiny_project, own, advice):
    edit(tiny_project, URBAN, license=f"license: {own}")
    assert [remark.code for remark in load_module(tiny_project, "urban").remarks] == ["M110"] * advice


def test_nodata_may_not_be_a_local_code(tiny_project):
    edit(tiny_project, URBAN, delivery='delivery: {files: "towns_{year}.tif", nodata: 1}')
    assert refusal(tiny_project, "urban")[0][:3] == (
        "M111",
        "nodata 1 is also the code of a class",
        "manifest.yaml:15:39",
    )


def test_an_own_grid_must_nest(tiny_project):
    own = "{crs: EPSG:31983, resolution: 15, origin: [300004, 7800000], shape: [72, 80]}"
    edit(tiny_project, URBAN, grid=f"grid: {own}", regrid="regrid: mode")
    code, message, where, _ = refusal(tiny_project, "urban")[0]
    assert (code, where) == ("M305", "manifest.yaml:17:1")
    assert "-0.27 fine pixel in x" in message


def test_everything_is_found_at_once(tiny_project):
    edit(
        tiny_project,
        URBAN,
        id="id: towns",
        classes="classes: [Urban area, Lakes]",
        years="years: {first: 2021, last: 2030}",
        territory="territory: none.geojson",
        description='description: "TODO: one sentence"',
    )
    assert [found[0] for found in refusal(tiny_project, "urban")] == ["M101", "M102", "M104", "M108", "M107"]


def test_implausible_changes_between_unknown_classes_are_named_with_their_line(tiny_project):
    line = "implausible: [{before: [water, ubran], after: [forest]}]"
    edit(tiny_project, "configs/collections/tiny.yaml", implausible=line)
    ((code, message, where, remedy),) = refusal(tiny_project, "urban")
    assert (code, message) == ("C109", "'ubran' is no class or group of the legend")
    assert where.startswith("tiny.yaml:")
    assert remedy == "did you mean 'urban-area'?"
