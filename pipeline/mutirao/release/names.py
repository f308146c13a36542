"""File names of a release: `{product}_{kind}_{year}_v{x.y.z}.tif`. The rule is frozen; users' scripts rely on it."""

from __future__ import annotations

YEARLY = {"class": "lulc", "source": "source", "rule": "rule", "conflict": "conflict", "filter": "filter"}
"""Word in the file name by layer of a build."""
CLAIMS = "claims"
"""Word in the file name of the modules' claims of one year, one band a module."""
TITLES = {
    "class": "Land cover class",
    "source": "Module whose claim won",
    "rule": "Rule that decided",
    "conflict": "Number of modules that claim another class",
    "filter": "Last filter step that changed the pixel",
    CLAIMS: "What each module claims, one band a module",
    "layers": "Layers that the rules consult, one band each",
    "consulted": "Territories and polygons that the filters consult, one band each",
}


def yearly(product: str, layer: str, year: int, version: str) -> str:
    """Return the file name of one layer and year, or of the claims of a year."""
    return f"{product}_{YEARLY.get(layer, layer)}_{year}_v{version}.tif"


def history(product: str, version: str) -> str:
    """Return the file name of the stack of all years."""
    return f"{product}_history_v{version}.tif"


def layers(product: str, version: str) -> str:
    """Return the file name of the layers that the rules consult."""
    return f"{product}_layers_v{version}.tif"


def consulted(product: str, version: str) -> str:
    """Return the file name of the territories and polygons that the filters consult."""
    return f"{product}_consulted_v{version}.tif"
