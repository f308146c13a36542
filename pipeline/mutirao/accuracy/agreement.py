"""Agreement of a map with a reference layer, counted pixel by pixel.

This is agreement and not accuracy: the pixels are a block or a layer that happens to exist, no probability sample,
so no interval can be given and no area may be corrected with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

UNLABELLED = -1
"""Index of pixels that have none of the labels."""
OTHER = "other"
"""Name of the row for pixels that the map gives none of the labels, nodata among them."""


@dataclass(frozen=True)
class Confusion:
    """Counts of pixels by map label and reference label."""

    labels: tuple[str, ...]
    counts: np.ndarray
    """(k + 1, k) int64: rows are the map's labels and then `other`, columns the reference's labels."""

    @cached_property
    def total(self) -> int:
        """Number of pixels compared."""
        return int(self.counts.sum())

    @cached_property
    def overall(self) -> float:
        """Share of pixels on which both agree, 0 to 1; NaN if none was compared."""
        return float(_share(np.trace(self.counts), self.counts.sum()))

    @cached_property
    def users(self) -> np.ndarray:
        """(k,) share of the map's pixels of a label that the reference confirms; NaN if the map has none."""
        return _share(self._diagonal, self.counts[:-1].sum(axis=1))

    @cached_property
    def producers(self) -> np.ndarray:
        """(k,) share of the reference's pixels of a label that the map finds; NaN if the reference has none."""
        return _share(self._diagonal, self.counts.sum(axis=0))

    @property
    def _diagonal(self) -> np.ndarray:
        return np.diagonal(self.counts)

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON; a share that does not exist is None."""
        return {
            "labels": list(self.labels),
            "rows": "map, last row: none of the labels",
            "columns": "reference",
            "counts": self.counts.tolist(),
            "pixels": self.total,
            "overall": _plain(self.overall),
            "users": {label: _plain(share) for label, share in zip(self.labels, self.users, strict=True)},
            "producers": {label: _plain(share) for label, share in zip(self.labels, self.producers, strict=True)},
        }


def label_codes(codes: np.ndarray, classes: Mapping[str, Iterable[int]]) -> np.ndarray:
    """Turn class codes into label indices.

    Parameters
    ----------
    codes : uint8 array of any shape.
    classes : codes by label; the order of the labels is the order of the indices.

    Returns
    -------
    int16 array of the same shape; -1 where no label has the code.
    """
    table = np.full(256, UNLABELLED, dtype=np.int16)
    for index, members in enumerate(classes.values()):
        table[list(members)] = index
    return np.asarray(table[codes])


def label_ranges(values: np.ndarray, ranges: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Turn the values of a layer into label indices by closed ranges.

    Returns
    -------
    int16 array of the same shape; -1 where no range holds the value, and at NaN.
    """
    labels = np.full(values.shape, UNLABELLED, dtype=np.int16)
    for index, (low, high) in enumerate(ranges.values()):
        labels[(values >= low) & (values <= high)] = index
    return labels


def compare(mapped: np.ndarray, reference: np.ndarray, labels: Iterable[str]) -> Confusion:
    """Count pixels by map label and reference label.

    Parameters
    ----------
    mapped, reference : integer arrays of one shape, label indices from 0; -1 is none. Pixels without a reference
        label are left out; pixels without a map label stay and count as disagreement.

    Raises
    ------
    ValueError
        The shapes differ, or an index is beyond the labels.
    """
    names = tuple(labels)
    if mapped.shape != reference.shape:
        raise ValueError(f"the map has shape {mapped.shape} and the reference {reference.shape}")
    known = reference >= 0
    rows, columns = mapped[known].astype(np.int64), reference[known].astype(np.int64)
    if max(rows.max(initial=0), columns.max(initial=0)) >= len(names):
        raise ValueError(f"a label index is beyond the {len(names)} labels")
    rows[rows < 0] = len(names)
    counts = np.bincount(rows * len(names) + columns, minlength=(len(names) + 1) * len(names))
    return Confusion(names, counts.reshape(len(names) + 1, len(names)))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    share = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=share, where=np.asarray(whole) > 0)
    return share


def _plain(share: float) -> float | None:
    return None if np.isnan(share) else round(float(share), 6)
