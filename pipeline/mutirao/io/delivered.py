"""Rasters from elsewhere: what their headers say, read without decoding a pixel, and their rows, in bands.

Nothing in here trusts a file: only formats that hold their own pixels are opened (a VRT would lead to other files), and
the size of a raster, of a block and of the file are told before anything is decoded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from mutirao.errors import Finding
from mutirao.io.rasters import RasterError, RasterInfo, Rgba

_DRIVERS = {b"II*\0": "GTiff", b"II+\0": "GTiff", b"MM\0*": "GTiff", b"MM\0+": "GTiff", b"EHFA": "HFA"}
"""Formats that are read, by their first bytes: GeoTIFF and Erdas Imagine."""
_FORMATS = {
    b"<VRTDataset": "a VRT, which only points at other files",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x00\x00\x00\x0cjP": "a JPEG 2000",
    b"\x89HDF": "an HDF5 or netCDF file",
    b"CDF\x01": "a netCDF file",
    b"CDF\x02": "a netCDF file",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
}
"""What a file is that is no raster we read, by its first bytes."""
Rows = Callable[[int, int], np.ndarray]
"""Return (row, x) of the rows from a first one up to, and without, a last one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says about itself beside its place; no pixel is decoded."""

    size: int
    """Bytes of the file."""
    block: tuple[int, int]
    """Rows and columns that are decoded at once."""
    itemsize: int
    """Bytes of a value."""
    compression: str
    """Codec by rasterio's name, in lower case; empty if there is none."""
    colors: tuple[str, ...]
    """What each band is of a picture, such as red; grey and palette are others."""
    palette: dict[int, Rgba]
    """Colour by value, from the file's colour table."""
    scale: float
    """Factor that the file wants its values multiplied by."""
    offset: float
    """What the file wants added to its values."""
    gcps: int
    """Ground control points."""


@dataclass(frozen=True, slots=True)
class FilePlane:
    """One band of a file, of which rows are read when they are wanted."""

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype
    band: int = 1

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Open the file once for many reads.

        Raises
        ------
        RasterError
            M202: the file cannot be opened, or rows of it cannot be decoded; also from the function that is given.
        """
        with _open(self.path) as src:
            yield lambda top, bottom: self._rows(src, top, bottom)

    def _rows(self, src: DatasetReader, top: int, bottom: int) -> np.ndarray:
        try:
            return np.asarray(src.read(self.band, window=Window(0, top, self.shape[1], bottom - top)))
        except (RasterioError, OSError, MemoryError) as err:
            raise _unreadable(self.path, err) from err


def foreign_format(path: Path) -> str:
    """Return what a file is, in words, if it is known to be no format that is read; else nothing."""
    head = _head(path)
    return next((words for magic, words in _FORMATS.items() if head.startswith(magic)), "")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(16)
    except OSError:
        return b""  # who opens it says why not


def read_header(path: Path) -> tuple[RasterInfo, Facts]:
    """Read what a file says about itself.

    Raises
    ------
    RasterError
        M202: the file cannot be opened.
    """
    with _open(path) as src:
        try:
            return _info(src), _facts(src, path)
        except (RasterioError, OSError, ValueError) as err:  # a damaged tag is met only when it is asked for
            raise _unreadable(path, err) from err


def _info(src: DatasetReader) -> RasterInfo:
    crs = src.crs.to_wkt() if src.crs else ""
    return RasterInfo(crs, src.transform, (src.height, src.width), src.count, src.dtypes[0], src.nodata)


def _facts(src: DatasetReader, path: Path) -> Facts:
    dtype = np.dtype(src.dtypes[0].replace("complex_int", "complex"))
    return Facts(
        path.stat().st_size,
        src.block_shapes[0],
        dtype.itemsize,
        src.profile.get("compress", "") or "",
        tuple(color.name for color in src.colorinterp),
        src.colormap(1) if src.colorinterp[0].name == "palette" else {},
        src.scales[0],
        src.offsets[0],
        len(src.gcps[0]),
    )


@contextmanager
def _open(path: Path) -> Iterator[DatasetReader]:
    driver = _DRIVERS.get(_head(path)[:4])
    if driver is None and path.is_file():
        raise _unreadable(path, OSError("it begins like neither a GeoTIFF nor an Erdas Imagine file"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # the checks of place say it, with a remedy
            src = rasterio.open(path, driver=driver)
    except (RasterioError, OSError) as err:
        raise _unreadable(path, err) from err
    with src:
        yield src


def _unreadable(path: Path, err: BaseException) -> RasterError:
    reason = (str(err.__cause__ or err) or type(err).__name__).splitlines()[0]
    remedy = "export or copy the file again and compare its size with the original"
    return RasterError(Finding("M202", f"cannot be read as a raster: {reason}", str(path), remedy))
