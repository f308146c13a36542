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
# # A maintainer's view: from submissions to a release
#
# Several modules claim classes for the same pixels. The maintainer decides, by rules that everybody can read, whose
# claim wins, cleans the result with a chain of filters, and publishes it as a version that never changes. Run `make
# demo` first.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mutirao.client import list_releases
from mutirao.engine.build import build
from mutirao.engine.inputs import gather
from mutirao.engine.progress import Silent
from mutirao.integration.reference import decide
from mutirao.project import find

# %% [markdown]
# The collection's configuration names everything that the product is made of.

# %%
named = os.environ.get("MUTIRAO_WORKSPACE")
project = find(Path.cwd(), Path(named) if named else None)
collection = project.collection("banat").value
collection.title, collection.years.all(), [member.module for member in collection.modules]

# %% [markdown]
# ## The rules
#
# An ordered list; the first rule that holds and does not step back wins. Each rule has a reason.

# %%
rules = project.rules(collection.rules).value
pd.DataFrame([{"rule": rule.id, "claim": str(rule.claim), "why": rule.why} for rule in rules.rules])

# %% [markdown]
# ## A build
#
# `build` reads the submissions, applies the rules and the chain tile by tile, and sums up. What is done is in a
# ledger, under a key made of the inputs, the parameters and the code; so nothing is made a second time.

# %%
built = build(project, "banat", Silent())
f"{len(built.made)} tiles made, {built.reused} reused"

# %% [markdown]
# ## Whose claim won, and where modules disagree
#
# Every pixel carries the module that decided and the number of modules that claim another class. These are layers of
# the product. The number in the legend is the module's number.

# %%
year = 2020
t = built.record.years.index(year)
deciding, conflict = built.layer("source")[t], built.layer("conflict")[t]

figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
names = {0: "none", **{module.number: module.module for module in built.record.modules}}
image = panels[0].imshow(deciding, cmap=plt.get_cmap("Set2", len(names)), vmin=-0.5, vmax=len(names) - 0.5)
bar = figure.colorbar(image, ax=panels[0], ticks=list(names), shrink=0.8)
bar.ax.set_yticklabels(names.values())
panels[0].set_title(f"Deciding module, {year}")
figure.colorbar(panels[1].imshow(conflict, cmap="OrRd"), ax=panels[1], ticks=[0, 1, 2], shrink=0.8)
panels[1].set_title(f"Modules that claim another class, {year}")
for panel in panels:
    panel.axis("off")

# %% [markdown]
# The same in hectares: what each module decided in 2020, without opposition and against one or more modules. The
# class is the one before the chain.

# %%
decisions = built.table("decisions")
decisions[decisions["year"] == year].pivot_table(
    index=["module", "class_name"], columns="modules_against", values="area_ha", aggfunc="sum", fill_value=0.0
)

# %% [markdown]
# ## One pixel, explained
#
# The meaning of the rules is a few lines of plain Python over one pixel, `mutirao.integration.reference.decide`. Here
# it is asked about a pixel on which two modules disagree, and gives what the fast kernel wrote into the build.

# %%
inputs = gather(project, "banat", {})
claims = inputs.claims(inputs.collection.grid.whole)
row, column = np.argwhere(conflict > 0)[0]
pixel = {module.id: int(claims[m, t, row, column]) for m, module in enumerate(inputs.modules)}
decision = decide(inputs.rules, pixel, {}, year)
in_build = tuple(int(built.layer(name)[t, row, column]) for name in ("integrated", "rule", "source", "conflict"))

print("claims:  ", {name: inputs.legend.by_code[code].title() for name, code in pixel.items() if code})
print("decision:", inputs.legend.by_code[decision.code].title(), "by rule", rules.rules[decision.rule - 1].id)
print("build:   ", in_build == tuple(decision))

# %% [markdown]
# ## What the chain changed
#
# Each step of the chain reports the hectares that it was the last to change. These are sums over all years.

# %%
filters = built.table("filters")
filters.groupby(["step", "step_title"])["area_ha"].sum()

# %% [markdown]
# ## Areas
#
# True areas of the pixels on the ellipsoid, in hectares, for the whole collection. The same table has the
# territories.

# %%
areas = built.table("areas")
whole = areas[areas["territory_level"] == "all"]
whole.pivot_table(index="class_name", columns="year", values="area_ha", aggfunc="sum", fill_value=0.0)

# %% [markdown]
# ## The gates
#
# A release is refused if too much area is taken by no rule, or if the map agrees too little with a layer that was
# kept aside. Agreement is no accuracy: these pixels are no probability sample.

# %%
agreement = {entry.id: round(entry.overall, 4) for entry in built.record.agreement}
pd.DataFrame(
    {
        "found": {"hole_ha": built.record.hole_ha, **agreement},
        "gate": {"hole_ha": collection.gates.max_hole_ha, **collection.gates.min_agreement},
    }
)

# %% [markdown]
# ## What changed between two versions
#
# The demonstration releases twice; between the two only the module `meadows` is improved. Every changed hectare is
# put down to the module through which it changed, or to the chain, which carries a change to its neighbours in time
# and space. A difference between versions is a correction of the map, not a change of the land.

# %%
before, after = (
    next(release for release in list_releases(project.releases) if release.record.version == version)
    for version in ("0.1.0", "0.2.0")
)
changes = pd.read_csv(Path(after.location) / "tables" / "changes.csv")
changes.groupby(["through", "name_from", "name_to"])["area_ha"].sum().sort_values(ascending=False).head(8)

# %% [markdown]
# The places: pixels whose class differs between the two versions, by the number of years in which it does.

# %%
differs = (before.maps() != after.maps()).sum(dim="year")

figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
image = axes.imshow(differs, cmap="magma_r")
figure.colorbar(image, label="years that differ", ticks=range(int(differs.max()) + 1))
axes.set_title("Version 0.1.0 against 0.2.0")
_ = axes.axis("off")
