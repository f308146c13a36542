"""Yearly features: what the clear observations of a season say about each pixel."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated

import numpy as np
import xarray as xr
from pydantic import Field, field_validator

from mutirao.imagery import indices
from mutirao.model import Frozen

Reducer = Annotated[str, Field(pattern=r"^(p\d{1,2}|mean|std|amp|min|max)$")]
"""p10, p50 and so on are percentiles; amp is max - min; std is that of the observations themselves (divisor n)."""
COUNT = "clear_dates"
"""Name of the feature that counts clear dates."""


class Season(Frozen):
    """Days of the year, both included. A season that crosses the new year belongs to the year in which it ends."""

    first: str = Field(default="01-01", description="First day as 'MM-DD'.")
    last: str = Field(default="12-31", description="Last day as 'MM-DD', included; before `first`: crosses new year.")

    @field_validator("first", "last")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        if not re.fullmatch(r"\d\d-\d\d", value):
            raise ValueError("write the day as 'MM-DD', for example '04-15'")
        date.fromisoformat(f"2000-{value}")  # a leap year, so that 02-29 is a day
        return value

    @property
    def crosses_new_year(self) -> bool:
        """Whether the season begins in one calendar year and ends in the next."""
        return self.first > self.last

    def years(self, times: np.ndarray) -> np.ndarray:
        """Return the year that each date belongs to.

        Parameters
        ----------
        times : (time,) datetime64.

        Returns
        -------
        (time,) int64; 0 outside the season.
        """
        days = times.astype("datetime64[D]")
        calendar = days.astype("datetime64[Y]").astype(np.int64) + 1970
        names = np.array([text[5:] for text in np.datetime_as_string(days)], dtype="U5")
        if self.crosses_new_year:
            return np.where(names >= self.first, calendar + 1, np.where(names <= self.last, calendar, 0))
        return np.where((names >= self.first) & (names <= self.last), calendar, 0)

    def bounds(self, year: int) -> tuple[date, date]:
        """Return the first and last day of a year's season, both included."""
        return _day(year - self.crosses_new_year, self.first), _day(year, self.last)


def _day(year: int, name: str) -> date:
    """Return a day of a year; 29 February of a common year is the 28th."""
    month, day = int(name[:2]), int(name[3:])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return date(year, month, 28 if (month, day) == (2, 29) and not leap else day)


class FeatureSpec(Frozen):
    """Which features are made of a year of scenes: every reducer of every layer, in this order."""

    season: Season = Field(default=Season(), description="Part of the year that counts.")
    layers: tuple[str, ...] = Field(min_length=1, description="Bands and indices, by name.")
    reducers: tuple[Reducer, ...] = Field(
        default=("p10", "p50", "p90"), min_length=1, description="p0 to p99, mean, std, amp, min, max."
    )
    count: bool = Field(default=False, description="Add the number of clear dates as a last feature.")

    @field_validator("layers", "reducers")
    @classmethod
    def _is_without_repeats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a name stands here twice")
        return value

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in order, such as 'ndvi_p50'."""
        names = [f"{layer}_{reducer}" for layer in self.layers for reducer in self.reducers]
        return (*names, COUNT) if self.count else tuple(names)


def yearly_features(scenes: xr.Dataset, spec: FeatureSpec, year: int) -> xr.DataArray:
    """Summarise the clear observations of one year's season.

    Parameters
    ----------
    scenes : bands as (time, y, x) float32 reflectance, NaN where not clear; see `masks.clear_reflectance`.

    Returns
    -------
    (feature, y, x) float32 named by `spec.names`; NaN where no date of the season is clear. The count is 0 there.

    Raises
    ------
    KeyError
        The scenes lack a band that the spec needs.
    """
    chosen = spec.season.years(scenes["time"].values) == year
    bands = {str(name): scenes[name].values[chosen] for name in scenes.data_vars}
    planes = [plane for name in spec.layers for plane in reduce_series(indices.layer(name, bands), spec.reducers)]
    if spec.count:
        planes.append(count_clear(bands.values()).astype(np.float32))
    coords = {"feature": list(spec.names), "y": scenes["y"].values, "x": scenes["x"].values}
    return xr.DataArray(np.stack(planes), coords, ("feature", "y", "x"), attrs={"year": year})


def count_clear(bands: Iterable[np.ndarray]) -> np.ndarray:
    """Count the dates on which all bands are there: (time, y, x) arrays in, (y, x) int64 out."""
    return np.asarray(np.logical_and.reduce([np.isfinite(band) for band in bands]).sum(axis=0))


def reduce_series(series: np.ndarray, reducers: Iterable[str]) -> list[np.ndarray]:
    """Reduce the first axis of an array by several statistics that ignore NaN.

    The values are sorted once and every order statistic is read from the sorted column, which is many times faster
    than `numpy.nanpercentile` and gives the same numbers (linear interpolation, Hyndman and Fan's type 7).

    Parameters
    ----------
    series : (time, y, x) float32; NaN is missing.

    Returns
    -------
    One (y, x) float32 array per reducer; NaN where the whole column is missing.
    """
    ordered = np.sort(series, axis=0)  # NaN comes last
    counts = np.isfinite(series).sum(axis=0)
    moments = _Moments(ordered, counts)
    return [moments.statistic(reducer) for reducer in reducers]


class _Moments:
    """Statistics of sorted columns; each is computed when it is asked for."""

    def __init__(self, ordered: np.ndarray, counts: np.ndarray) -> None:
        self.ordered = ordered
        self.counts = counts

    def statistic(self, reducer: str) -> np.ndarray:
        """Return one reducer of the clear observations, (y, x) float32, NaN where there is none."""
        if len(self.ordered) == 0:
            return np.full(self.counts.shape, np.nan, dtype=np.float32)
        match reducer:
            case "mean":
                return self._mean()
            case "std":
                return self._std()
            case "amp":
                return np.asarray(self._quantile(1.0) - self._quantile(0.0))
            case "min" | "max":
                return self._quantile(float(reducer == "max"))
            case _:
                return self._quantile(int(reducer[1:]) / 100)

    def _quantile(self, fraction: float) -> np.ndarray:
        position = np.maximum(self.counts - 1, 0) * fraction
        below = np.floor(position).astype(np.intp)
        above = np.minimum(below + 1, np.maximum(self.counts - 1, 0))
        low = np.take_along_axis(self.ordered, below[None], axis=0)[0]
        high = np.take_along_axis(self.ordered, above[None], axis=0)[0]
        return np.asarray(low + (high - low) * (position - below), dtype=np.float32)

    def _mean(self) -> np.ndarray:
        return self._per_date(self.ordered)

    def _std(self) -> np.ndarray:
        return np.asarray(np.sqrt(self._per_date((self.ordered - self._mean()) ** 2)))

    def _per_date(self, series: np.ndarray) -> np.ndarray:
        total = np.asarray(np.nansum(series, axis=0, dtype=np.float64))
        share = np.full(self.counts.shape, np.nan, dtype=np.float32)
        np.divide(total, self.counts, out=share, where=self.counts > 0, casting="same_kind")
        return share
