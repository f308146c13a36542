"""Burn polygons to pixels, strip by strip, into a file that is kept and read in windows.

Polygons are brought to columns and rows of the whole grid first, so that a strip only takes whole rows off: the pixels
of a strip are, by centre, bit for bit those that burning everything at once gives. Memory grows with the width of the
map, not with its area, and what was burnt once is found again by every process that sees the folder.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.features import rasterize
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from mutirao.grid import Grid, Pixels, Tile
from mutirao.io.copies import used
from mutirao.io.rasters import begin_pixel_digest, file_digest
from mutirao.io.storage import read_json, whole_folder, write_json
from mutirao.io.windowed import WindowedRaster

STRIP = 256
"""Rows that are burnt at once, and the side of the blocks of the file."""
MAP, RECORD = "map.tif", "burnt.json"
_SCHEME = "4"
"""Of what is kept; another one when the same polygons give other pixels."""
Members = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Burnt:
    """Polygons as pixels."""

    codes: Pixels
    digest: str
    """`io.rasters.pixel_digest` of the codes."""
    members: Members
    """Polygons of each code where they may overlap, numbered from 0 in ascending order; none where they may not."""


@dataclass(frozen=True)
class Canvas:
    """A grid to burn polygons on, and the folder that keeps what was burnt."""

    grid: Grid
    folder: Path

    def burn(self, geometries: Iterable[BaseGeometry | None]) -> Burnt:
        """Burn by pixel centre: uint16, 1 + the place of the last geometry that holds it, 0 outside all.

        Parameters
        ----------
        geometries : in the CRS of the grid; what has no shape, or a place that the CRS does not reach, holds nothing.
        """
        outlines = Outlines(geometries, self.grid)
        return self._kept(outlines, "last", np.uint16, outlines.burn, lambda: ())

    def burn_overlaps(self, geometries: Iterable[BaseGeometry | None], *, touch: bool) -> Burnt:
        """Burn polygons that may overlap: uint32, combination of polygons at each pixel, 0 for none.

        Parameters
        ----------
        geometries : polygons as of `burn`; what has no area is passed over.
        touch : burn all pixels that a polygon touches, not only those whose centre it holds.
        """
        outlines = Outlines([shape if has_area(shape) else None for shape in geometries], self.grid)
        overlaps = _Overlaps(outlines, touch=touch)
        how = "touched" if touch else "centres"
        return self._kept(outlines, how, np.uint32, overlaps.burn, lambda: tuple(overlaps.members))

    def strips(self) -> Iterable[Tile]:
        """Yield strips of the whole width, from north to south; the tiles of the grid do not matter."""
        height, width = self.grid.shape
        for top in range(0, height, STRIP):
            yield Tile("strip", top, min(top + STRIP, height), 0, width)

    def _kept(
        self,
        outlines: Outlines,
        how: str,
        dtype: type[np.unsignedinteger],
        burn: Callable[[Tile], np.ndarray],
        members: Callable[[], Members],
    ) -> Burnt:
        """Return what is kept of these polygons; burn them if nothing is, or if it is damaged."""
        folder = self.folder / outlines.digest(how)
        record = _intact(folder)
        if record is None:
            shutil.rmtree(folder, ignore_errors=True)
            try:
                with whole_folder(folder, RECORD) as partial:
                    digest = self._write(partial / MAP, dtype, burn)
                    told = {"sha256": file_digest(partial / MAP), "pixels": digest, "members": members()}
                    write_json(partial / RECORD, told)
            except OSError:
                if _intact(folder) is None:  # or else another process was faster
                    raise
            record = read_json(folder / RECORD)
        used(folder / RECORD)
        return Burnt(WindowedRaster(folder / MAP), record["pixels"], tuple(map(tuple, record["members"])))

    def _write(self, path: Path, dtype: type[np.unsignedinteger], burn: Callable[[Tile], np.ndarray]) -> str:
        """Write the strips; return their `pixel_digest`."""
        height, width = self.grid.shape
        digest = begin_pixel_digest(self.grid, self.grid.shape, np.dtype(dtype))
        place = {"crs": self.grid.crs, "transform": self.grid.transform, "height": height, "width": width, "count": 1}
        blocks = {"tiled": True, "blockxsize": STRIP, "blockysize": STRIP, "sparse_ok": True, "bigtiff": "if_safer"}
        with rasterio.open(path, "w", "GTiff", dtype=dtype, compress="zstd", zstd_level=1, **blocks, **place) as out:
            for strip in self.strips():
                pixels = burn(strip)
                out.write(pixels, 1, window=Window(0, strip.top, *reversed(strip.shape)))
                digest.update(pixels.data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Listing(Canvas):
    """Notes the folders that would be asked for. Nothing is burnt or read; its pixels are all outside."""

    asked: set[str]
    """Names of the folders."""

    def _kept(
        self,
        outlines: Outlines,
        how: str,
        dtype: type[np.unsignedinteger],
        burn: Callable[[Tile], np.ndarray],
        members: Callable[[], Members],
    ) -> Burnt:
        """Note the folder."""
        self.asked.add(outlines.digest(how))
        return Burnt(np.broadcast_to(dtype(0), self.grid.shape), "", ((),))


def _intact(folder: Path) -> dict[str, Any] | None:
    """Return the record of what is kept, if the file is what was written."""
    if not (folder / RECORD).is_file() or not (folder / MAP).is_file():
        return None
    record: dict[str, Any] = read_json(folder / RECORD)
    return record if record["sha256"] == file_digest(folder / MAP) else None


class Outlines:
    """Geometries in columns and rows of a grid.

    In `shapes` rows are negative, so that north is up: GDAL turns rings to one direction before it brings them to
    pixels, and where a side goes through the centres of a row, the direction decides who holds these.
    """

    def __init__(self, geometries: Iterable[BaseGeometry | None], grid: Grid) -> None:
        self.grid = grid
        shapes = np.array([*geometries, None], object)[:-1]  # the last one keeps numpy from looking into multipolygons
        self.shapes = shapely.transform(shapes, self._on_pixels)
        left, bottom, right, top = shapely.bounds(self.shapes).reshape(-1, 4).T
        self.bounds = np.stack([left, -top, right, -bottom], axis=1)
        self.bounds[~np.isfinite(self.bounds).all(axis=1)] = np.nan

    def _on_pixels(self, points: np.ndarray) -> np.ndarray:
        """Return columns and negative rows of (point, 2) coordinates, in the floating-point steps that GDAL takes."""
        (west, north), side = self.grid.origin, self.grid.resolution
        columns = points[:, 0] * (1 / side) + -west / side
        rows = points[:, 1] * (1 / -side) + north / side
        fine = 2.0 ** (50 - self.grid.shape[0].bit_length())  # so that a float has room to take off whole rows exactly
        return np.stack([columns, -np.round(rows * fine) / fine], axis=1)

    def digest(self, how: str) -> str:
        """Return the digest of all that decides the pixels."""
        digest = hashlib.sha256(f"{_SCHEME}|{how}|{self.grid.shape}|{rasterio.__gdal_version__}".encode())
        digest.update(f"{self.grid.crs}|{tuple(self.grid.transform)[:6]}".encode())
        for known, shape in zip(~np.isnan(self.bounds[:, 0]), self.shapes, strict=True):
            text = shapely.to_wkb(shape, byte_order=1) if known else b""
            digest.update(len(text).to_bytes(8, "little") + text)
        return digest.hexdigest()

    def meeting(self, window: Tile) -> np.ndarray:
        """Return the places of the geometries that may touch a window, in ascending order."""
        left, top, right, bottom = self.bounds.T
        across = (right >= window.left - 1) & (left <= window.right + 1)
        return np.flatnonzero(across & (bottom >= window.top - 1) & (top <= window.bottom + 1))

    def burn(self, window: Tile) -> np.ndarray:
        """Return (y, x) uint16 of a window; see `Canvas.burn`."""
        numbers = self.meeting(window)
        return burnt(self.shapes[numbers].tolist(), (numbers + 1).tolist(), window, np.uint16, touch=False)


def burnt(
    shapes: Sequence[BaseGeometry], values: Iterable[int], window: Tile, dtype: type[np.unsignedinteger], *, touch: bool
) -> np.ndarray:
    """Burn shapes of `Outlines` to a window of the grid; of several at a pixel the last one wins."""
    if not shapes:
        return np.zeros(window.shape, dtype)
    pairs = list(zip(shapes, values, strict=True))
    corner = Affine(1, 0, window.left, 0, -1, -window.top)
    return np.asarray(rasterize(pairs, window.shape, transform=corner, all_touched=touch, dtype=np.dtype(dtype).name))


def has_area(geometry: BaseGeometry | None) -> bool:
    """Return whether a geometry is a polygon with a shape."""
    return geometry is not None and not geometry.is_empty and geometry.geom_type in ("Polygon", "MultiPolygon")


@dataclass
class _Overlaps:
    """Combinations of polygons, numbered as they come from north to south."""

    outlines: Outlines
    touch: bool
    members: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    numbers: dict[tuple[int, ...], int] = field(default_factory=lambda: {(): 0})

    def burn(self, strip: Tile) -> np.ndarray:
        """Return (y, x) uint32, the combination at each pixel of a strip; strips come from north to south."""
        index = np.zeros(strip.shape, np.uint32)
        members: list[tuple[int, ...]] = [()]
        for batch in self._rounds(strip):
            numbers, windows = zip(*batch, strict=True)
            around = _around(windows)
            shapes = self.outlines.shapes[list(numbers)].tolist()
            found = burnt(shapes, range(1, len(shapes) + 1), around, np.uint32, touch=self.touch)
            _combine(index[around.within(strip)], found, numbers, members)
        return self._renumbered(index, members)

    def _rounds(self, strip: Tile) -> Iterable[list[tuple[int, Tile]]]:
        """Part polygons into rounds without overlapping bounding boxes, so that a round can be burnt at once.

        A polygon goes to the round after the last of those before it whose boxes it meets: the order of the file is
        kept where polygons overlap.
        """
        depth = np.zeros(strip.shape, np.uint32)
        rounds: dict[int, list[tuple[int, Tile]]] = defaultdict(list)
        for number in self.outlines.meeting(strip).tolist():
            window = _cut(self.outlines.bounds[number], strip)
            if window:
                box = depth[window.within(strip)]
                level = int(box.max())
                box[:] = level + 1
                rounds[level].append((number, window))
        return [rounds[level] for level in sorted(rounds)]

    def _renumbered(self, index: np.ndarray, members: Sequence[tuple[int, ...]]) -> np.ndarray:
        """Give the combinations that are left in a strip the numbers that they have in the whole map."""
        used = np.zeros(len(members), bool)
        used[index] = True
        table = np.zeros(len(members), np.uint32)
        for place in np.flatnonzero(used).tolist():
            table[place] = self.numbers.setdefault(members[place], len(self.members))
            if table[place] == len(self.members):
                self.members.append(members[place])
        renumbered: np.ndarray = table[index]
        return renumbered


def _cut(bounds: np.ndarray, strip: Tile) -> Tile | None:
    """Return the pixels of a strip that a geometry may touch; None if there are none."""
    left, top, right, bottom = bounds.tolist()
    rows = max(math.floor(top) - 1, strip.top), min(math.ceil(bottom) + 1, strip.bottom)
    columns = max(math.floor(left) - 1, strip.left), min(math.ceil(right) + 1, strip.right)
    return Tile("box", *rows, *columns) if rows[0] < rows[1] and columns[0] < columns[1] else None


def _around(windows: Sequence[Tile]) -> Tile:
    tops, bottoms, lefts, rights = zip(*((w.top, w.bottom, w.left, w.right) for w in windows), strict=True)
    return Tile("round", min(tops), max(bottoms), min(lefts), max(rights))


def _combine(index: np.ndarray, found: np.ndarray, numbers: Sequence[int], members: list[tuple[int, ...]]) -> None:
    """Add the polygons of a round to a window of the index; `found` holds 1 + the place in `numbers`."""
    held = found > 0
    pairs = index[held].astype(np.uint64) << np.uint64(32) | found[held]
    kinds, inverse = np.unique(pairs, return_inverse=True)
    first = len(members)
    members.extend((*members[pair >> 32], numbers[(pair & 0xFFFFFFFF) - 1]) for pair in kinds.tolist())
    index[held] = (first + inverse).astype(np.uint32)
