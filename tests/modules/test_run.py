"""Running modules: recipes and Python, on a network that is small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from mutirao.engine.progress import Silent
from mutirao.engine.runs import finished, run
from mutirao.errors import ConfigError, GridError, MutiraoError, ResourceError, UsageError
from mutirao.modules.run import run_module
from mutirao.project import Project

SIDE, SHAPE, ORIGIN = 30, (36, 40), (300000, 7800000)
DAYS = ["2020-06-01", "2020-07-01", "2021-06-01", "2022-06-01"]
GRID = "{crs: 'EPSG:31983', resolution: 30, origin: [300000, 7800000], shape: [36, 40], tile: 16}"
CUBE = f"""
    id: scenes
    title: Four scenes
    kind: scenes
    file: ../../data/scenes.nc
    grid: {GRID}
    bands: {{red: B4, nir: B8}}
    scale: 0.0001
    quality: {{band: SCL, clear: [4]}}
    license: CC0-1.0
    attribution: none
    """
DENSITY = f"""
    id: density
    title: Tree cover
    kind: layer
    file: ../../data/density.tif
    grid: {GRID}
    license: CC0-1.0
    attribution: none
    """
RECIPE = """
    imagery:
      dataset: scenes
      features: {layers: [red, ndvi], reducers: [p50]}
    samples:
      from_layer: {dataset: density, year: 2020, ranges: {3: [60, 100], 15: [0, 10]}}
    classifier: {method: random_forest, trees: 5, seed: 1}
    holdout:
      block: [300300, 7799700, 300900, 7800000] # rows 0 to 9, columns 10 to 29
      buffer_px: 2
      groups: {trees: [3], grass: [15]}
    """


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def project(tiny_project: Project) -> Project:
    """The tiny network with scenes: forest in columns 0 to 19, grass in the rest; cloud over row 35 in 2021."""
    folder = tiny_project.root / "data"
    folder.mkdir()
    red = np.full((4, *SHAPE), 300, dtype=np.uint16)
    red[:, :, 20:] = 1500
    scl = np.full((4, *SHAPE), 4, dtype=np.uint16)
    scl[2, 35] = 9
    bands = {"B4": red, "B8": np.full((4, *SHAPE), 3000, dtype=np.uint16), "SCL": scl}
    x = ORIGIN[0] + (np.arange(SHAPE[1]) + 0.5) * SIDE
    y = ORIGIN[1] - (np.arange(SHAPE[0]) + 0.5) * SIDE
    coords = {"time": np.array(DAYS, dtype="datetime64[ns]"), "y": y, "x": x}
    cube = xr.Dataset({name: (("time", "y", "x"), values) for name, values in bands.items()}, coords)
    cube.to_netcdf(folder / "scenes.nc", engine="h5netcdf")
    density = np.where(np.arange(SHAPE[1]) < 20, 90, 5).astype(np.uint8) * np.ones((SHAPE[0], 1), dtype=np.uint8)
    transform = rasterio.Affine(SIDE, 0, ORIGIN[0], 0, -SIDE, ORIGIN[1])
    profile: dict[str, Any] = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": "EPSG:31983"}
    height, width = SHAPE
    with rasterio.open(folder / "density.tif", "w", height=height, width=width, transform=transform, **profile) as dst:
        dst.write(density, 1)
    write(tiny_project.root / "configs/datasets/scenes.yaml", CUBE)
    write(tiny_project.root / "configs/datasets/density.yaml", DENSITY)
    return tiny_project


@pytest.fixture
def by_recipe(project: Project) -> Project:
    """The valley's module as a recipe."""
    folder = project.module_folder("valley")
    write(folder / "recipe.yaml", RECIPE)
    replace(folder / "manifest.yaml", "method: delivered", "method: recipe\ninputs: [scenes, density]")
    replace(folder / "manifest.yaml", 'delivery: {files: "valley-{year}.tif", nodata: 0}\n', "")
    return project


@pytest.fixture
def by_python(project: Project) -> Project:
    """The water module in Python; its text is given by each test."""
    replace(project.module_folder("water") / "manifest.yaml", "method: python", "method: python\ninputs: [scenes]")
    return project


def set_code(project: Project, text: str) -> None:
    write(project.module_folder("water") / "module.py", text)


def test_recipe_maps_every_year_and_leaves_cloud_empty(by_recipe: Project):
    run = run_module(by_recipe, "valley")
    assert run.years == (2020, 2021, 2022)
    assert run.codes.dtype == np.uint8
    expected = np.where(np.arange(40) < 20, 3, 15) * np.ones((36, 1), dtype=int)
    assert np.array_equal(run.codes[0], expected)
    assert np.array_equal(run.codes[1, :35], expected[:35])
    assert not run.codes[1, 35].any()
    assert run.report["pixels"] == {"2020": {"3": 720, "15": 720}, "2021": {"0": 40, "3": 700, "15": 700}} | {
        "2022": {"3": 720, "15": 720}
    }


