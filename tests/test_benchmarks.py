"""The scale benchmarks cannot rot: the land does not depend on tiles, the country is a real one, the peers agree."""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mutirao.engine.build import build
from mutirao.engine.progress import Silent
from mutirao.io.rasters import read
from mutirao.modules.receipt import raster_name
from mutirao.modules.store import load_submission, verify_submission
from mutirao.modules.submission import submit
from mutirao.project import Project

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
WINDOWS = [(0, 96, 0, 96), (5, 70, 33, 91), (64, 96, 7, 8), (17, 18, 0, 96)]


@pytest.fixture(scope="module")
def scripts():
    """Import scripts of the benchmarks by name, as they import each other."""
    sys.path.insert(0, str(BENCHMARKS))
    yield import_module
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def countryfiles(scripts) -> ModuleType:
    return scripts("countryfiles")


@pytest.fixture(scope="module")
def landscape(scripts) -> ModuleType:
    return scripts("landscape")


def made(countryfiles: ModuleType, root: Path, **settings: int):
    """Return a country and its project, with submissions."""
    country = countryfiles.Country(**settings)
    project = countryfiles.make_project(country, root)
    countryfiles.submit_directly(country, project, 2)
    return country, project


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("module", ["region-1", "region-4", "theme-1"])
def test_the_land_is_the_same_through_any_window(countryfiles, module, window):
    country = countryfiles.Country(side=96, years=12)
    top, bottom, left, right = window
    rows, columns = slice(top, bottom), slice(left, right)
    for year in (1985, 1996):
        whole = country.claims(module, year, (slice(0, 96), slice(0, 96)))
        assert (country.claims(module, year, (rows, columns)) == whole[rows, columns]).all()


def test_places_are_the_same_through_any_window_and_cover_the_country(landscape):
    whole = landscape.places(1, 4, 200, (slice(0, 200), slice(0, 200)))
    assert set(np.unique(whole)) == {1, 2, 3, 4}
    part = landscape.places(1, 4, 200, (slice(31, 77), slice(150, 199)))
    assert (part == whole[31:77, 150:199]).all()


def test_another_seed_makes_another_land(landscape):
    window = (slice(0, 64), slice(0, 64))
    one, two = (landscape.region_claims(seed, 0, 1, 64, 0, window) for seed in (1, 2))
    assert (one != two).mean() > 0.5


def test_the_land_has_the_statistics_that_the_reference_asks_for(landscape):
    """17 codes, 98 % unchanged a year, 61 % never change in 39 years, runs of 8 pixels, two classes of a third."""
    window = (slice(0, 512), slice(0, 512))
    years = np.stack([landscape.region_claims(1, 0, 1, 512, t, window) for t in range(39)])
    seen = (years > 0).all(axis=0)
    same = [(now == before)[seen].mean() for before, now in pairwise(years)]
    shares = np.bincount(years[years > 0], minlength=256) / (years > 0).sum()
    assert set(np.flatnonzero(shares)) == set(landscape.CODES.tolist())
    assert np.mean(same) == pytest.approx(0.982, abs=0.005)
    assert (years == years[0]).all(axis=0)[seen].mean() == pytest.approx(0.61, abs=0.03)
    assert 1 / (years[0, :, 1:] != years[0, :, :-1]).mean() == pytest.approx(8, abs=0.5)
    assert shares[[3, 15]] == pytest.approx([1 / 3, 1 / 3], abs=0.04)


def test_themes_claim_little_and_keep_what_they_claim(landscape):
    window = (slice(0, 1024), slice(0, 1024))
    early, late = (landscape.theme_claims(1, 1, t, window) for t in (0, 30))
    assert 0 < (late > 0).mean() < 0.1
    assert (late[early > 0] == early[early > 0]).all()
    assert (late > 0).sum() > (early > 0).sum()


def test_a_shortcut_writes_what_the_front_door_writes(countryfiles, tmp_path):
    country, project = made(countryfiles, tmp_path / "one", side=128, years=5, tile=48)
    other = Project(project.root, tmp_path / "other")
    whole = (slice(0, 128), slice(0, 128))
    for module in ("theme-1", "region-2"):
        direct = load_submission(project, module).receipt
        maps = {year: country.claims(module, year, whole) for year in direct.years}
        proper = submit(other, module, "1.0.0", maps).receipt
        assert direct.tiles == proper.tiles
        assert [file.pixels for file in direct.files] == [file.pixels for file in proper.files]
        assert not verify_submission(project, module)
        last = project.submissions / module / "1.0.0" / raster_name(module, 1989, "1.0.0")
        assert (read(last) == maps[1989]).all()


def test_a_country_builds_with_overlaps_holes_and_seams(countryfiles, tmp_path):
    _, project = made(countryfiles, tmp_path / "country", side=256, years=6, tile=100)
    finished = build(project, "country", Silent())
    conflicts = finished.table("conflicts")
    both = conflicts["module_a"].str.startswith("region") & conflicts["module_b"].str.startswith("region")
    assert conflicts.loc[both, "area_ha"].sum() > 0, "regions overlap and disagree"
    assert (finished.layer("conflict") > 0).any()
    assert finished.record.hole_ha > 0, "some cells are mapped by nobody"
    source = finished.layer("source")
    names = [module.module for module in finished.record.modules]
    winners = {names[number - 1] for number in np.unique(source).tolist() if number}
    assert winners >= {"theme-1", "theme-2", "region-1", "region-2", "region-3", "region-4"}
    pairs = {tuple(sorted(pair)) for pair in zip(source[0, :, :-1].ravel(), source[0, :, 1:].ravel(), strict=True)}
    regions = {number for number, name in enumerate(names, start=1) if name.startswith("region")}
    assert any(set(pair) <= regions and len(set(pair)) == 2 for pair in pairs), "regions meet in seams"
    changed = finished.layer("filter")
    assert set(np.unique(changed)) >= {0, 1, 2, 6}, "gaps, interruptions and small patches are there to be filtered"


