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
# # A member's view: from scenes to a submission
#
# An organisation that maps a region or a theme owns one folder, `contributors/<module>/`. This notebook looks over
# the shoulder of the demonstration's region module, `banat_forest`: its images, what is made of them, what its run
# says and what the checks would say to a mistake. Run `make demo` first; then this takes a few seconds.

# %%
# ruff: noqa: B018 (a cell shows its last expression)
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mutirao.engine.progress import Silent
from mutirao.engine.runs import run
from mutirao.imagery.composites import FeatureSpec, Season, yearly_features
from mutirao.imagery.masks import clear_reflectance
from mutirao.io.datasets import fetch, open_scenes
from mutirao.modules.discovery import load_module
from mutirao.modules.review import review_rasters
from mutirao.project import find

# %% [markdown]
# A project is the repository around this folder; what is made lies in its `workspace/`, or where `MUTIRAO_WORKSPACE`
# points.

# %%
named = os.environ.get("MUTIRAO_WORKSPACE")
project = find(Path.cwd(), Path(named) if named else None)
project.module_ids()

# %% [markdown]
# ## The scenes
#
# A dataset is described once, in `configs/datasets/`: where its file comes from, its grid, its bands, and which band
# tells clear observations from cloud. Here it is a cube of Sentinel-2 scenes of one square kilometre.

# %%
source = project.dataset("sentinel2-banat-20m")
cube = open_scenes(source, fetch(source, project.sources))
cube

# %% [markdown]
# ## Clouds
#
# The quality band says which observations are clear (here scene classes 4, 5 and 7 of Sen2Cor). Everything else
# becomes missing; what is left is reflectance between 0 and 1. The picture shows how much of the square each date
# saw.

# %%
scenes = clear_reflectance(cube, source.value)
clear_share = np.isfinite(scenes["red"]).mean(dim=("y", "x"))

figure, axes = plt.subplots(figsize=(9, 2.5))
axes.vlines(scenes["time"].values, 0, clear_share, color="#1f8d49", linewidth=1)
_ = axes.set(ylabel="clear share", ylim=(0, 1), title=f"{scenes.sizes['time']} dates")

# %% [markdown]
# Three scenes in false colour: near infrared is shown as red, so dense forest is red and bare soil is pale green.
# White is masked. The first two are the clearest of their summers, the third is half under cloud.


# %%
def false_colour(scene):
    """Return (y, x, 3) for display: near infrared, red, green."""
    ceilings = {"nir": 0.5, "red": 0.15, "green": 0.15}
    planes = [np.clip(scene[band].values / top, 0, 1) for band, top in ceilings.items()]
    return np.nan_to_num(np.stack(planes, axis=-1), nan=1.0)


def clearest(year):
    """Return the scene of a summer with most clear pixels."""
    summer = scenes.sel(time=slice(f"{year}-06-01", f"{year}-08-31"))
    return summer.isel(time=np.argmax(np.isfinite(summer["red"].values).sum(axis=(1, 2))))


cloudy = scenes.isel(time=np.argmin(np.abs(clear_share.values - 0.5)))
figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for panel, scene in zip(panels, (clearest(2016), clearest(2020), cloudy), strict=True):
    panel.imshow(false_colour(scene))
    panel.set_title(str(scene["time"].values)[:10])
    panel.axis("off")

# %% [markdown]
# ## Features
#
# A classifier does not see scenes but *features*: statistics of a year's clear observations. A recipe names them as
# data. The three pictures are the 10th, 50th and 90th percentile of NDVI in 2020. The low percentile keeps winter and
# bare soil, the high one the peak of the season.

# %%
spec = FeatureSpec(season=Season(first="01-01", last="12-31"), layers=("ndvi",), reducers=("p10", "p50", "p90"))
features = yearly_features(scenes, spec, 2020)

figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for panel, name in zip(panels, spec.names, strict=True):
    image = panel.imshow(features.sel(feature=name), vmin=0, vmax=1, cmap="YlGn")
    panel.set_title(name)
    panel.axis("off")
_ = figure.colorbar(image, ax=panels, shrink=0.8)
# %% [markdown]
# ## A run
#
# `mutirao run banat_forest` trains the recipe's random forest and classifies every year. Nothing that decides the
# result has changed since `make demo`, so the run is taken from the ledger and `fresh` is false.

# %%
result = run(project, "banat_forest", Silent())
result.fresh

# %% [markdown]
# The report holds what the run says about itself. The table counts pixels by class code and year; 0 is no claim.

# %%
pixels = pd.DataFrame(result.report["pixels"]).fillna(0).astype(int)
pixels.sort_index()

# %% [markdown]
# A block of the square never trains. On it the map is compared with the layer that the samples come from. That is
# *agreement* with a layer that has errors of its own, on pixels that nobody drew at random: it is not accuracy.

# %%
holdout = result.report["holdout"]["groups"]
pd.Series({name: holdout[name] for name in ("overall", "pixels")})

# %% [markdown]
# ## What the checks say
#
# `mutirao check` looks at the rasters as `mutirao submit` will. Here nothing blocks.

# %%
module = load_module(project, "banat_forest")
by_year = dict(zip(result.years, result.codes, strict=True))
review = review_rasters(module, by_year)
review.is_accepted, [str(finding) for finding in review.findings]

# %% [markdown]
# Two mistakes that happen: 2019 exported under the name of 2020, and a code that the module may not claim. All
# findings come at once, each with a stable code, the place, and what to do. Nothing is written, here or by a refused
# submission.

# %%
wrong = {**by_year, 2020: by_year[2019].copy()}
wrong[2018] = np.where(wrong[2018] == 12, 25, wrong[2018]).astype(np.uint8)
for finding in review_rasters(module, wrong).findings:
    print(f"{finding.severity:6} {finding}\n")

# %% [markdown]
# ## The map that is handed in
#
# These are the module's claims of 2020, in the colours of the legend. What becomes of them in the common map is the
# maintainer's view: `02_maintainer.py`.

# %%
palette = np.zeros((256, 4), np.uint8)
for code, rgba in module.legend.colormap().items():
    palette[code] = rgba

figure, axes = plt.subplots(figsize=(4, 4))
axes.imshow(palette[by_year[2020]])
axes.set_title("banat_forest, 2020")
_ = axes.axis("off")
