"""Patches: maps worked by hand, the kernel against the reference, and the same result on any tiling."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.features
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from mutirao.errors import ConfigError
from mutirao.filters import patches
from mutirao.filters.apply import apply_chain, ready, run_step
from mutirao.filters.chain import Chain
from mutirao.filters.patchrule import UNITS_PER_HA, Rule, halo, uniform, units_of
from mutirao.filters.step import MAX_HALO, Ground, Limits, MapWork, ReadyStep, Scope, Surroundings
from mutirao.grid import Grid
from mutirao.io.configs import load
from mutirao.legend import Legend

CODES = (3, 4, 12)
LEGEND = Legend.model_validate(
    {
        "id": "three",
        "version": "1",
        "title": "three classes",
        "classes": [{"code": code, "name": {"en": f"class {code}"}, "color": "#1f8d49"} for code in CODES],
        "groups": {"woods": [3, 4], "open": [4, 12]},
    }
)
ROOT = Path(__file__).resolve().parents[2]
LEGEND_OF_BRAZIL = load(ROOT / "configs/legends/mapbiomas-brazil.yaml", Legend).value
MAPS = ROOT.parent / "shared" / "data" / "mapbiomas-c8-sul-goiano"
maps = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 3, 3, 4, 12]))
thresholds = st.one_of(
    st.integers(2, 7).map(uniform),
    st.fixed_dictionaries({code: st.integers(0, 8) for code in CODES}).map(
        lambda sizes: tuple(sizes.get(code, 0) for code in range(256))
    ),
)
rules = st.builds(
    Rule,
    smallest=thresholds,
    connectivity=st.sampled_from([4, 8]),
    becomes=st.sampled_from(["border", "mode", "largest"]),
    radius=st.integers(1, 3),
    votes=st.sampled_from(["all", "large"]),
    size_cap=st.sampled_from([None, 1, 5, 9]),
    passes=st.integers(1, 3),
)


def removed(classes: np.ndarray, rule: Rule, protected=(), where: np.ndarray | None = None, ha=None) -> np.ndarray:
    block = np.array(classes[None], order="C")
    scope = Scope((("here", frozenset({1}), True),)) if where is not None else Scope()
    step = ReadyStep("", MapWork((), lambda *_: None, 0), scope, protected=frozenset(protected))
    ground = Ground({} if where is None else {"here": where.astype(np.uint8)}, ha)
    patches.remove_patches(block, ground.site(step, block.shape), rule)
    return block[0]


def picture(text: str) -> np.ndarray:
    """Read a map: f is 3, s is 4, g is 12, a dot is nodata."""
    return np.array([[{"f": 3, "s": 4, "g": 12, ".": 0}[letter] for letter in row] for row in text.split()], np.uint8)


def chain(surroundings: Surroundings | None = None, legend: Legend = LEGEND, **step):
    parsed = Chain.model_validate({"id": "c", "title": "c", "steps": [{"filter": "patches", **step}]})
    return ready(parsed, legend, lambda *place: ".".join(map(str, place)), surroundings or Surroundings())


def findings(surroundings: Surroundings | None = None, **step) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as refused:
        chain(surroundings, **step)
    return [(finding.code, finding.where) for finding in refused.value.findings]


HAND = picture("fffss fgfss ffgss fffss")


def test_diagonal_pair_is_one_patch_of_two_with_8_neighbours():
    # The pair of grassland has forest on four and three edges, savanna on one: it becomes forest.
    assert removed(HAND, Rule(uniform(3))).tolist() == picture("fffss fffss fffss fffss").tolist()
    assert removed(HAND, Rule(uniform(2))).tolist() == HAND.tolist()


def test_diagonal_pair_is_two_patches_with_4_neighbours():
    assert removed(HAND, Rule(uniform(2), connectivity=4))[2, 2] == 3


def test_protected_class_stays():
    assert removed(HAND, Rule(uniform(3)), protected=[12]).tolist() == HAND.tolist()


def test_tie_goes_to_the_smallest_code():
    assert removed(picture("ssgff"), Rule(uniform(2))).tolist() == picture("ssfff").tolist()


def test_small_patch_among_small_patches_and_nodata_stays():
    classes = picture("fs. g..")
    assert removed(classes, Rule(uniform(2))).tolist() == classes.tolist()


def test_patch_is_judged_whole_but_written_only_where_the_step_may():
    where = np.ones(HAND.shape, bool)
    where[2] = False
    assert removed(HAND, Rule(uniform(3)), where=where).tolist() == picture("fffss fffss ffgss fffss").tolist()


def test_mode_counts_every_pixel_of_the_square_and_turns_a_patch_into_several_classes():
    # Around the left pixel of the pair lie 5 forest, 2 savanna, 2 grass; around the right one 2 forest, 5 savanna.
    classes = picture("fffsss ffggss fffsss".replace("ffggss", "ffgsss")).copy()
    classes[1, 3] = 12
    expected = picture("fffsss fffsss fffsss")
    assert removed(classes, Rule(uniform(3), becomes="mode", radius=1)).tolist() == expected.tolist()
    assert removed(classes, Rule(uniform(3)))[1].tolist() == [3, 3, 3, 3, 4, 4]  # 3 edges each: the smaller code


def test_mode_of_a_speckled_square_may_be_the_small_class_itself_unless_only_large_patches_vote():
    # 4-connected, the five grass pixels are five patches of one; they are 5 of the 9 pixels of the square.
    classes = picture("fffff fgfgf ffgff fgfgf fffff")
    rule = Rule(uniform(2), connectivity=4, becomes="mode", radius=1)
    assert removed(classes, rule)[2, 2] == 12
    assert removed(classes, replace(rule, votes="large"))[2, 2] == 3


def test_a_second_pass_reaches_what_the_first_laid_bare():
    # Savanna touches only small patches at first; then all around it is forest.
    classes = picture("fffff fffgf ffgsg fffgf fffff")
    rule = Rule(uniform(3), connectivity=4)
    assert removed(classes, rule).tolist() == picture("fffff fffff fffsf fffff fffff").tolist()
    assert (removed(classes, replace(rule, passes=2)) == 3).all()


def test_largest_neighbour_wins_over_the_longest_border():
    # The grass pixel has three edges to the forest of 7, one to the savanna of 12.
    classes = picture("fffssss fgsssss".replace("fgsssss", "fgfssss")).copy()
    classes = np.concatenate([classes, picture("ffssss.")])
    classes[2] = [3, 4, 4, 4, 4, 4, 4]
    assert removed(classes, Rule(uniform(2)))[1, 1] == 3
    assert removed(classes, Rule(uniform(2), becomes="largest"))[1, 1] == 4
    # Counted up to 6 both are equal, and the smaller code wins.
    assert removed(classes, Rule(uniform(2), becomes="largest", size_cap=6))[1, 1] == 3


def test_thresholds_by_class():
    # Forest of two stays (its threshold is 2), savanna of two goes (3), grass has no threshold and is always large.
    classes = picture("gggggg gffssg gggggg")
    smallest = tuple({3: 2, 4: 3}.get(code, 0) for code in range(256))
    assert removed(classes, Rule(smallest)).tolist() == picture("gggggg gffggg gggggg").tolist()


def test_hectares_are_true_and_summed_exactly():
    # In the north two pixels are 0.18 ha, in the south 0.20: only the northern pair is below 0.2 ha.
    classes = picture("fffff fggff fffff fggff fffff")
    ha = np.array([[0.09], [0.09], [0.1], [0.1], [0.1]])
    rule = Rule(uniform(200_000), in_hectares=True)
    assert removed(classes, rule, ha=ha).tolist() == picture("fffff fffff fffff fggff fffff").tolist()
    spread = np.ascontiguousarray(np.broadcast_to(ha, classes.shape))
    assert removed(classes, rule, ha=spread).tolist() == removed(classes, rule, ha=ha).tolist()


def test_hectares_without_sizes_of_pixels_fail():
    with pytest.raises(ValueError, match="sizes of pixels"):
        removed(HAND, Rule(uniform(200_000), in_hectares=True))


def test_year_like_the_one_before_takes_over_its_result_and_closed_years_stay():
    block = np.stack([HAND, HAND, HAND, HAND[::-1]])
    step = ReadyStep("", MapWork((), lambda *_: None, 0), years=(False, True, True, True))
    patches.remove_patches(block, Ground().site(step, block.shape), Rule(uniform(3)))
    done = removed(HAND, Rule(uniform(3)))
    for after, expected in zip(block, [HAND, done, done, done[::-1]], strict=True):
        assert after.tolist() == expected.tolist()


@pytest.mark.parametrize("connectivity", [4, 8])
def test_largest_equals_gdal_where_no_sizes_tie(connectivity):
    # Fields nearest to one of 30 points, each of a class of its own; on them specks of one or two pixels.
    random = np.random.default_rng(1)
    points, (y, x) = random.integers(0, 96, (2, 30, 1, 1)), np.indices((96, 96))
    classes = (1 + np.hypot(y - points[0], x - points[1]).argmin(axis=0)).astype(np.uint8)
    for row, column in np.argwhere((y % 4 == 2) & (x % 4 == 1)):
        classes[row, column : column + random.integers(1, 3)] = 200
    sizes = np.bincount(classes.reshape(-1))[1:31]
    assert len(set(sizes)) == 30
    assert min(sizes) >= 3
    own = removed(classes, Rule(uniform(3), connectivity=connectivity, becomes="largest"))
    assert own.tolist() == rasterio.features.sieve(classes, 3, connectivity=connectivity).tolist()
    assert (own != 200).all()


@settings(max_examples=300)
@given(maps, rules, st.sampled_from([(), (4,), (3, 4, 12)]), st.booleans(), st.data())
def test_kernel_equals_reference(classes, rule, protected, partly, data):
    where = data.draw(arrays(np.bool_, classes.shape)) if partly else None
    limits = Limits(protected=frozenset(protected))
    expected = patches.reference(classes, rule, scope=where, limits=limits)
    assert removed(classes, rule, protected, where).tolist() == expected.tolist()


@given(maps, rules, st.data())
def test_kernel_equals_reference_in_hectares(classes, rule, data):
    rows, columns = classes.shape
    shape = data.draw(st.sampled_from([(rows, columns), (rows, 1), (1, 1)]))
    ha = data.draw(arrays(float, shape, elements=st.sampled_from([0.07, 0.08999994, 0.0900001, 0.1])))
    factor = UNITS_PER_HA // 10
    cap = None if rule.size_cap is None else rule.size_cap * factor
    rule = replace(rule, smallest=tuple(n * factor for n in rule.smallest), size_cap=cap, in_hectares=True)
    step = ReadyStep("", MapWork((), lambda *_: None, 0))
    units, _ = units_of(Ground({}, ha).site(step, (1, *classes.shape)), rule)
    assert removed(classes, rule, ha=ha).tolist() == patches.reference(classes, rule, units=units).tolist()


@settings(max_examples=25)
@given(maps, rules)
def test_nodata_is_never_written_and_no_class_appears_from_nowhere(classes, rule):
    after = removed(classes, rule)
    assert ((after == 0) == (classes == 0)).all()
    assert set(np.unique(after)) <= set(np.unique(classes))


def test_years_run_alone_or_together_are_the_same():
    random = np.random.default_rng(1)
    block = random.choice([0, 3, 4, 12], p=[0.05, 0.5, 0.25, 0.2], size=(5, 30, 31)).astype(np.uint8)
    block[3] = block[2]
    steps = chain(
        min_pixels=4, years={"first": 2001, "last": 2003}, surroundings=Surroundings(tuple(range(2000, 2005)))
    )
    together, touched = apply_chain(steps, block)
    for t in range(5):
        expected = removed(block[t], Rule(uniform(4))) if 1 <= t <= 3 else block[t]
        assert together[t].tolist() == expected.tolist()
    assert ((touched > 0) == (together != block)).all()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), rules, st.sampled_from([16, 17, 23]), st.booleans())
def test_result_does_not_depend_on_the_tiling(seed, rule, tile, in_hectares):
    random = np.random.default_rng(seed)
    classes = random.choice([0, 3, 4, 12], p=[0.05, 0.5, 0.25, 0.2], size=(40, 37)).astype(np.uint8)
    grid = Grid(crs="EPSG:32723", resolution=30, origin=(200_000, 8_000_000), shape=classes.shape, tile=tile)
    rule = replace(rule, size_cap=rule.size_cap or 6, passes=min(rule.passes, 2))
    around = halo(rule)
    if in_hectares:
        pixel = round(grid.pixel_ha_range()[0] * UNITS_PER_HA)
        sizes = tuple(round(n * 0.09 * UNITS_PER_HA) for n in rule.smallest)
        rule = replace(rule, smallest=sizes, size_cap=round(rule.size_cap * 0.09 * UNITS_PER_HA), in_hectares=True)
        around = halo(rule, pixel)
    tiled = np.zeros_like(classes)
    for part in grid.tiles():
        window = grid.window_around(part, around)
        done = removed(classes[window.slices], rule, ha=grid.areas_ha(window))
        tiled[part.slices] = done[part.within(window)]
    assert tiled.tobytes() == removed(classes, rule, ha=grid.areas_ha(grid.whole)).tobytes()


@pytest.mark.parametrize(
    "step",
    [
        {"min_pixels": 12, "becomes": "mode", "radius": 3, "protected": [33]},
        {"min_pixels": 7, "becomes": "mode", "radius": 1, "connectivity": 4, "passes": 2},
        {"min_pixels": 7, "becomes": "mode", "radius": 2, "votes": "large"},
        {"min_pixels": {3: 5, "default": 12}},
        {"min_pixels": 11, "becomes": "largest", "size_cap": 40},
        {"min_ha": 1},
        {"min_ha": {3: 0.5, 21: 2}, "becomes": "largest", "size_cap": 5, "passes": 2},
    ],
    ids=str,
)
def test_real_map_equals_reference_and_is_the_same_on_any_tiling(step):
    files = [MAPS / f"mapbiomas-brazil-collection-80-{year}.tif" for year in (1985, 2022)]
    if not files[0].is_file():
        pytest.skip(f"the MapBiomas clip is not at {MAPS}")
    block = np.stack([rasterio.open(file).read(1, window=((40, 130), (30, 140))) for file in files])
    grid = Grid(crs="EPSG:4326", resolution=0.00027, origin=(-50, -17), shape=block.shape[1:], tile=37)
    (ready_step,) = chain(Surroundings(pixel_ha=grid.pixel_ha_range()), LEGEND_OF_BRAZIL, **step)
    whole, tiled = block.copy(), np.zeros_like(block)
    run_step(ready_step, whole, Ground(pixel_ha=grid.areas_ha(grid.whole)))
    for tile in grid.tiles():
        window = grid.window_around(tile, ready_step.halo)
        part = np.array(block[:, *window.slices], order="C")
        run_step(ready_step, part, Ground(pixel_ha=grid.areas_ha(window)))
        tiled[:, *tile.slices] = part[:, *tile.within(window)]
    assert tiled.tobytes() == whole.tobytes()
    rule = Rule(*ready_step.work.settings[1:])
    units, _ = units_of(Ground(pixel_ha=grid.areas_ha(grid.whole)).site(ready_step, block.shape), rule)
    for before, after in zip(block, whole, strict=True):
        assert (
            after.tolist()
            == patches.reference(before, rule, units=units, limits=Limits(protected=ready_step.protected)).tolist()
        )
    assert (whole != block).any()


def test_halo_grows_with_what_a_pixel_depends_on():
    assert halo(Rule(uniform(11))) == 20
    assert halo(Rule(uniform(11), passes=2)) == 40
    assert halo(Rule(uniform(11), becomes="mode", radius=3)) == 10
    assert halo(Rule(uniform(3), becomes="mode", radius=4)) == 4
    assert halo(Rule(uniform(11), becomes="mode", radius=3, votes="large")) == 13
    assert halo(Rule(uniform(11), becomes="largest", size_cap=50)) == 59
    assert halo(Rule(uniform(11), becomes="largest")) is None
    # 1 ha of pixels of 0.09 ha or more: 12 pixels are surely enough.
    assert halo(Rule(uniform(UNITS_PER_HA), in_hectares=True), pixel=90_000) == 22


def test_chain_reads_thresholds_by_class_or_group():
    rule = Rule(tuple({0: 0, 3: 5, 4: 5}.get(code, 11) for code in range(256)))
    assert chain(min_pixels={"woods": 5, "default": 11})[0].work.settings == ("patches", *rule.settings)
    assert chain(min_pixels={"woods": 5, 4: 5})[0].work.settings[1][4] == 5
    by_hectares = chain(Surroundings(pixel_ha=(0.09, 0.1)), min_ha={3: 0.5, "default": 1})[0].work
    assert (by_hectares.settings[1][3], by_hectares.settings[1][12], by_hectares.halo) == (500_000, 1_000_000, 22)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({}, [("F110", "steps.0.filter")]),
        ({"min_pixels": 3, "min_ha": 1}, [("F110", "steps.0.filter"), ("F112", "steps.0.min_ha")]),
        ({"min_pixels": {"woods": 5, "open": 6}}, [("F111", "steps.0.min_pixels.open")]),
        ({"min_pixels": {"wood": 5}}, [("F101", "steps.0.min_pixels.wood")]),
        ({"min_ha": 1}, [("F112", "steps.0.min_ha")]),
        ({"min_pixels": 258}, [("F113", "steps.0.min_pixels")]),
        ({"min_pixels": 130, "passes": 2}, [("F113", "steps.0.min_pixels")]),
        ({"min_pixels": 6, "becomes": "largest"}, [("F113", "steps.0.becomes")]),
        ({"min_pixels": 6, "becomes": "mode"}, [("F114", "steps.0.becomes")]),
        ({"min_pixels": 6, "radius": 1}, [("F114", "steps.0.radius")]),
        ({"min_pixels": 6, "votes": "large"}, [("F114", "steps.0.votes")]),
        ({"min_pixels": 6, "size_cap": 9}, [("F114", "steps.0.size_cap")]),
    ],
)
def test_what_a_step_may_not_say(step, expected):
    assert findings(**step) == expected


def test_a_number_that_does_not_fit_is_told_once():
    for step in ({"min_pixels": 1}, {"min_pixels": {"woods": 0}}, {"min_ha": -1}, {"min_ha": {3: -1}}):
        with pytest.raises(ValidationError) as refused:
            patches.Patches.model_validate({"filter": "patches", **step})
        assert refused.value.error_count() == 1


def test_hectares_that_no_patch_is_below_are_refused():
    assert findings(Surroundings(pixel_ha=(0.09, 0.1)), min_ha=0.09) == [("F115", "steps.0.min_ha")]


def test_largest_step_within_the_allowed_halo_is_ready():
    assert chain(min_pixels=257)[0].halo == MAX_HALO
    assert chain(min_pixels=513, becomes="mode", radius=4)[0].halo == MAX_HALO
    assert chain(min_pixels=11, becomes="largest", size_cap=100)[0].halo == 109
