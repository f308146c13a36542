"""What an analyst imports: list releases, read maps by place and year, and area tables, from a folder or a URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from mutirao.errors import UsageError
from mutirao.grid import Grid, Tile
from mutirao.io import rasters
from mutirao.io.places import Place
from mutirao.io.storage import read_record
from mutirao.io.tables import read_table
from mutirao.legend import Legend
from mutirao.release import names
from mutirao.release.record import MANIFEST, Release

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class OpenRelease:
    """A released version of a collection, ready to be read."""

    location: str
    """Folder or URL without a slash at the end."""
    record: Release
    legend: Legend
    grid: Grid

    def maps(
        self, years: Sequence[int] | None = None, bounds: Bounds | None = None, layer: str = "class"
    ) -> xr.DataArray:
        """Read a layer at full resolution.

        Parameters
        ----------
        years : years of the series; all by default.
        bounds : west, south, east, north in WGS 84 degrees; the whole map by default.
        layer : class, source, rule, conflict or filter.

        Returns
        -------
        (year, y, x) unsigned integers, 0 is nodata; coordinates are pixel centres in the CRS of the grid.
        """
        chosen, window = self._years(years), self.window(bounds)
        stack = np.stack([rasters.read(self.address(layer, year), window) for year in chosen])
        transform = self.grid.transform @ self.grid.transform.translation(window.left, window.top)
        coords = xr_coords(GeoBox(window.shape, transform, self.grid.crs), dims=("y", "x"))
        return xr.DataArray(stack, coords={"year": list(chosen), **coords}, dims=("year", "y", "x"), name=layer)

    def areas(self, level: str = "all") -> pd.DataFrame:
        """Return hectares by territory, year and class of one set of territories; 'all' is the whole collection."""
        frame = read_table(f"{self.location}/tables/areas.parquet")
        levels = sorted(set(frame["territory_level"]))
        if level not in levels:
            remedy = f"levels are: {', '.join(levels)}"
            raise UsageError.because("A101", f"no territories '{level}'", where=self.location, remedy=remedy)
        return frame[frame["territory_level"] == level].reset_index(drop=True)

    def address(self, layer: str, year: int) -> str:
        """Return the path or URL of one layer and year."""
        if layer not in names.YEARLY:
            remedy = f"layers are: {', '.join(names.YEARLY)}"
            raise UsageError.because("A102", f"no layer '{layer}'", where=self.location, remedy=remedy)
        return f"{self.location}/{names.yearly(self.record.collection, layer, year, self.record.version)}"

    def window(self, bounds: Bounds | None) -> Tile:
        """Return the pixels that meet bounds in WGS 84 degrees."""
        if bounds is None:
            return self.grid.whole
        box = self.grid.window_of(bounds)
        if min(box.shape) < 1:
            west, south, east, north = (f"{value:.5f}" for value in self.grid.lonlat_bounds())
            remedy = f"the map reaches from {west} {south} to {east} {north} (west south, east north)"
            raise UsageError.because("A103", f"bounds {bounds} lie outside", where=self.location, remedy=remedy)
        return box

    def _years(self, years: Sequence[int] | None) -> tuple[int, ...]:
        chosen = self.record.years if years is None else tuple(years)
        strange = [str(year) for year in chosen if year not in self.record.years]
        if strange or not chosen:
            remedy = f"years are {self.record.years[0]} to {self.record.years[-1]}"
            raise UsageError.because("A104", f"no map of {', '.join(strange)}", where=self.location, remedy=remedy)
        return chosen


def open_release(location: Place | str) -> OpenRelease:
    """Open a release by its folder or URL, for example releases/banat/v0.1.0.

    Raises
    ------
    ResourceError
        R201: there is no release, or it cannot be reached. R203: it is damaged, or of another version of mutirao.
    """
    address = str(location).rstrip("/")
    record = read_record(f"{address}/{MANIFEST}", Release)
    legend = read_record(f"{address}/legend.json", Legend)
    return OpenRelease(address, record, legend, record.grid)


def list_releases(folder: Place) -> list[OpenRelease]:
    """Return every release below a folder of releases, by product and version."""
    manifests: list[Place] = sorted(folder.glob(f"*/v*/{MANIFEST}"), key=str)
    found = [open_release(path.parent) for path in manifests]
    return sorted(found, key=lambda release: (release.record.collection, release.record.version_key))
