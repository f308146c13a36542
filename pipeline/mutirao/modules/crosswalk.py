"""Local codes to codes of the legend. Pure functions over class arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mutirao.legend import NODATA


def crosswalk_table(crosswalk: Mapping[int, int], codes: frozenset[int], nodata: int) -> np.ndarray:
    """Return the (256,) uint8 table from local value to legend code.

    Parameters
    ----------
    crosswalk : legend code by local code.
    codes : legend codes that mean themselves, unless the crosswalk says otherwise.
    nodata : local value that means 'no claim'; it becomes 0, as does every value that is not mentioned.
    """
    table = np.zeros(256, dtype=np.uint8)
    table[list(codes)] = list(codes)
    table[list(crosswalk)] = list(crosswalk.values())
    table[nodata] = NODATA
    return table
