"""Release notes: what the version is, what changed since the last one, in hectares, and why."""

from __future__ import annotations

import pandas as pd

from mutirao.collection import Collection
from mutirao.release.record import Release
from mutirao.release.rulenews import RuleNews
from mutirao.templates import fill

MOST_CHANGES = 12
"""Rows of the table of changes; all of them are in tables/changes.csv."""


def release_notes(
    collection: Collection,
    release: Release,
    areas: pd.DataFrame,
    changes: pd.DataFrame | None,
    rule_news: RuleNews | None = None,
) -> str:
    """Return the notes as Markdown."""
    context = {
        "collection": collection,
        "release": release,
        "areas": area_matrix(areas),
        "changes": None if changes is None else largest_changes(changes),
        "changed_ha": 0.0 if changes is None else float(changes["area_ha"].sum()),
        "through": {} if changes is None else by_cause(changes),
        "rule_news": rule_news,
    }
    return fill("release-notes.md.j2", context, markup=False)


def area_matrix(areas: pd.DataFrame) -> pd.DataFrame:
    """Return hectares of the whole collection by class (rows) and year (columns)."""
    whole = areas[areas["territory_level"] == "all"]
    return whole.pivot_table(index="class_name", columns="year", values="area_ha", aggfunc="sum", fill_value=0.0)


def largest_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """Return the largest changes over all years, by classes and cause."""
    summed = changes.groupby(["name_from", "name_to", "through"], as_index=False)["area_ha"].sum()
    return pd.DataFrame(summed).sort_values("area_ha", ascending=False, ignore_index=True).head(MOST_CHANGES)


def by_cause(changes: pd.DataFrame) -> dict[str, float]:
    """Return the changed hectares, summed over the years, by cause; largest first."""
    sums: dict[str, float] = {}
    for cause, area in zip(changes["through"], changes["area_ha"], strict=True):
        sums[cause] = sums.get(cause, 0.0) + area
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