def test_what_a_recipe_does_not_map_is_learnt_and_not_claimed(by_recipe: Project):
    whole = run_module(by_recipe, "valley").codes
    replace(by_recipe.module_folder("valley") / "recipe.yaml", "samples:\n", "unclaimed: [15]\nsamples:\n")
    run = run_module(by_recipe, "valley")
    assert np.unique(whole).tolist() == [0, 3, 15]
    assert np.array_equal(run.codes, np.where(whole == 15, 0, whole))
    assert run.report["holdout"]["groups"]["labels"] == ["trees", "grass"]  # they are still compared


@pytest.mark.parametrize(("codes", "why"), [("[99]", "no samples for the classes"), ("[3, 15]", "nothing would be")])
def test_what_is_not_claimed_is_some_of_what_is_learnt(by_recipe: Project, codes, why):
    replace(by_recipe.module_folder("valley") / "recipe.yaml", "samples:\n", f"unclaimed: {codes}\nsamples:\n")
    with pytest.raises(ConfigError, match=why):
        run_module(by_recipe, "valley")


def test_recipe_reports_the_block_kept_aside_and_does_not_train_in_it(by_recipe: Project):
    report: Any = run_module(by_recipe, "valley").report
    # The block has 10 rows of 10 forest and 10 grass pixels; with its buffer it takes 12 rows of 24 columns.
    assert report["holdout"]["groups"]["counts"] == [[100, 0], [0, 100], [0, 0]]
    assert report["samples"] == {"3": 720 - 12 * 12, "15": 720 - 12 * 12}


CHAIN = """
    id: chain
    title: Fill what clouds hid, and give single pixels back
    steps:
      - filter: gap_fill
      - {filter: reassign, map: {native: pasture}, years: {first: 2022}}
    """


def test_filters_of_a_recipe_clean_the_whole_series(by_recipe: Project):
    folder = by_recipe.module_folder("valley")
    write(folder / "chain.yaml", CHAIN)
    replace(folder / "recipe.yaml", "classifier:", "chain: chain.yaml\nclassifier:")
    run = run_module(by_recipe, "valley", years=[2021, 2022])
    # The cloud of 2021 takes the classes of 2020, which was not asked for; in 2022 forest is written over.
    assert run.years == (2021, 2022)
    assert run.report["pixels"] == {"2021": {"3": 720, "15": 720}, "2022": {"15": 1440}}


def test_filters_of_a_recipe_know_its_local_codes_by_the_names_of_the_legend(by_recipe: Project):
    folder = by_recipe.module_folder("valley")
    write(folder / "chain.yaml", CHAIN)
    replace(folder / "recipe.yaml", "classifier:", "chain: chain.yaml\nclassifier:")
    replace(folder / "recipe.yaml", "{3: [60", "{7: [60")
    replace(folder / "recipe.yaml", "trees: [3]", "trees: [7]")
    replace(folder / "manifest.yaml", "method: recipe", "crosswalk: {7: forest}\nmethod: recipe")
    run = run_module(by_recipe, "valley")
    assert run.report["pixels"] == {"2020": {"7": 720, "15": 720}, "2021": {"7": 720, "15": 720}, "2022": {"15": 1440}}


def test_filters_of_a_recipe_name_only_what_it_maps(by_recipe: Project):
    folder = by_recipe.module_folder("valley")
    write(folder / "chain.yaml", CHAIN.replace("native", "water"))
    replace(folder / "recipe.yaml", "classifier:", "chain: chain.yaml\nclassifier:")
    with pytest.raises(ConfigError, match=r"chain.yaml:6:.*F101 'water' is no class or group of the legend"):
        run_module(by_recipe, "valley")


def test_years_can_be_chosen_and_the_block_is_still_judged_in_its_own_year(by_recipe: Project):
    run = run_module(by_recipe, "valley", years=[2022])
    report: Any = run.report
    assert run.codes.shape == (1, 36, 40)
    assert report["holdout"]["classes"]["pixels"] == 200


