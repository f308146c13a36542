"""Submissions: whole or not at all, immutable, and verifiable."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio

from mutirao.errors import GridError, ImmutableError, QualityError, ResourceError, UsageError
from mutirao.grid import Grid
from mutirao.modules import package, submission
from mutirao.modules.receipt import grid_digest, tile_digests
from mutirao.modules.submission import list_submissions, load_submission, read_claims, submit, verify_submission

TRANSFORM = rasterio.Affine(30, 0, 300000, 0, -30, 7800000)


def traces(project) -> list[Path]:
    """Files in the workspace, hidden ones included."""
    return [path for path in project.workspace.rglob("*") if path.is_file()]


def deliver(folder: Path, name: str, pixels: np.ndarray, **profile: object) -> Path:
    """Write a GeoTIFF as another program would."""
    folder.mkdir(exist_ok=True)
    given = {"crs": "EPSG:31983", "transform": TRANSFORM, "nodata": 255, "dtype": pixels.dtype} | profile
    height, width = pixels.shape
    with rasterio.open(folder / name, "w", driver="GTiff", height=height, width=width, count=1, **given) as dst:
        dst.write(pixels, 1)
    return folder / name


@pytest.fixture
def towns(tmp_path: Path) -> Path:
    """Files of the module urban, nodata 255 and local code 1."""
    pixels = np.full((36, 40), 255, dtype=np.uint8)
    pixels[:4, 2:6] = 1
    deliver(tmp_path / "in", "towns_2021.tif", pixels)
    pixels[:4, 6:8] = 1
    deliver(tmp_path / "in", "towns_2022.tif", pixels)
    return tmp_path / "in"


def test_a_run_becomes_a_folder_with_a_file_a_year(tiny_project, tiny_rasters):
    done = submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"], report={"accuracy": 0.9})
    assert done.created
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "checks.json",
        "submission.json",
        "valley_2020_v1.0.0.tif",
        "valley_2021_v1.0.0.tif",
        "valley_2022_v1.0.0.tif",
    ]
    assert done.folder == tiny_project.submissions / "valley" / "1.0.0"
    assert done.receipt.report == {"accuracy": 0.9}
    assert [finding.code for finding in done.findings] == ["M601"]  # 2022 repeats 2021


def test_claims_are_read_back_by_window(tiny_project, tiny_submitted, tiny_rasters):
    tile = list(tiny_project.collection("tiny").value.grid.tiles())[4]  # rows and columns 16 to 31
    claims = read_claims(tiny_submitted["valley"].folder, (2022, 2020), tile)
    assert np.array_equal(claims[0], tiny_rasters["valley"][2, 16:32, 16:32])
    assert np.array_equal(claims[1], tiny_rasters["valley"][0, 16:32, 16:32])


def test_a_year_that_was_not_delivered_has_no_claim(tiny_submitted):
    claims = read_claims(tiny_submitted["urban"].folder, (2020, 2021))
    assert claims.shape == (2, 36, 40)
    assert not claims[0].any()
    assert sorted(np.unique(claims[1]).tolist()) == [0, 24]


def test_delivered_files_are_translated_to_the_legend(tiny_project, towns):
    done = submit(tiny_project, "urban", "1.0.0", str(towns / "towns_*.tif"))
    claims = read_claims(done.folder, (2021, 2022))
    assert (claims[0] == 24).sum() == 16  # 4 rows x 4 columns
    assert (claims[1] == 24).sum() == 24
    assert not claims[:, 4:].any()
    assert done.receipt.crosswalk == {1: 24}


def test_a_folder_a_glob_and_a_list_are_the_same(tiny_project, towns):
    (towns / "notes.txt").write_text("made in QGIS", encoding="utf-8")
    first = submit(tiny_project, "urban", "1.0.0", towns)
    assert [finding.code for finding in first.findings] == ["M205"]  # the notes are left out
    assert not submit(tiny_project, "urban", "1.0.0", sorted(towns.glob("*.tif"))).created
    assert not submit(tiny_project, "urban", "1.0.0", str(towns / "*.tif")).created


def test_a_stored_file_says_what_it_is(tiny_submitted):
    with rasterio.open(tiny_submitted["urban"].folder / "urban_2021_v1.0.0.tif") as src:
        tags = src.tags()
        assert (tags["MUTIRAO_MODULE"], tags["MUTIRAO_YEAR"], tags["MUTIRAO_VERSION"]) == ("urban", "2021", "1.0.0")
        assert src.colormap(1)[24] == (0xD4, 0x27, 0x1E, 255)
        assert (src.nodata, src.tags(ns="IMAGE_STRUCTURE")["LAYOUT"]) == (0, "COG")


def test_an_own_grid_is_brought_to_the_collections(tiny_project):
    manifest = tiny_project.root / "contributors/urban/manifest.yaml"
    own = "grid: {crs: EPSG:31983, resolution: 15, origin: [300000, 7800000], shape: [72, 80]}\nregrid: mode\n"
    manifest.write_text(manifest.read_text(encoding="utf-8") + own, encoding="utf-8")
    fine = np.zeros((2, 72, 80), dtype=np.uint8)
    fine[:, 0:2, 0:1] = 1  # half of the first coarse pixel: stays
    fine[:, 2, 2] = 1  # a quarter of another: no claim
    fine[1, 10:12, 10:12] = 1
    done = submit(tiny_project, "urban", "1.0.0", fine)
    claims = read_claims(done.folder, (2021, 2022))
    assert np.argwhere(claims).tolist() == [[0, 0, 0], [1, 0, 0], [1, 5, 5]]
    assert (done.receipt.regrid.method, done.receipt.regrid.factor) == ("mode", 2)


def test_a_refusal_carries_everything_and_leaves_nothing(tiny_project, tiny_rasters):
    rasters = tiny_rasters["valley"]
    rasters[0, 0, 0] = 77
    rasters[1] = 0
    rasters[2, :4] = 0
    with pytest.raises(QualityError) as refused:
        submit(tiny_project, "valley", "1.0.0", rasters)
    assert {finding.code for finding in refused.value.findings} == {"M405", "M501", "M502"}
    assert not tiny_project.workspace.exists()


def test_a_template_line_refuses_a_submission(tiny_project, tiny_rasters):
    page = tiny_project.root / "contributors/valley/README.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nTODO: say which samples\n", encoding="utf-8")
    with pytest.raises(QualityError, match="M107"):
        submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"])


def test_a_failure_before_the_end_leaves_no_trace(tiny_project, tiny_rasters, monkeypatch):
    def fail(*_):
        assert len(traces(tiny_project)) == 4  # three rasters and the check report lie in the hidden folder
        raise OSError("disk full")

    monkeypatch.setattr(package, "_receipt", fail)
    with pytest.raises(ResourceError, match="disk full"):
        submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"])
    assert traces(tiny_project) == []
    assert list_submissions(tiny_project, "valley") == []
    assert list((tiny_project.submissions / "valley").iterdir()) == []


def test_an_interruption_leaves_no_trace(tiny_project, tiny_rasters, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "_check_report", interrupt)
    with pytest.raises(KeyboardInterrupt):
        submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"])
    assert traces(tiny_project) == []


def test_the_same_version_with_the_same_pixels_is_the_same_submission(tiny_project, tiny_rasters, tiny_submitted):
    again = submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"], report={"run": 2})
    assert not again.created
    assert again.receipt == tiny_submitted["valley"].receipt


def test_the_same_version_with_other_pixels_is_refused(tiny_project, tiny_rasters, tiny_submitted):
    before = {path: path.read_bytes() for path in traces(tiny_project)}
    tiny_rasters["valley"][1, 0, 0] = 15
    with pytest.raises(ImmutableError, match=r"S101 version 1\.0\.0 exists with other pixels in 2021\."):
        submit(tiny_project, "valley", "1.0.0", tiny_rasters["valley"])
    assert {path: path.read_bytes() for path in traces(tiny_project)} == before


def test_latest_is_the_highest_version_not_the_last_name(tiny_project, tiny_rasters):
    for version in ("0.9.0", "0.10.0"):
        submit(tiny_project, "water", version, tiny_rasters["water"])
    assert list_submissions(tiny_project, "water") == ["0.9.0", "0.10.0"]
    assert load_submission(tiny_project, "water").receipt.version == "0.10.0"
    assert load_submission(tiny_project, "water", "0.9.0").folder.name == "0.9.0"


def test_an_unknown_version_lists_those_that_exist(tiny_project, tiny_submitted):
    with pytest.raises(UsageError, match=r"no submission '2\.0\.0'.*versions are: 1\.0\.0"):
        load_submission(tiny_project, "water", "2.0.0")


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "../1.0.0", "01.0.0"])
def test_a_version_has_three_numbers(tiny_project, tiny_rasters, version):
    with pytest.raises(UsageError, match="U106"):
        submit(tiny_project, "water", version, tiny_rasters["water"])


def test_names_that_lead_out_are_refused(tiny_project, towns):
    with pytest.raises(QualityError, match="S102"):
        submit(tiny_project, "urban", "1.0.0", f"{towns}/../in/towns_*.tif")


def test_links_are_refused(tiny_project, towns):
    (towns / "towns_2022.tif").rename(towns / "elsewhere.tif")
    (towns / "towns_2022.tif").symlink_to(towns / "elsewhere.tif")
    with pytest.raises(QualityError, match=r"towns_2022\.tif: S103"):
        submit(tiny_project, "urban", "1.0.0", towns)


def test_names_that_differ_only_in_case_are_refused(tiny_project, towns):
    (towns / "TOWNS_2022.tif").write_bytes((towns / "towns_2022.tif").read_bytes())
    with pytest.raises(QualityError, match="S106"):
        submit(tiny_project, "urban", "1.0.0", towns)


def test_a_truncated_file_is_found_even_if_it_opens(tiny_project, tmp_path):
    noise = np.random.default_rng(1).integers(0, 2, (36, 40), dtype=np.uint8)
    pixels = np.where(noise, 1, 255).astype(np.uint8)
    pixels[:, 20:] = 255
    path = deliver(tmp_path / "in", "towns_2021.tif", pixels)
    deliver(tmp_path / "in", "towns_2022.tif", pixels)
    path.write_bytes(path.read_bytes()[:-300])
    with rasterio.open(path) as src:
        assert src.shape == (36, 40)  # the header is whole
    with pytest.raises(QualityError) as refused:
        submit(tiny_project, "urban", "1.0.0", tmp_path / "in")
    assert "M202" in {finding.code for finding in refused.value.findings}


def test_an_untouched_submission_verifies(tiny_project, tiny_submitted):
    assert [verify_submission(tiny_project, module) for module in tiny_submitted] == [[], [], []]


def test_a_flipped_byte_is_found(tiny_project, tiny_submitted):
    path = tiny_submitted["valley"].folder / "valley_2021_v1.0.0.tif"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    findings = verify_submission(tiny_project, "valley")
    assert findings
    assert {finding.where for finding in findings} == {str(path)}
    assert findings[0].code == "S104"


def test_a_truncated_file_is_found_by_verify(tiny_project, tiny_submitted):
    path = tiny_submitted["valley"].folder / "valley_2021_v1.0.0.tif"
    path.write_bytes(path.read_bytes()[:-10])
    (finding,) = verify_submission(tiny_project, "valley")
    assert (finding.code, finding.where) == ("S105", str(path))


def test_a_lost_file_is_found(tiny_project, tiny_submitted):
    folder = tiny_submitted["valley"].folder
    (folder / "valley_2021_v1.0.0.tif").unlink()
    (finding,) = verify_submission(tiny_project, "valley")
    assert finding.code == "S105"
    with pytest.raises(QualityError, match="S105"):
        read_claims(folder, (2020, 2021))


def test_an_edited_receipt_is_found(tiny_project, tiny_submitted):
    path = tiny_submitted["water"].folder / "submission.json"
    receipt = json.loads(path.read_text(encoding="utf-8"))
    receipt["tiles"]["0_0"] = "0" * 64
    path.write_text(json.dumps(receipt), encoding="utf-8")
    (finding,) = verify_submission(tiny_project, "water")
    assert (finding.code, finding.message) == ("S104", "claims differ from the receipt in tiles 0_0")
    path.write_text("{", encoding="utf-8")
    with pytest.raises(QualityError, match="receipt is damaged"):
        verify_submission(tiny_project, "water")


def test_an_edited_check_report_is_found(tiny_project, tiny_submitted):
    (tiny_submitted["water"].folder / "checks.json").write_text("{}", encoding="utf-8")
    assert [finding.message for finding in verify_submission(tiny_project, "water")] == ["the check report was changed"]


def test_a_tile_digest_changes_only_where_a_claim_does():
    grid = Grid(crs="EPSG:31983", resolution=30, origin=(0, 0), shape=(36, 40), tile=16)
    before = np.full((2, 36, 40), 3, dtype=np.uint8)
    after = before.copy()
    after[1, 20, 35] = 15  # tile row 1, column 2
    one = tile_digests({2020: before[0], 2021: before[1]}, grid)
    other = tile_digests({2021: after[1], 2020: after[0]}, grid)
    assert [tile for tile in one if one[tile] != other[tile]] == ["1_2"]
    assert len(one) == 9


def test_a_tile_digest_knows_its_years():
    grid = Grid(crs="EPSG:31983", resolution=30, origin=(0, 0), shape=(16, 16), tile=16)
    plane = np.full((16, 16), 3, dtype=np.uint8)
    assert tile_digests({2020: plane}, grid) != tile_digests({2021: plane}, grid)


def test_a_submission_for_another_grid_is_not_read(tiny_project, tiny_submitted):
    grid = tiny_project.collection("tiny").value.grid
    stored = load_submission(tiny_project, "water")
    stored.require_grid(grid.model_copy(update={"tile": 32}))
    with pytest.raises(GridError, match=r"S109.*origin \(300000, 7800000\).*origin \(300030, 7800000\)"):
        stored.require_grid(Grid(**grid.model_dump() | {"origin": (300030, 7800000)}))


def test_the_slower_of_two_equal_submissions_takes_the_one_that_is_there(tiny_project, tiny_rasters, monkeypatch):
    def overtaken(folder, content):
        write_package(folder, content)  # what another process has just done
        raise OSError("Directory not empty")

    write_package = package.write_package
    monkeypatch.setattr(submission, "write_package", overtaken)
    assert not submit(tiny_project, "water", "1.0.0", tiny_rasters["water"]).created


def test_the_receipt_names_the_commit_and_whether_files_differ(tiny_project, tiny_rasters):
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=tiny_project.root, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "Begin")
    first = submit(tiny_project, "water", "1.0.0", tiny_rasters["water"]).receipt.code
    assert (first.commit, first.dirty) == (git("rev-parse", "HEAD"), False)
    (tiny_project.root / "contributors/water/notes.md").write_text("new", encoding="utf-8")
    assert submit(tiny_project, "water", "1.0.1", tiny_rasters["water"]).receipt.code.dirty


def test_the_tile_side_does_not_change_what_a_grid_is():
    grid = Grid(crs="EPSG:31983", resolution=30, origin=(0, 0), shape=(36, 40), tile=16)
    assert grid_digest(grid) == grid_digest(grid.model_copy(update={"tile": 32}))
    assert grid_digest(grid) != grid_digest(grid.model_copy(update={"origin": (30, 0)}))


def test_the_receipt_tells_the_software_and_the_code(tiny_submitted):
    receipt = tiny_submitted["water"].receipt
    assert {"mutirao", "numpy", "rasterio", "gdal", "scikit-learn", "python"} <= set(receipt.software)
    assert receipt.code.commit is None  # the copy of the project lies in no repository
    assert receipt.method_digest is not None
    assert receipt.created.endswith("+00:00")
