"""Chains that ask for layers, territories and polygons: built, kept, explained, and made again only where touched."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mutirao.engine.build import build
from mutirao.engine.evidence import evidence_of
from mutirao.engine.impact import OF_THE_BUILD, choose_rules, measure
from mutirao.engine.inputs import gather
from mutirao.engine.progress import Silent
from mutirao.engine.story import tell
from mutirao.engine.tileprogram import LAYERS
from mutirao.engine.tilework import TileWork
from mutirao.errors import ConfigError, ResourceError
from mutirao.io import burning, cogs, rasters
from mutirao.project import Project
from mutirao.release.evidence import release_evidence
from mutirao.release.publish import publish

YEARS = (2020, 2021, 2022)
CHAIN = """id: tiny
title: Everything that a chain can ask for
steps:
  - filter: pattern
    title: Pasture of the east half is soybean
    rewrites: ["15 -> 39"]
    where: {half: E}
  - filter: pattern
    title: Forest on the slope is pasture
    rewrites: ["3 -> 15"]
    where: {slope: steep}
  - filter: edits
    file: drawn/edits.geojson
  - filter: events
    file: drawn/alerts.geojson
    becomes: {natural: {class: 15, years: 1}, default: 39}
    only: [native]
"""
EDITS = [((0, 4, 0, 5), {"from": None, "to": "Water", "years": "2021-"}), ((2, 6, 3, 8), {"from": 33, "to": 3})]
ALERTS = [((20, 30, 2, 12), {"date": "2021-07-01", "type": "natural"}), ((25, 34, 8, 14), {"date": "2020-01-09"})]


def made(project: Project) -> list[str]:
    return list(build(project, "tiny", Silent()).made)


def edit(project: Project, path: str, old: str, new: str) -> None:
    text = (project.root / path).read_text(encoding="utf-8")
    assert old in text
    (project.root / path).write_text(text.replace(old, new), encoding="utf-8")


def draw(project: Project, name: str, polygons: list[tuple[tuple[int, int, int, int], dict]]) -> None:
    """Write rectangles of pixels, (first row, end, first column, end), as polygons."""
    features = [
        {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring(*pixels)]}}
        for pixels, properties in polygons
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::31983"}}
    path = project.root / "configs/chains/drawn" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8")


def ring(top: int, bottom: int, left: int, right: int) -> list[tuple[int, int]]:
    west, east, north, south = 300_000 + 30 * left, 300_000 + 30 * right, 7_800_000 - 30 * top, 7_800_000 - 30 * bottom
    return [(west, north), (east, north), (east, south), (west, south), (west, north)]


@pytest.fixture
def network(tiny_network: Project) -> Project:
    """Give the tiny network with a slope (rows 10 to 13 are steep), edits and alerts."""
    grid = tiny_network.collection("tiny").value.grid
    slope = np.zeros(grid.shape, np.uint8)
    slope[10:14] = 2
    cogs.write_cog(tiny_network.root / "configs/territories/slope.tif", slope, grid)
    layer = "layers:\n  - {id: slope, file: ../territories/slope.tif, values: {steep: 2}}\nterritories:"
    edit(tiny_network, "configs/collections/tiny.yaml", "territories:", layer)
    (tiny_network.root / "configs/chains/tiny.yaml").write_text(CHAIN, encoding="utf-8")
    draw(tiny_network, "edits.geojson", EDITS)
    draw(tiny_network, "alerts.geojson", ALERTS)
    return tiny_network


def expected(integrated: np.ndarray) -> np.ndarray:
    """Return what the chain makes of (year, y, x) classes, written out by hand."""
    now = integrated.copy()
    east = now[:, :, 20:]
    east[east == 15] = 39
    steep = now[:, 10:14]
    steep[steep == 3] = 15
    before = now.copy()
    # The second edit reads the class that the step found; where both would write, of water only, they contradict.
    now[1:, 0:4, 0:5] = np.where(before[1:, 0:4, 0:5] > 0, 33, 0)
    return now


def test_every_step_writes_where_it_may(network):
    draw(network, "edits.geojson", EDITS[:1])
    finished = build(network, "tiny", Silent())
    now = expected(finished.layer("integrated"))
    for t in range(3):
        for (top, bottom, left, right), first, last, code in (
            ((25, 34, 8, 14), 0, 2, 39),
            ((20, 30, 2, 12), 1, 1, 15),
        ):
            part = now[t, top:bottom, left:right]
            native = np.isin(finished.layer("integrated")[t, top:bottom, left:right], [3, 33])
            if first <= t <= last:
                part[native] = code
    assert (finished.layer("class") == now).all()
    touched = finished.layer("filter")
    assert set(np.unique(touched).tolist()) == {0, 1, 2, 3, 4}


def test_second_build_makes_no_tile_and_a_changed_polygon_its_own(network):
    draw(network, "edits.geojson", EDITS[:1])
    assert len(made(network)) == 9
    assert made(network) == []
    # A polygon more, first in the file and over another tile, gives all later ones new numbers.
    elsewhere = ((34, 36, 38, 40), {"from": 3, "to": 15})
    draw(network, "edits.geojson", [elsewhere, EDITS[0]])
    assert made(network) == ["2_2"]
    # Other words for the same meaning, and the order of polygons that do not meet, change nothing.
    draw(network, "edits.geojson", [((0, 4, 0, 5), {"from": "", "to": 33, "years": "2021-2022"}), elsewhere])
    assert made(network) == []
    draw(network, "alerts.geojson", [ALERTS[0], (ALERTS[1][0], {"date": "2020", "type": "natural"})])
    assert made(network) == ["1_0", "2_0"]


def test_changed_territory_redoes_the_tiles_whose_pixels_change_hands(network):
    draw(network, "edits.geojson", EDITS[:1])
    made(network)
    file = network.root / "configs/territories/halves.geojson"
    # The east half begins a column of pixels later, in the tiles of columns 16 to 31.
    file.write_text(file.read_text(encoding="utf-8").replace("[300600, 77", "[300630, 77"), encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("[300600, 78", "[300630, 78"), encoding="utf-8")
    assert made(network) == ["0_1", "1_1", "2_1"]


def test_result_is_the_same_on_any_tiling(network):
    draw(network, "edits.geojson", EDITS[:1])
    whole = build(network, "tiny", Silent(), workers=1)
    for before, after in ((16, 17), (17, 64)):
        edit(network, "configs/collections/tiny.yaml", f"tile: {before}", f"tile: {after}")
        other = build(network, "tiny", Silent(), workers=2)
        assert all((other.layer(name) == whole.layer(name)).all() for name in LAYERS)


def test_no_layer_territory_or_polygon_is_ever_held_whole(network, monkeypatch):
    draw(network, "edits.geojson", EDITS[:1])
    asked: list[tuple[str, tuple[int, int]]] = []

    def watch(owner, method: str, shape_of) -> None:
        original = getattr(owner, method)

        def watched(*given, **options):
            asked.append((method, shape_of(*given)))
            return original(*given, **options)

        monkeypatch.setattr(owner, method, watched)

    whole = (36, 40)
    watch(rasters, "read", lambda path, tile=None, band=1: tile.shape if tile else whole)
    watch(rasters, "read_bands", lambda path, tile=None: tile.shape if tile else whole)
    watch(burning, "burnt", lambda shapes, values, window, dtype: window.shape)
    watch(cogs.Draft, "write", lambda draft, pixels, window=None: (window or draft.grid.whole).shape)
    monkeypatch.setattr(burning, "STRIP", 16)
    built = build(network, "tiny", Silent())
    publish(network, built, "1.0.0", Silent())
    shapes = {method: [shape for name, shape in asked if name == method] for method in dict(asked)}
    assert shapes.keys() == {"read", "read_bands", "burnt", "write"}
    assert max(side for shape in (*shapes["read"], *shapes["read_bands"], *shapes["write"]) for side in shape) <= 16
    assert max(rows for rows, _ in shapes["burnt"]) <= 16


def test_layer_that_changes_while_a_build_reads_it_ends_the_build(network, monkeypatch):
    draw(network, "edits.geojson", EDITS[:1])
    slope, original = network.root / "configs/territories/slope.tif", TileWork.make

    def changing(self, number, tile, why=()):
        cogs.write_cog(slope, np.full((36, 40), 2, np.uint8), self.grid)
        original(self, number, tile, why)

    monkeypatch.setattr(TileWork, "make", changing)
    with pytest.raises(ResourceError, match="R218 the file changed meanwhile"):
        build(network, "tiny", Silent())


def check_stories(evidence, finished) -> set[str]:
    """Tell pixels of every kind, hold them against the map, and return the steps that were told."""
    titles = set()
    for row, column in ((1, 1), (11, 3), (11, 30), (26, 9), (22, 4), (33, 39), (30, 25)):
        story = tell(evidence, row, column)
        assert all(not story.differences(t) for t in range(len(YEARS)))
        assert story.told["class"] == tuple(finished.layer("class")[:, row, column].tolist())
        titles |= {change.title for change in story.changes}
    return titles


def test_build_explains_itself_after_its_files_are_gone(network):
    draw(network, "edits.geojson", EDITS[:1])
    finished = build(network, "tiny", Silent())
    for path in ("configs/chains/drawn/edits.geojson", "configs/chains/drawn/alerts.geojson"):
        (network.root / path).unlink()
    assert check_stories(evidence_of(network, finished), finished) == {
        "Pasture of the east half is soybean",
        "Forest on the slope is pasture",
        "Apply polygon edits",
        "Apply dated events",
    }


def test_release_explains_itself(network):
    draw(network, "edits.geojson", EDITS[:1])
    finished = build(network, "tiny", Silent())
    released = publish(network, finished, "1.0.0", Silent())
    evidence = release_evidence(str(released.folder), released.release)
    assert "tiny_consulted_v1.0.0.tif" in {file.name for file in released.release.files}
    assert len(check_stories(evidence, finished)) == 4


def test_chain_that_asks_for_nothing_keeps_nothing(tiny_network):
    finished = build(tiny_network, "tiny", Silent())
    assert not list(finished.folder.glob("consulted*"))


def refused(project: Project) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        gather(project, "tiny", {})
    return [(found.code, found.where.removeprefix(f"{project.root}/configs/")) for found in caught.value.findings]


def test_contradiction_and_broken_rows_are_told_at_the_step(network):
    broken = [((0, 1, 0, 1), {"to": "Wood"}), ((5, 6, 0, 1), {"to": 3, "years": "1985"})]
    draw(network, "edits.geojson", [*EDITS, *broken])
    place = "chains/tiny.yaml:13:5"
    assert refused(network) == [("F101", place), ("F107", place), ("F136", place)]


def test_name_of_a_layer_and_of_a_level_is_refused(network):
    edit(network, "configs/collections/tiny.yaml", "{id: slope", "{id: half")
    edit(network, "configs/chains/tiny.yaml", "where: {slope: steep}", "where: {half: steep}")
    edit(network, "configs/chains/tiny.yaml", "where: {half: E}", "where: {half: 2}")
    draw(network, "edits.geojson", EDITS[:1])
    assert refused(network) == [("F138", "collections/tiny.yaml:22:5")]


def test_impact_of_the_same_rules_is_none(network):
    draw(network, "edits.geojson", EDITS[:1])
    finished = build(network, "tiny", Silent())
    same = choose_rules(network, finished, OF_THE_BUILD)
    assert measure(network, finished, same, same, Silent()).table.empty
