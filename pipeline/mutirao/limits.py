"""What is taken for ordinary. Beyond these a check gives advice; none of them refuses a submission. A pure value.

The defaults were set on real maps that people trust: three municipalities of MapBiomas Collection 8 (38 years) and the
MODIS series of Itanhanga (16 years). Those pass; see tests/modules/test_checks_on_real_maps.py.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mutirao.model import Frozen

Share = Annotated[float, Field(ge=0, le=1)]
Ratio = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class Limits(Frozen):
    """Limits of the checks' advice; a collection sets its own under `checks`."""

    most_isolated: Share = Field(
        default=0.05, description="Share of claimed pixels without a neighbour of their class, all years together."
    )
    most_isolated_of_class: Share = Field(
        default=0.33, description="The same for one class; below `few_pixels` a class is not judged."
    )
    small_map: Count = Field(
        default=2000,
        description="Claimed pixels of all years, or series, below which a map is too small to be judged by shares.",
    )
    smallest_tiled: Count = Field(default=128, description="Lines of a map below which nobody cuts it into tiles.")
    few_pixels: Count = Field(
        default=200, description="Pixels of a class in all years, below which its shares say nothing."
    )
    hole_share: Share = Field(
        default=0.001, description="Share of the territory that is claimed in no year, from which on it is told."
    )
    most_small: Share = Field(
        default=0.05, description="Share of the claimed area in patches below the minimum mapping unit."
    )
    most_flickering: Share = Field(
        default=0.10,
        description="Share of the series in which a class is gone for a single year and comes back (A-B-A).",
    )
    most_visits: Share = Field(
        default=0.25,
        description="Share of a class's area that stands for one year between two years of one other class.",
    )
    most_changes: Ratio = Field(
        default=0.10, description="Changes of class by pixel and step from year to year, on average."
    )
    most_changes_tail: Ratio = Field(
        default=0.40,
        description="The same for the pixel that 99 of 100 pixels do not exceed; for series of at least `long_series` "
        "years.",
    )
    long_series: Count = Field(
        default=8, description="Years of a series from which on the tail of `most_changes_tail` is judged."
    )
    jump_ratio: Ratio = Field(
        default=6.0, description="Change of a class's area in one year over the median of its absolute changes."
    )
    jump_share: Share = Field(
        default=0.25,
        description="A jump is also this share of the class's mean area, and at least `jump_map_share` of all that is "
        "claimed.",
    )
    jump_map_share: Share = Field(
        default=0.005, description="Share of all that is claimed below which no change of a class is told."
    )
    trend_ratio: Ratio = Field(
        default=8.0, description="Change of slope of a class's area over what the slopes scatter."
    )
    trend_years: Count = Field(default=4, description="Years on either side from which a slope is taken.")
    odd_year_ratio: Ratio = Field(
        default=3.0,
        description="Difference of a year from both neighbours, over that of the neighbours from each other.",
    )
    odd_year_share: Share = Field(default=0.05, description="An odd year also differs in this share of the map.")
    frozen_expected: Count = Field(
        default=10,
        description="Changed pixels that a cell has in a usual year (the median), from which on none at all is no "
        "accident.",
    )
    frozen_rests: Share = Field(
        default=0.1, description="Share of the steps, one at least, in which such a cell may have none."
    )
    frozen_cells: Count = Field(default=4, description="Cells that touch and stand still together.")
    frozen_share: Share = Field(default=0.02, description="Share of the cells that usually change.")
    edge_ratio: Ratio = Field(
        default=3.0, description="Class borders on a line of the grid over those of its neighbours."
    )
    edge_neighbours: Count = Field(default=8, description="Lines on either side that are looked at.")
    edge_share: Share = Field(
        default=0.15,
        description="Share of the line, beyond what its neighbours have, along which classes change: fields and lakes "
        "have less.",
    )
    edge_sigma: Ratio = Field(
        default=8.0, description="Standard deviations of a Poisson count by which the line also exceeds its neighbours."
    )
    footprint_share: Share = Field(
        default=0.01, description="Share of what is claimed in a usual year (the median) that another year may lack."
    )
    most_different: Share = Field(
        default=0.10, description="Share of the map that may be of another class than in the version before."
    )
    most_class_difference: Share = Field(
        default=0.25,
        description="Share by which a class's area may differ from the version before, if it holds `jump_map_share` of "
        "the map.",
    )
    seam_gap: Share = Field(
        default=0.10,
        description="How much smaller the share of pixels that are alike may be across a border than along it.",
    )
    seam_sigma: Ratio = Field(
        default=4.0, description="Standard errors of that difference by which it must also be more than chance."
    )
    seam_pairs: Count = Field(
        default=200,
        description="Pairs of pixels, or pixels of an overlap, of all years below which a seam is not judged.",
    )
    overlap_gap: Share = Field(
        default=0.15,
        description="How much smaller the share of pixels that are alike may be between the maps of an overlap than "
        "between pixels side by side in either.",
    )
    most_lost: Share = Field(
        default=0.25, description="Share of what a module claims of a class that the rules may give to others."
    )
    most_won: Share = Field(
        default=0.10,
        description="Share of what another module claims that a submission may take from it under the rules.",
    )
    compared_years: Count = Field(
        default=5,
        description="Years, spread over the series, that are weighed under the rules and compared with the last "
        "release.",
    )
    most_released_difference: Share = Field(
        default=0.25,
        description="Share by which a class's area may differ from the last release, if it holds `jump_map_share` of "
        "what is compared.",
    )


USUAL = Limits()
"""The defaults."""
