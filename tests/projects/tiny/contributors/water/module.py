"""Open water of the tiny project: the first four columns, every year."""

import numpy as np


def classify(tile, year, context):
    """Return (y, x) uint8: 33 in columns 0 to 3 of the grid, else 0, no claim."""
    columns = np.arange(tile.left, tile.right)
    return np.broadcast_to(np.where(columns < 4, 33, 0), tile.shape).astype("uint8")