@pytest.mark.parametrize(
    ("way", "threads"), [("numpy", 1), ("numpy, tuned", 2), ("xarray + dask", 2), ("xarray + dask, tuned", 1)]
)
def test_the_peers_make_our_pixels(scripts, countryfiles, tmp_path, way, threads):
    endtoend, peers = scripts("endtoend"), scripts("peers")
    country, project = made(countryfiles, tmp_path / "country", side=150, years=9, tile=64)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
    endtoend.write_product(build(project, "country", Silent()), ours, 2)
    task = endtoend.task_of(country, project.root)
    peers.write_stacks(peers.write_cog, task, endtoend.WAYS[way](task, threads), theirs, threads)
    endtoend.compare(country, [ours, theirs])
    changed = theirs / "rule-4.tif"
    changed.write_bytes((ours / "class-4.tif").read_bytes())
    with pytest.raises(ValueError, match=r"theirs differs in .* pixels of rule, year 4"):
        endtoend.compare(country, [ours, theirs])


def test_the_ledger_is_timed(scripts, countryfiles, tmp_path):
    endtoend = scripts("endtoend")
    _, project = made(countryfiles, tmp_path / "country", side=64, years=3, tile=64)
    with endtoend.ledger_watched() as spent:
        build(project, "country", Silent(), workers=1)
    assert spent.keys() == {"keys", "states", "records", "receipts"}
    assert all(seconds > 0 for seconds in spent.values())


def test_phases_of_all_tasks_are_added_up(scripts, countryfiles, tmp_path):
    country = scripts("country")
    _, project = made(countryfiles, tmp_path / "country", side=64, years=3, tile=32)
    with country.watched() as phases:
        build(project, "country", Silent(), workers=2)
    assert phases.keys() == {"read", "integrate", "chain", "tally", "write", "sums"}
    assert all(spent["wall"] > 0 and spent["cpu"] >= 0 for spent in phases.values())


def test_a_straight_line_is_found_in_a_series(scripts):
    """2 s and 30 s for each gigapixel-year; four times the area and the same memory."""
    sizes = [10**9, 2 * 10**9, 4 * 10**9]
    made = [{"wall": 1.0, "cpu": 2 + 30 * size / 1e9, "peak_bytes": 2**30} for size in sizes]
    runs = [{"pixel_years": size, "build": build} for size, build in zip(sizes, made, strict=True)]
    said = scripts("scalereport")._fit(runs)
    assert said.startswith("CPU time is 2.0 s and 30 s for each gigapixel-year, to within 0%.")
    assert said.endswith("4.0 times the area takes 1.00 times the memory.")


def test_the_tables_replace_those_of_the_page(scripts, tmp_path):
    report = scripts("scalereport")
    page = tmp_path / "scale.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_report([], page)
    assert page.read_text() == f"before\n{report.BEGIN}\n\n\n\n{report.END}\nafter\n"
    assert (BENCHMARKS.parent / "docs" / "scale.md").read_text().count(report.BEGIN) == 1


def test_the_report_shows_the_arithmetic(scripts, capsys):
    """One billion pixel-years at 10 ns a phase, 8 modules: 16 inputs double what grows with them."""
    phases = {name: {"wall": 10.0, "cpu": 10.0} for name in scripts("scalereport").PHASES}
    run = {
        "country": {"side": 10000, "years": 10, "tile": 1024}, "pixel_years": 10**9, "modules": 8, "threads": 2,
        "generated_seconds": 1.0, "disk": {"submissions": 10**8, "builds": 10**9},
        "machine": {"cpu": "a core", "cores": 2, "load": 0.5, "day": "2026-01-01", "software": {"python": "3.11"}},
        "build": {"wall": 50.0, "cpu": 60.0, "peak_bytes": 2 * 2**30, "phases": phases},
    }  # fmt: skip
    scripts("scalereport").print_report([[run]])
    said = capsys.readouterr().out
    assert (
        "| 10000² x 10, 8 modules, tiles of 1024 | 1.00 | 8.0 | 50 | 60 | 20.0 | 2.00 | 1 | 100 + 1000 | 0.5 |" in said
    )
    assert "9.5 Gpx x 41 years = 389.5 Gpx-years, 16 inputs, 32 cores" in said
    # Three phases of 10 ns double, three do not: 90 ns x 389.5e9 = 35 055 s = 9.74 hours, / 32 / 0.8 = 22.8 minutes.
    assert "| **together** | 90.0 | 90.0 | 9.74 | 22.8 |" in said
    # Two threads of 1 GiB, twice the inputs and 4.1 times the years: 8.2 GiB each.
    assert "memory: 32 workers x 8.2 GiB" in said
