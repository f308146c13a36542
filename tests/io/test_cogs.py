"""COGs: what is written is what is read, however it comes; and the overviews are those of GDAL."""

from __future__ import annotations

import hashlib
import itertools
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from hypothesis import given, settings
from hypothesis import strategies as st

from mutirao.errors import ResourceError
from mutirao.grid import Grid, Tile
from mutirao.io import cogs, rasters
from mutirao.io.overviews import coarsen, level_shapes, source_of, spans, windows


def grid_of(shape: tuple[int, int]) -> Grid:
    return Grid(crs="EPSG:31983", resolution=30, origin=(300_000, 7_800_000), shape=shape)


GRID = grid_of((700, 600))


@pytest.fixture
def classes():
    return np.random.default_rng(5).choice([0, 3, 15], size=GRID.shape).astype(np.uint8)


def test_cog_keeps_pixels_colours_tags_and_mode_overviews(tmp_path, classes):
    path = tmp_path / "map.tif"
    digest = cogs.write_cog(path, classes, GRID, colormap={3: (31, 141, 73, 255)}, tags={"YEAR": "2020"})
    assert (rasters.read(path) == classes).all()
    assert digest == rasters.pixel_digest(classes, GRID)
    with rasterio.open(path) as src:
        assert src.colormap(1)[3] == (31, 141, 73, 255)
        assert src.tags()["YEAR"] == "2020"
        assert src.nodata == 0
        assert src.overviews(1) == [2]
        assert src.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert src.profile["compress"] == "deflate"
        assert src.block_shapes[0] == (512, 512)
        assert set(np.unique(src.read(1, out_shape=(350, 300)))) <= {0, 3, 15}
    assert [p.name for p in tmp_path.iterdir()] == ["map.tif"]


def test_map_for_tiles_has_small_blocks_and_none_of_nodata(tmp_path, classes):
    classes[:512] = 0
    path, plain = tmp_path / "map.tif", tmp_path / "plain.tif"
    assert cogs.write_cog(path, classes, GRID, for_tiles=True) == cogs.write_cog(plain, classes, GRID)
    assert (rasters.read(path) == classes).all()
    with rasterio.open(path) as src:
        assert src.block_shapes[0] == (256, 256)
        assert src.overviews(1) == [2, 4]
        assert src.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        offsets = [src.get_tag_item(f"BLOCK_OFFSET_0_{row}", "TIFF", bidx=1) for row in range(3)]
        assert offsets[:2] == [None, None]
        assert offsets[2] is not None


def write_stack(path, pixels, grid, *, names, tags=None):
    with cogs.Draft(path, grid, pixels.dtype, bands=names, tags=tags) as draft:
        draft.write(pixels)
        return draft.finish()


def test_history_is_pixel_interleaved_with_years_as_names(tmp_path, classes):
    path, stack = tmp_path / "history.tif", np.stack([classes, classes[::-1]])
    assert write_stack(path, stack, GRID, names=["2019", "2020"]) == rasters.pixel_digest(stack, GRID)
    with rasterio.open(path) as src:
        assert src.descriptions == ("2019", "2020")
        assert src.interleaving.name == "pixel"
        assert src.block_shapes[0] == (256, 256)
        assert src.overviews(2) == [2, 4]
    assert (rasters.read_bands(path)[1] == classes[::-1]).all()


def test_wrong_shape_or_type_is_refused_and_leaves_nothing(tmp_path, classes):
    with pytest.raises(ValueError, match=r"pixels are \(699, 600\) uint8, the window has \(700, 600\) uint8"):
        cogs.write_cog(tmp_path / "map.tif", classes[:-1], GRID)
    with (
        cogs.Draft(tmp_path / "map.tif", GRID, np.uint8) as draft,
        pytest.raises(ValueError, match=r"pixels are .* uint16, the window has .* uint8"),
    ):
        draft.write(classes.astype(np.uint16))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_seen_before_the_end_and_nothing_stays_of_a_draft_that_ends_early(tmp_path, classes):
    with cogs.Draft(tmp_path / "map.tif", GRID, np.uint8) as draft:
        draft.write(classes)
        assert [path.name[:9] for path in tmp_path.iterdir()] == [".map.tif."]
    assert list(tmp_path.iterdir()) == []


