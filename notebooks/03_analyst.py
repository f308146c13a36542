# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # An analyst's view: using a release
#
# A release is a folder, on disk or on the web, that never changes. `mutirao.client` opens it. Everything here works
# with an address in place of the folder. Run `make demo` first.

# %%
# ruff: noqa: B018 (a cell shows its last expression)
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mutirao.client import list_releases, open_release
from mutirao.io.rasters import read
from mutirao.project import find

# %% [markdown]
# Which releases are there? Each line is a version; its folder or address is all that is needed to open it.

# %%
named = os.environ.get("MUTIRAO_WORKSPACE")
project = find(Path.cwd(), Path(named) if named else None)
pd.DataFrame(
    [
        {"collection": r.record.collection, "version": r.record.version, "modules": len(r.record.modules)}
        for r in list_releases(project.releases)
    ]
)

# %% [markdown]
# Open one, and see who must be named and under which licence.

# %%
release = open_release(project.releases / "banat" / "v0.2.0")
print(release.record.title, release.record.version, release.record.license)
print(release.record.attribution)

# %% [markdown]
# ## Maps of all years
#
# `maps` gives class codes as `(year, y, x)` with coordinates in the CRS of the grid. 0 is no data.

# %%
maps = release.maps()
maps

# %% [markdown]
# The legend comes with the release, with names in its languages and colours.

# %%
palette = np.zeros((256, 4), np.uint8)
for code, rgba in release.legend.colormap().items():
    palette[code] = rgba
present = [item for item in release.legend.leaves if item.code in np.unique(maps)]

figure, panels = plt.subplots(1, maps.sizes["year"], figsize=(12, 3.4), layout="constrained")
for panel, year in zip(panels, maps["year"].values, strict=True):
    panel.imshow(palette[maps.sel(year=year)])
    panel.set_title(year)
    panel.axis("off")
handles = [plt.Rectangle((0, 0), 1, 1, color=item.color, label=item.title()) for item in present]
_ = figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
# %% [markdown]
# ## Areas
#
# Take areas from the tables, or count pixels of maps at full resolution; never from the overviews of a raster, which
# are made for looking. Hectares are true areas on the ellipsoid.

# %%
areas = release.areas()
curve = areas.pivot_table(index="year", columns="class_name", values="area_ha", aggfunc="sum", fill_value=0.0)
curve

# %% [markdown]
# The same as a curve; closed forest has an axis of its own because it is most of the square.

# %%
colors = {item.title(): item.color for item in release.legend.leaves}
figure, (upper, lower) = plt.subplots(2, 1, figsize=(7, 5), sharex=True, layout="constrained")
for name, series in curve.items():
    axes = upper if name == "Closed forest" else lower
    axes.plot(series.index, series, color=colors[name], marker="o", label=name)
for axes in (upper, lower):
    axes.set_ylabel("hectares")
    axes.legend(frameon=False, loc="best")
_ = lower.set_xticks(curve.index)
# %% [markdown]
# By territory: the tables carry one row for each territory, year and class.

# %%
slopes = release.areas("slope")
last = slopes[slopes["year"] == 2020]
last.pivot_table(index="class_name", columns="territory_name", values="area_ha", aggfunc="sum", fill_value=0.0)

# %% [markdown]
# ## What became what
#
# Transitions between the first and the last year, in hectares: rows are the class of 2016, columns the class of 2020.

# %%
transitions = pd.read_csv(Path(release.location) / "tables" / "transitions.csv")
chosen = transitions[(transitions["year_from"] == 2016) & (transitions["year_to"] == 2020)]
chosen.pivot_table(index="name_from", columns="name_to", values="area_ha", aggfunc="sum", fill_value=0.0)

# %% [markdown]
# ## Why is this pixel what it is?
#
# Beside the class there are layers that say which module decided, by which rule, how many modules claim another
# class, and which filter step changed the pixel last. Here is a pixel that was cut, year by year.

# %%
cut = release.legend.resolve("fresh clear-cut")
row, column = np.argwhere(maps.isin(list(cut)).any(dim="year").values)[0]
layers = {name: release.maps(layer=name)[:, row, column].values for name in ("source", "rule", "conflict", "filter")}

modules = {0: "", **{module.number: module.module for module in release.record.modules}}
rules = {0: "", **{rule.number: rule.rule for rule in release.record.rules}}
steps = {0: "", **{step.number: step.title for step in release.record.steps}}
pd.DataFrame(
    {
        "class": [release.legend.by_code[code].title() for code in maps[:, row, column].values],
        "module": [modules[number] for number in layers["source"]],
        "rule": [rules[number] for number in layers["rule"]],
        "modules against": layers["conflict"],
        "changed by": [steps[number] for number in layers["filter"]],
    },
    index=maps["year"].values,
)

# %% [markdown]
# Where `changed by` is not empty, module and rule tell about the class *before* the chain. What the rule says, and
# why:

# %%
deciding = sorted(set(layers["rule"].tolist()) - {0})
for rule in (release.record.rules[number - 1] for number in deciding):
    print(f"{rule.rule}: {rule.why}")

# %% [markdown]
# A history in one read: the `history` raster has one band a year, side by side on disk. The same pixel from it:

# %%
history = Path(release.location) / "banat_history_v0.2.0.tif"
[int(read(history, band=band)[row, column]) for band in range(1, len(release.record.years) + 1)]

# %% [markdown]
# ## A part of the map
#
# Bounds are west, south, east, north in degrees. Only the blocks that are needed are read, also from an address on
# the web.

# %%
part = release.maps(years=[2018, 2020], bounds=(22.150, 45.203, 22.155, 45.207))
part.sizes