def test_progress_rises_to_one(by_recipe: Project):
    told: list[float] = []
    run_module(by_recipe, "valley", progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_python_module_is_called_for_each_tile_and_year(by_python: Project):
    set_code(
        by_python,
        """
        import numpy as np
        from mutirao.imagery.composites import FeatureSpec

        SPEC = FeatureSpec(layers=("ndvi",), reducers=("p50",), count=True)

        def classify(tile, year, context):
            ndvi, dates = context.features("scenes", SPEC, year, tile).values
            return np.where((ndvi > 0.5) & (dates == 2), 33, 0).astype(np.uint8)
        """,
    )
    run = run_module(by_python, "water")
    assert (run.codes[0, :, :20] == 33).all()
    assert not run.codes[0, :, 20:].any()
    assert not run.codes[1:].any(), "2021 and 2022 have one date"


def test_features_of_years_without_scenes_are_nan(by_python: Project):
    set_code(
        by_python,
        """
        import numpy as np
        from mutirao.imagery.composites import FeatureSpec

        def classify(tile, year, context):
            features = context.features("scenes", FeatureSpec(layers=("red",)), year - 10, tile)
            return np.full(tile.shape, 33 if np.isnan(features).all() else 0, dtype=np.uint8)
        """,
    )
    assert (run_module(by_python, "water").codes == 33).all()


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("import nothing_of_that_name", "P101"),
        ("def clasify(tile, year, context): ...", "P102"),
        ("def classify(tile, year, context): return 33", "P103"),
        ("import numpy as np\ndef classify(tile, year, context): return np.zeros((3, 3), np.uint8)", "P103"),
        ("import numpy as np\ndef classify(tile, year, context): return np.zeros(tile.shape)", "P103"),
        ("def classify(tile, year, context): return 1 / 0", "P103"),
        ("def classify(tile, year, context): return context.layer('density')", "D103"),
        ("def classify(tile, year, context): return context.layer('scenes')", "D104"),
    ],
)
def test_faults_of_python_modules_are_named(by_python: Project, code: str, finding: str):
    set_code(by_python, code)
    with pytest.raises(MutiraoError) as caught:
        run_module(by_python, "water")
    assert caught.value.findings[0].code == finding


def test_module_without_its_file_is_refused(by_python: Project):
    (by_python.module_folder("water") / "module.py").unlink()
    with pytest.raises(ConfigError):
        run_module(by_python, "water")


def test_delivered_module_has_nothing_to_run(project: Project):
    with pytest.raises(UsageError, match=r"mutirao submit urban --version V --rasters"):
        run_module(project, "urban")


def test_earth_engine_is_not_available_and_says_so(project: Project):
    replace(project.module_folder("water") / "manifest.yaml", "method: python", "method: earthengine")
    with pytest.raises(MutiraoError, match=r"P104 .* not available in this version"):
        run_module(project, "water")


def test_year_outside_the_manifest_is_refused(by_recipe: Project):
    with pytest.raises(UsageError, match=r"U104 year 1999 .* from 2020 to 2022"):
        run_module(by_recipe, "valley", years=[2021, 1999])


def test_layer_that_no_band_allows_is_refused(by_recipe: Project):
    replace(by_recipe.module_folder("valley") / "recipe.yaml", "[red, ndvi]", "[red, nbr]")
    with pytest.raises(ConfigError, match="D105 index 'nbr' needs the band 'swir2'"):
        run_module(by_recipe, "valley")


def test_imagery_on_another_grid_is_refused(by_recipe: Project):
    replace(by_recipe.root / "configs/datasets/scenes.yaml", "origin: [300000,", "origin: [300015,")
    with pytest.raises(GridError, match=r"D106 .*300015.*300000"):
        run_module(by_recipe, "valley")


def test_declared_file_that_does_not_exist_is_named(by_recipe: Project):
    (by_recipe.root / "data/scenes.nc").unlink()
    with pytest.raises(ResourceError, match=r"R103 .*scenes\.nc"):
        run_module(by_recipe, "valley")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  - {name: Bia}", "  - {name: Rui Lima}\n  - {name: Bia}"),
        ("organisation:", "citation: Water (2027).\nmin_coverage: 0.5\norganisation:"),
        ("organisation:", "# a comment\norganisation:"),
    ],
)
def test_who_answers_for_a_module_and_what_it_is_called_does_not_ask_for_another_run(by_python: Project, old, new):
    run(by_python, "water", Silent())
    replace(by_python.module_folder("water") / "manifest.yaml", old, new)
    assert not finished(by_python, "water").fresh


@pytest.mark.parametrize(
    ("old", "new"), [("classes:", "parameters: {depth: 3}\nclasses:"), ("last: 2022", "last: 2021")]
)
def test_whatever_else_the_manifest_says_asks_for_another_run(by_python: Project, old, new):
    run(by_python, "water", Silent())
    replace(by_python.module_folder("water") / "manifest.yaml", old, new)
    with pytest.raises(UsageError, match="B102"):
        finished(by_python, "water")