def test_block_that_did_not_reach_the_disk_is_found(tmp_path, classes):
    with cogs.Draft(tmp_path / "map.tif", GRID, np.uint8) as draft:
        draft.write(classes)
        draft._raster.close()  # and then a block is gone, as after a write that failed while the file was closed
        with rasterio.open(draft._file, "r+") as file:
            file.write(np.zeros((1, 188, 88), np.uint8), window=rasterio.windows.Window(512, 512, 88, 188))
        with pytest.raises(ResourceError, match=r"map\.tif: R207 what was written is not there"):
            draft.finish()
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_nothing(tmp_path):
    noise = np.random.default_rng(1).integers(1, 255, (1024, 1024)).astype(np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
        with pytest.raises(Exception, match=r"."):
            cogs.write_cog(tmp_path / "map.tif", noise, grid_of((1024, 1024)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def cut(shape: tuple[int, int], rows: int, columns: int) -> list[Tile]:
    """Return tiles of any size that cover a map."""
    return windows(shape, rows, columns)


def bytes_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def patchwork(seed: int, bands: int, shape: tuple[int, int]) -> np.ndarray:
    """Return (band, y, x) patches of classes with noise, so that overviews have something to decide."""
    random = np.random.default_rng(seed)
    patches = random.integers(0, 6, (bands, -(-shape[0] // 7), -(-shape[1] // 7))).repeat(7, 1).repeat(7, 2)
    noise = random.random((bands, *shape)) < 0.2
    return np.where(noise, random.integers(0, 6, (bands, *shape)), patches[:, : shape[0], : shape[1]])


SIDES = st.integers(1, 800)


@settings(deadline=None, max_examples=12)
@given(
    shape=st.tuples(SIDES, SIDES),
    tile=st.tuples(st.integers(60, 800), st.integers(60, 800)),
    bands=st.integers(0, 3),
    dtype=st.sampled_from([np.uint8, np.uint16, np.int32]),
    seed=st.integers(0, 9),
)
def test_windows_in_any_order_and_thread_give_the_bytes_of_the_whole(tmp_path_factory, shape, tile, bands, dtype, seed):
    folder, grid = tmp_path_factory.mktemp("cogs"), grid_of(shape)
    stack = patchwork(seed, max(bands, 1), shape).astype(dtype)
    pixels, names = (stack, [f"b{n}" for n in range(bands)]) if bands else (stack[0], [])
    tiles = cut(shape, *tile)
    np.random.default_rng(seed).shuffle(tiles)
    with cogs.Draft(folder / "tiles.tif", grid, dtype, bands=names, tags={"A": "b"}) as draft:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda one: draft.write(pixels[..., *one.slices], one), tiles))
        digest = draft.finish()
    if bands:
        write_stack(folder / "whole.tif", pixels, grid, names=names, tags={"A": "b"})
    else:
        cogs.write_cog(folder / "whole.tif", pixels, grid, tags={"A": "b"})
    assert bytes_of(folder / "tiles.tif") == bytes_of(folder / "whole.tif")
    assert digest == rasters.pixel_digest(pixels, grid)
    assert (rasters.read_bands(folder / "tiles.tif") == stack).all()


@settings(deadline=None, max_examples=12)
@given(
    shape=st.tuples(st.integers(8, 800), st.integers(8, 800)),
    bands=st.integers(1, 3),
    dtype=st.sampled_from([np.uint8, np.uint16, np.int32]),
    seed=st.integers(0, 9),
)
def test_file_is_the_one_that_the_cog_driver_makes_alone(tmp_path_factory, shape, bands, dtype, seed):
    # GDAL itself sees less of a span at the seams of its chunks, which only larger maps with odd sides have, and works
    # from the finest level where a level is one pixel wide.
    folder, grid = tmp_path_factory.mktemp("cogs"), grid_of(shape)
    stack, names = patchwork(seed, bands, shape).astype(dtype), [f"b{n}" for n in range(bands)]
    place = {"crs": grid.crs, "transform": grid.transform, "height": shape[0], "width": shape[1]}
    with rasterio.open(folder / "plain.tif", "w", driver="GTiff", count=bands, dtype=dtype, nodata=0, **place) as dst:
        dst.write(stack)
        for number, name in enumerate(names, start=1):
            dst.set_band_description(number, name)
    options = {"BLOCKSIZE": 256, "OVERVIEW_RESAMPLING": "MODE", "COMPRESS": "DEFLATE", "LEVEL": 6}
    rasterio.shutil.copy(str(folder / "plain.tif"), folder / "gdal.tif", driver="COG", **options)
    write_stack(folder / "ours.tif", stack, grid, names=names)
    with rasterio.open(folder / "gdal.tif") as one, rasterio.open(folder / "ours.tif") as other:
        assert one.overviews(1) == other.overviews(1)
        assert (one.read() == other.read()).all()
    for level, _ in enumerate(level_shapes(shape, 256)):
        with (
            rasterio.open(folder / "gdal.tif", overview_level=level) as one,
            rasterio.open(folder / "ours.tif", overview_level=level) as other,
        ):
            assert (one.read() == other.read()).all()
    assert bytes_of(folder / "gdal.tif") == bytes_of(folder / "ours.tif")


def test_levels_are_halved_until_one_block_holds_them():
    assert level_shapes((512, 512), 512) == []
    assert level_shapes((513, 100), 512) == [(256, 50)]
    assert level_shapes((2049, 1), 512) == [(1024, 1), (512, 1)]


def test_spans_of_an_odd_axis_overlap():
    # 5 pixels under 2: the first reaches from 0 to 2.5, the second from 2.5 to 5; the middle one lies under both.
    first, end = spans(5, 2, 0, 2)
    assert (first.tolist(), end.tolist()) == ([0, 2], [3, 5])
    first, end = spans(6, 3, 1, 3)
    assert (first.tolist(), end.tolist()) == ([2, 4], [4, 6])


@pytest.mark.parametrize(
    ("four", "mode"),
    [
        ((3, 3, 15, 15), 3),  # two pairs: the one that is complete first
        ((3, 15, 15, 3), 15),
        ((3, 15, 3, 15), 3),
        ((3, 4, 15, 15), 15),
        ((3, 4, 5, 6), 3),  # no pair: the first
        ((0, 4, 5, 6), 4),  # nodata has no vote
        ((0, 0, 0, 6), 6),
        ((0, 0, 5, 0), 5),
        ((0, 0, 0, 0), 0),
        ((3, 15, 15, 15), 15),
        ((15, 15, 3, 15), 15),
    ],
)
def test_mode_of_four_pixels(four, mode):
    assert halved(np.array(four, np.uint8).reshape(2, 2)).tolist() == [[mode]]


def halved(pixels: np.ndarray) -> np.ndarray:
    shape = max(pixels.shape[0] // 2, 1), max(pixels.shape[1] // 2, 1)
    window = Tile("w", 0, shape[0], 0, shape[1])
    return coarsen(pixels, source_of(window, shape, pixels.shape), window, shape, pixels.shape)


def by_hand(pixels: np.ndarray) -> int:
    """Return the value that is first to come as often as any does, 0 if there is none."""
    seen: dict[int, int] = {0: 0}
    best = 0
    for value in pixels.ravel().tolist():
        seen[value] = seen.get(value, 0) + (value != 0)
        best = value if seen[value] > seen[best] else best
    return best


def test_mode_of_every_four_pixels_of_four_values():
    for four in itertools.product(range(4), repeat=4):
        pixels = np.array(four, np.uint8).reshape(2, 2)
        assert halved(pixels).tolist() == [[by_hand(pixels)]], four


@given(st.integers(0, 99))
def test_mode_of_nine_pixels(seed):
    pixels = np.random.default_rng(seed).integers(0, 4, (3, 3)).astype(np.uint16)
    assert halved(pixels).tolist() == [[by_hand(pixels)]]


@given(st.tuples(st.integers(2, 70), st.integers(2, 70)), st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_a_level_does_not_depend_on_its_windows(shape, size):
    pixels = patchwork(1, 1, shape)[0].astype(np.uint8)
    coarse = shape[0] // 2, shape[1] // 2
    pieced = np.full(coarse, 99, np.uint8)
    for window in windows(coarse, *size):
        source = source_of(window, coarse, shape)
        pieced[window.slices] = coarsen(pixels[source.slices], source, window, coarse, shape)
    assert (pieced == halved(pixels)).all()
