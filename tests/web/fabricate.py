"""A small release folder with known codes, for tests of the map page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import rasterio.shutil
from rasterio.io import MemoryFile
from rasterio.transform import Affine

Codes = npt.NDArray[np.uint8]

VIEWER = Path(__file__).parents[2] / "pipeline" / "mutirao" / "web" / "viewer"
YEARS = [2016, 2017, 2018, 2019, 2020]
WIDTH, HEIGHT, PIXEL = 60, 50, 20.0
TRANSFORM = Affine(PIXEL, 0, 5_269_000, 0, -PIXEL, 2_517_000)
BOUNDS = (TRANSFORM.c, TRANSFORM.f - HEIGHT * PIXEL, TRANSFORM.c + WIDTH * PIXEL, TRANSFORM.f)
PROJ4 = "+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +units=m +no_defs"
LEGEND = [
    {"code": 3, "name": "Closed forest", "color": "#1f8d49", "parent": 1, "group": "Forest"},
    {"code": 5, "name": "Open woodland", "color": "#7dc975", "parent": 1, "group": "Forest"},
    {"code": 12, "name": "Grassland", "color": "#d6bc74", "parent": 10, "group": "Herbaceous vegetation"},
    {"code": 18, "name": "Cropland", "color": "#e974ed", "parent": 14, "group": "Farming"},
    {"code": 33, "name": "River and lake", "color": "#2532e4", "parent": 26, "group": "Water"},
]
MODULES = [
    {"id": 1, "module": "hill_forest", "name": "Forest of the hills", "organisation": "Hill Institute",
     "kind": "region", "version": "0.1.0", "color": "#4477aa"},
    {"id": 2, "module": "plain", "name": "The plain", "organisation": "University of the Plain",
     "kind": "region", "version": "0.3.1", "color": "#ccbb44"},
    {"id": 3, "module": "water", "name": "Surface water", "organisation": "River Watch",
     "kind": "theme", "version": "1.0.0", "color": "#66ccee"},
]  # fmt: skip
RULES = [
    {"id": 1, "rule": "surface-water", "claim": "water: 33", "why": "The water module sees narrow streams."},
    {"id": 2, "rule": "regions-first", "claim": "regions: any", "why": "Each region knows its own ground."},
]
FILTERS = [
    {"id": 1, "step": "fill-gaps", "title": "Fill missing years with the nearest earlier year"},
    {"id": 2, "step": "small-patches", "title": "Merge patches below six pixels into their surroundings"},
]


def class_series() -> Codes:
    """Make (year, y, x) codes: forest gives way to crops from the east, a river crosses, one hole stays."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    wave = 6 * np.sin(rows / 7) + 3 * np.cos(rows / 3 + columns / 9)
    years = []
    for index in range(len(YEARS)):
        border = 34 - 3 * index + wave
        codes = np.where(columns < border, 3, 18)
        codes = np.where(np.abs(columns - border) < 3, 5, codes)
        codes = np.where((codes == 18) & (rows + columns // 3 > 52), 12, codes)
        codes = np.where(np.abs(rows - 20 - 6 * np.sin(columns / 10)) < 1.6, 33, codes)
        codes[30:34, 8:12] = 0 if index == 0 else 12
        years.append(codes)
    return np.stack(years).astype(np.uint8)


def provenance(codes: Codes) -> dict[str, Codes]:
    """Make the (year, y, x) ids of module, rule, conflicts and filter step that fit the codes."""
    columns = np.broadcast_to(np.arange(WIDTH), codes.shape)
    source = np.where(codes == 33, 3, np.where(columns < 30, 1, 2))
    rule = np.where(codes == 33, 1, 2)
    conflict = np.where(codes == 33, 2, np.where(codes == 5, 1, 0))
    filtered = np.zeros_like(codes)
    filtered[2:, 5:9, 40:50] = 1
    filtered[:, 40:43, 20:24] = 2
    layers = {"source": source, "rule": rule, "conflict": conflict, "filter": filtered}
    return {name: np.where(codes == 0, 0, layer).astype(np.uint8) for name, layer in layers.items()}


def write_cog(path: Path, bands: Codes | npt.NDArray[np.uint16] | npt.NDArray[np.int32]) -> None:
    """Write (band, y, x) codes the way a release does."""
    profile = {
        "driver": "GTiff", "dtype": bands.dtype, "count": len(bands), "width": WIDTH, "height": HEIGHT,
        "crs": "EPSG:3035", "transform": TRANSFORM, "nodata": 0,
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as sink:
            sink.write(bands)
        with memory.open() as source:
            options = {"COMPRESS": "DEFLATE", "BLOCKSIZE": 512, "OVERVIEW_RESAMPLING": "MODE"}
            rasterio.shutil.copy(source, path, driver="COG", **options, INTERLEAVE="PIXEL")


def area_table(codes: Codes, version: str) -> pa.Table:
    """Count hectares by class and year for the whole map and parts of it."""
    names = {item["code"]: item["name"] for item in LEGEND}
    west, east = codes[:, :, :30], codes[:, :, 30:]
    north = codes[:, :25]  # has the id of a district: only level and id together say which territory
    places = [("all", "all", "Whole map", codes), ("district", "1", "West", west), ("district", "2", "East", east),
              ("basin", "1", "North", north)]  # fmt: skip
    rows = [
        {"release": version, "territory_level": level, "territory_id": ident, "territory_name": name, "year": year,
         "class_code": code, "class_name": names[code],
         "area_ha": float((part[index] == code).sum() * PIXEL**2 / 1e4)}
        for level, ident, name, part in places
        for index, year in enumerate(YEARS)
        for code in names
    ]  # fmt: skip
    return pa.Table.from_pylist(rows)


def districts() -> dict[str, Any]:
    """Make the two halves of the map as outlines in the grid's coordinates."""
    left, bottom, right, top = BOUNDS
    middle = (left + right) / 2

    def feature(ident: str, name: str, west: float, east: float) -> dict[str, Any]:
        ring = [[west, bottom], [east, bottom], [east, top], [west, top], [west, bottom]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        properties = {"level": "district", "id": ident, "name": name}
        return {"type": "Feature", "properties": properties, "geometry": geometry}

    features = [feature("1", "West", left, middle), feature("2", "East", middle, right)]
    return {"type": "FeatureCollection", "features": features}


def map_json(version: str, assets: dict[str, Any], modules: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe the release for the page."""
    grid = {"crs": "EPSG:3035", "proj4": PROJ4, "transform": list(TRANSFORM)[:6], "width": WIDTH,
            "height": HEIGHT, "bounds": list(BOUNDS), "unit": "m"}  # fmt: skip
    return {
        "title": "Land cover of the test hills", "product": "hills", "version": version, "released": "2026-11-21",
        "description": "Five years of made-up land cover.", "license": "CC-BY-4.0",
        "attribution": "Hill Institute, University of the Plain, River Watch.", "notes": "release-notes.md",
        "catalog": "catalog.json", "grid": grid, "years": YEARS, "legend": LEGEND, "modules": modules,
        "rules": RULES, "filters": FILTERS, "assets": assets,
        "tables": {"areas": {"parquet": "tables/areas.parquet", "csv": "tables/areas.csv"}},
        "territories": "territories.geojson", "previous": None,
    }  # fmt: skip


def write_release(root: Path, version: str = "0.1.0", *, first_module_id: int = 1) -> Path:
    """Write a release under `root` and return its folder; module ids over 255 make 16-bit source layers."""
    folder = root / "hills" / f"v{version}"
    (folder / "tables").mkdir(parents=True)
    codes = class_series()
    assets: dict[str, Any] = {"history": f"hills_history_v{version}.tif"}
    write_cog(folder / assets["history"], codes)
    layers: dict[str, Any] = {"class": codes, **provenance(codes)}
    shift = first_module_id - 1
    if shift:
        layers["source"] = np.where(codes == 0, 0, layers["source"].astype(np.uint16) + shift).astype(np.uint16)
    for name, layer in layers.items():
        stem = "lulc" if name == "class" else name
        assets[name] = {str(year): f"hills_{stem}_{year}_v{version}.tif" for year in YEARS}
        for year, band in zip(YEARS, layer, strict=True):
            write_cog(folder / assets[name][str(year)], band[np.newaxis])
    modules = [{**module, "id": module["id"] + shift} for module in MODULES]
    table = area_table(codes, version)
    pq.write_table(table, folder / "tables/areas.parquet", compression="snappy")
    table.to_pandas().to_csv(folder / "tables/areas.csv", index=False)
    (folder / "map.json").write_text(json.dumps(map_json(version, assets, modules)))
    (folder / "territories.geojson").write_text(json.dumps(districts()))
    (folder / "catalog.json").write_text("{}")
    (folder / "release-notes.md").write_text("# Release notes\n")
    shutil.copytree(VIEWER, folder, dirs_exist_ok=True)
    return folder
