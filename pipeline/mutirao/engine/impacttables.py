"""The table of a rule change and the short tables that people read, each a sum of it."""

from __future__ import annotations

import pandas as pd

from mutirao.engine.summary import WHOLE

PLACE = ("territory_level", "territory_id", "territory_name", "year")
DECIDERS = ("module_from", "module_to", "rule_from", "rule_to")
CLASSES = ("class_from", "name_from", "class_to", "name_to")
FINALS = ("final_from", "final_name_from", "final_to", "final_name_to")
COLUMNS = (*PLACE, *DECIDERS, *CLASSES, *FINALS, "area_ha")
"""Under the old and the new rules: module and rule that decide, class before the chain, final class after it."""
AREAS = ("otherwise_ha", "before_ha", "after_ha")
"""Hectares that another module or rule decides, that have another class before the chain, and after the chain."""


def weighted(table: pd.DataFrame, level: str = WHOLE) -> pd.DataFrame:
    """Return the rows of a level of territories, with the columns `AREAS`."""
    rows = table[table["territory_level"] == level]
    area = rows["area_ha"]
    otherwise = (rows["module_from"] != rows["module_to"]) | (rows["rule_from"] != rows["rule_to"])
    before, after = rows["class_from"] != rows["class_to"], rows["final_from"] != rows["final_to"]
    return rows.assign(otherwise_ha=area * otherwise, before_ha=area * before, after_ha=area * after)


def by(table: pd.DataFrame, *keys: str, level: str = WHOLE) -> pd.DataFrame:
    """Sum the columns `AREAS` by some columns, over all others; largest first."""
    sums = pd.DataFrame(weighted(table, level).groupby(list(keys), as_index=False)[list(AREAS)].sum())
    return sums.sort_values(["after_ha", "before_ha", "otherwise_ha"], ascending=False, ignore_index=True)


def by_class(table: pd.DataFrame) -> pd.DataFrame:
    """Return hectares from class to class over all years: `from`, `to`, `before_ha`, `after_ha`; largest first."""
    rows = weighted(table)
    before = _from_to(rows, "name_from", "name_to", "before_ha")
    after = _from_to(rows, "final_name_from", "final_name_to", "after_ha")
    both = before.merge(after, on=["from", "to"], how="outer").fillna(0.0)
    return both.sort_values(["after_ha", "before_ha"], ascending=False, ignore_index=True)


def _from_to(rows: pd.DataFrame, old: str, new: str, area: str) -> pd.DataFrame:
    sums = pd.DataFrame(rows[rows[area] > 0].groupby([old, new], as_index=False)[area].sum())
    return sums.rename(columns={old: "from", new: "to"})


def by_year(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns `AREAS` by year."""
    return by(table, "year").sort_values("year", ignore_index=True)


def by_territory(table: pd.DataFrame) -> pd.DataFrame:
    """Return hectares after the chain by territory (rows) and year (columns), the whole first."""
    rows = pd.concat([weighted(table, level) for level in dict.fromkeys(table["territory_level"])] or [table])
    if rows.empty:
        return pd.DataFrame()
    return rows.pivot_table(
        index=["territory_level", "territory_name"],
        columns="year",
        values="after_ha",
        aggfunc="sum",
        fill_value=0.0,
        sort=False,
    )
