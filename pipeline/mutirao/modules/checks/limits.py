"""What is taken for ordinary. Beyond these a check gives advice; none of them refuses a submission.

They were set on real maps that people trust: three municipalities of MapBiomas Collection 8 (38 years) and the MODIS
series of Itanhanga (16 years). Those pass; see tests/modules/test_checks_on_real_maps.py.
"""

from __future__ import annotations

MOST_ISOLATED = 0.05
"""Share of claimed pixels without a neighbour of their class, all years together."""
MOST_ISOLATED_OF_CLASS = 0.33
"""The same for one class; below `FEW_PIXELS` a class is not judged."""
SMALL_MAP = 2000
"""Claimed pixels of all years, or series, below which a map is too small to be judged by shares."""
SMALLEST_TILED = 128
"""Lines of a map below which nobody cuts it into tiles."""
FEW_PIXELS = 200
"""Pixels of a class in all years, below which its shares say nothing."""
HOLE_SHARE = 0.001
"""Share of the territory that is claimed in no year, from which on it is told."""
MOST_SMALL = 0.05
"""Share of the claimed area in patches below the minimum mapping unit."""
MOST_FLICKERING = 0.10
"""Share of the series in which a class is gone for a single year and comes back (A-B-A)."""
MOST_VISITS = 0.25
"""Share of a class's area that stands for one year between two years of one other class."""
MOST_CHANGES = 0.10
"""Changes of class by pixel and step from year to year, on average."""
MOST_CHANGES_TAIL = 0.40
"""The same for the pixel that 99 of 100 pixels do not exceed; for series of at least `LONG_SERIES` years."""
LONG_SERIES = 8
JUMP_RATIO = 6.0
"""Change of a class's area in one year over the median of its absolute changes."""
JUMP_SHARE = 0.25
"""A jump is also this share of the class's mean area, and at least `JUMP_MAP_SHARE` of all that is claimed."""
JUMP_MAP_SHARE = 0.005
TREND_RATIO = 8.0
"""Change of slope of a class's area over what the slopes scatter."""
TREND_YEARS = 4
"""Years on either side from which a slope is taken."""
ODD_YEAR_RATIO = 3.0
"""Difference of a year from both neighbours, over that of the neighbours from each other."""
ODD_YEAR_SHARE = 0.05
"""An odd year also differs in this share of the map."""
FROZEN_EXPECTED = 10
"""Changed pixels that a cell has in a usual year (the median), from which on none at all is no accident."""
FROZEN_RESTS = 0.1
"""Share of the steps, one at least, in which such a cell may have none."""
FROZEN_CELLS = 4
"""Cells that touch and stand still together."""
FROZEN_SHARE = 0.02
"""Share of the cells that usually change."""
EDGE_RATIO = 3.0
"""Class borders on a line of the grid over those of its neighbours."""
EDGE_NEIGHBOURS = 8
"""Lines on either side that are looked at."""
EDGE_SHARE = 0.15
"""Share of the line, beyond what its neighbours have, along which classes change: fields and lakes have less."""
EDGE_SIGMA = 8.0
"""Standard deviations of a Poisson count by which the line also exceeds its neighbours."""
FOOTPRINT_SHARE = 0.01
"""Share of what is claimed in a usual year (the median) that another year may lack."""
MOST_DIFFERENT = 0.10
"""Share of the map that may be of another class than in the version before."""
MOST_CLASS_DIFFERENCE = 0.25
"""Share by which a class's area may differ from the version before, if it holds `JUMP_MAP_SHARE` of the map."""
