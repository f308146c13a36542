"""Rasters from elsewhere: what their headers say, read without decoding a pixel, and their rows, in bands.

Nothing in here trusts a file: only formats that hold their own pixels are opened (a VRT would lead to other files), and
the size of a raster, of a block and of the file are told before anything is decoded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from mutirao.errors import Finding
from mutirao.io.gdal import gdal_name
from mutirao.io.places import Place
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


class Readable(Protocol):
    """A plane of which rows are read when they are wanted."""

    @property
    def name(self) -> str:
        """File, or what else it is, for messages."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def dtype(self) -> np.dtype:
        """Of the values."""

    def reading(self) -> AbstractContextManager[Rows]:
        """Make the rows readable."""


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
    bands: tuple[str, ...] = ("",)
    """What each band is called; empty where it has no name."""
    is_bundled: bool = False
    """Whether all bands of a pixel lie side by side, so that none can be decoded alone."""

    @property
    def block_bytes(self) -> int:
        """Bytes that are decoded at once."""
        together = len(self.bands) if self.is_bundled else 1
        return self.block[0] * self.block[1] * self.itemsize * together


@dataclass(frozen=True, slots=True)
class FilePlane:
    """One band of a file, of which rows are read when they are wanted."""

    path: Place
    shape: tuple[int, int]
    dtype: np.dtype
    band: int = 1

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Open the file once for many reads.

        Raises
        ------
        RasterError
            M202: the file cannot be opened, or rows of it cannot be decoded; also from the function that is given.
        """
        with _open(self.path) as src:
            yield lambda top, bottom: _read(src, self.path, self.band, top, bottom)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Bands of one file that lie side by side, read together because none can be decoded alone."""

    path: Place
    bands: tuple[int, ...]
    """Numbers of the bands that are wanted, from 1."""

    @contextmanager
    def reading(self) -> Iterator[Callable[[int, int], np.ndarray]]:
        """Open the file once; the function returns (band, row, x) of rows.

        Raises
        ------
        RasterError
            M202, as `FilePlane.reading`.
        """
        with _open(self.path, num_threads="ALL_CPUS") as src:
            yield lambda top, bottom: _read(src, self.path, self.bands, top, bottom)


def _read(src: DatasetReader, path: Place, bands: int | Sequence[int], top: int, bottom: int) -> np.ndarray:
    window = Window(0, top, src.width, bottom - top)
    try:
        with gdal_name(path):
            return np.asarray(src.read(bands if isinstance(bands, int) else list(bands), window=window))
    except (RasterioError, OSError, MemoryError) as err:
        raise _unreadable(path, err) from err


def foreign_format(path: Place) -> str:
    """Return what a file is, in words, if it is known to be no format that is read; else nothing."""
    head = _head(path)
    return next((words for magic, words in _FORMATS.items() if head.startswith(magic)), "")


def _head(path: Place) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(16)
    except OSError:
        return b""  # who opens it says why not


def read_header(path: Place) -> tuple[RasterInfo, Facts]:
    """Read what a file says about itself.

    Raises
    ------
    RasterError
        M202: the file cannot be opened.
    """
    with _open(path) as src:
        try:
            with gdal_name(path):
                return _info(src), _facts(src, path)
        except (RasterioError, OSError, ValueError) as err:  # a damaged tag is met only when it is asked for
            raise _unreadable(path, err) from err


def _info(src: DatasetReader) -> RasterInfo:
    crs = src.crs.to_wkt() if src.crs else ""
    # Erdas files may mix types: the one that is no byte is what matters.
    dtype = next((name for name in src.dtypes if name != "uint8"), "uint8")
    return RasterInfo(crs, src.transform, (src.height, src.width), src.count, dtype, src.nodata)


def _facts(src: DatasetReader, path: Place) -> Facts:
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
        tuple(name or "" for name in src.descriptions),
        src.count > 1 and src.profile.get("interleave") == "pixel",
    )


@contextmanager
def _open(path: Place, **options: str) -> Iterator[DatasetReader]:
    driver = _DRIVERS.get(_head(path)[:4])
    if driver is None and path.is_file():
        raise _unreadable(path, OSError("it begins like neither a GeoTIFF nor an Erdas Imagine file"))
    try:
        with gdal_name(path) as name, warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # the checks of place say it, with a remedy
            src = rasterio.open(name, driver=driver, **(options if driver == "GTiff" else {}))
    except (RasterioError, OSError) as err:
        raise _unreadable(path, err) from err
    # Not the dataset's own context: it must end in the thread where it began, and readers begin and end in any. So
    # must credentials, which each read takes anew.
    with closing(src):
        yield src


def _unreadable(path: Place, err: BaseException) -> RasterError:
    reason = (str(err.__cause__ or err) or type(err).__name__).splitlines()[0]
    remedy = "export or copy the file again and compare its size with the original"
    return RasterError(Finding("M202", f"cannot be read as a raster: {reason}", str(path), remedy))
