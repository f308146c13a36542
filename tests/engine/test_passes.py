"""A chain cut into passes makes the pixels of the chain in one piece, and a change redoes the passes from there on."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutirao.engine.build import Build, build
from mutirao.engine.inputs import gather
from mutirao.engine.layerdigests import digest_like
from mutirao.engine.passes import cut_passes
from mutirao.engine.progress import Silent
from mutirao.engine.tileprogram import LAYERS
from mutirao.io import cogs
from mutirao.modules.store import load_submission
from mutirao.modules.submission import submit
from mutirao.project import Project

YEARS = (2020, 2021, 2022)
ENDLESS = 10**6
STEPS = (
    "filter: gap_fill",
    "filter: patches\n    min_pixels: 5",
    "filter: patches\n    min_pixels: 4\n    becomes: mode\n    radius: 2\n    where: {half: E}",
    "filter: patches\n    min_ha: 0.3\n    protected: [24]",
    "filter: window\n    classes: [33, 3, 15, 39]",
    "filter: pattern\n    rewrites: ['3 15 3 -> 3 3 3']\n    where: {slope: steep}",
    "filter: changed_patches\n    groups: [[3, 33], [15, 39, 24]]\n    min_pixels: 3",
    "filter: enclosure\n    classes: [15]\n    by: [3]\n    mode: enclosed\n    max_distance: 4",
)


def write_chain(project: Project, steps: tuple[str, ...]) -> None:
    text = "".join(f"  - {step}\n" for step in steps)
    (project.root / "configs/chains/tiny.yaml").write_text(f"id: tiny\ntitle: Passes\nsteps:\n{text}", encoding="utf-8")


def edit(project: Project, path: str, old: str, new: str) -> None:
    text = (project.root / path).read_text(encoding="utf-8")
    assert old in text
    (project.root / path).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def network(tiny_network: Project) -> Project:
    """Give the tiny network with a slope (rows 10 to 13 are steep)."""
    grid = tiny_network.collection("tiny").value.grid
    slope = np.zeros(grid.shape, np.uint8)
    slope[10:14] = 2
    cogs.write_cog(tiny_network.root / "configs/territories/slope.tif", slope, grid)
    layer = "layers:\n  - {id: slope, file: ../territories/slope.tif, values: {steep: 2}}\nterritories:"
    edit(tiny_network, "configs/collections/tiny.yaml", "territories:", layer)
    return tiny_network


def made(project: Project, limit: int, **options: Any) -> Build:
    return build(project, "tiny", Silent(), fused_halo=limit, **options)


def same(one: Build, other: Build) -> bool:
    """Whether two builds say the same of every pixel and in every table."""
    layers = all((one.layer(name) == other.layer(name)).all() for name in LAYERS)
    tables = all(
        one.table(name.stem).equals(other.table(name.stem)) for name in (one.folder / "tables").glob("*.parquet")
    )
    counted = [[rewrites.tolist() for _, rewrites in found.rewrites()] for found in (one, other)]
    return layers and tables and counted[0] == counted[1] and one.record.pixels == other.record.pixels


def test_passes_end_before_the_margin_grows_too_wide(network):
    write_chain(network, STEPS)
    steps = gather(network, "tiny", {}).steps
    halos = [step.halo for step in steps]
    assert [halo > 0 for halo in halos] == [False, True, True, True, False, False, True, True]
    assert [len(cut.steps) for cut in cut_passes(steps, ENDLESS)] == [8]
    # Every step that looks around begins a pass, and those that do not join the pass before them.
    assert [len(cut.steps) for cut in cut_passes(steps, 0)] == [1, 1, 1, 3, 1, 1]
    assert [cut.halo for cut in cut_passes(steps, 0)] == [0, *halos[1:4], *halos[6:]]
    assert [cut.end for cut in cut_passes(steps, halos[1] + halos[2])][:1] == [3]
    assert [(cut.first, cut.is_last) for cut in cut_passes((), 0)] == [(0, True)]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=5), st.sampled_from([0, 4, 9, 14]), st.integers(16, 40))
def test_any_cut_and_tiling_gives_the_same_build(network, steps, limit, tile):
    write_chain(network, tuple(steps))
    whole = made(network, ENDLESS)
    config = network.root / "configs/collections/tiny.yaml"
    text = config.read_text(encoding="utf-8")
    assert same(whole, made(network, limit))
    config.write_text(text.replace("tile: 16", f"tile: {tile}"), encoding="utf-8")
    other = made(network, limit)
    config.write_text(text, encoding="utf-8")
    for name in LAYERS:
        assert (whole.layer(name) == other.layer(name)).all()
        on_its_tiles = digest_like(other.record.pixels[name], partial(whole.window, name), whole.grid, 3)
        assert on_its_tiles == other.record.pixels[name]


def test_every_operator_with_a_margin_in_passes_of_its_own(network):
    write_chain(network, STEPS)
    assert same(made(network, ENDLESS), made(network, 0))


def test_changed_late_step_redoes_the_passes_from_there_on(network):
    write_chain(network, STEPS[:4])
    assert made(network, 0).by_pass == (9, 9, 9, 9)
    assert made(network, 0).by_pass == (0, 0, 0, 0)
    edit(network, "configs/chains/tiny.yaml", "radius: 2", "radius: 1")
    assert made(network, 0).by_pass == (0, 0, 9, 9)
    edit(network, "configs/chains/tiny.yaml", "min_ha: 0.3", "min_ha: 0.4")
    assert made(network, 0).by_pass == (0, 0, 0, 9)
    write_chain(network, STEPS[:4])
    assert made(network, 0).by_pass == (0, 0, 0, 0)


def test_changed_module_redoes_its_tiles_and_those_that_see_them(network):
    write_chain(network, STEPS[:2])
    made(network, 0)
    claims = load_submission(network, "water", "0.1.0").read_claims(YEARS)
    claims[:, :3, :4] = 33
    submit(network, "water", "0.2.0", dict(zip(YEARS, claims, strict=True)))
    again = made(network, 0)
    assert (again.by_pass, again.made) == ((1, 4), ("0_0", "0_1", "1_0", "1_1"))


def test_lost_result_of_an_earlier_pass_is_made_again_only_if_it_is_asked_for(network):
    write_chain(network, STEPS[:2])
    first = made(network, 0)
    for path in (first.folder.parent / "tiles").rglob("*.json"):
        if '"pass": 1' in path.read_text(encoding="utf-8"):
            path.unlink()
    assert made(network, 0).by_pass == (0, 0)
    write_chain(network, (STEPS[0], STEPS[3]))
    assert made(network, 0).by_pass == (9, 9)
