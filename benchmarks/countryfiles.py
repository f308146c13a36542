"""The files of a made country: a project with configurations, layers and submissions, as a network has them.

Submissions are written by a shortcut, a window at a time, so that generating needs neither the memory nor the time of
`mutirao submit`: no checks, and tiled GeoTIFFs without overviews, which no build reads. Receipts and pixels are those
that `mutirao submit` would write; `tests/test_benchmarks.py` compares them.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import landscape
import numpy as np
import rasterio
from ruamel.yaml import YAML

from mutirao.grid import Grid, Tile
from mutirao.io.cogs import SMALL_BLOCK
from mutirao.io.rasters import file_digest
from mutirao.io.software import software_versions
from mutirao.io.storage import write_json
from mutirao.modules.discovery import load_module
from mutirao.modules.module import Module
from mutirao.modules.receipt import (
    RECEIPT,
    REPORT,
    CodeRecord,
    FileRecord,
    LegendRecord,
    Submission,
    grid_digest,
    raster_name,
)
from mutirao.project import Project

ROOT = Path(__file__).resolve().parents[1]
LEGEND = ROOT / "configs" / "legends" / "mapbiomas-brazil.yaml"
FIRST = 1985
VERSION = "1.0.0"
ID = "country"
RESOLUTION = 0.00026949458523585647
"""Side of a pixel of MapBiomas, in degrees."""
BIOMES, STATES, TOWNS = 3, 5, 20
NATIVE = {3: 0.7, 11: 0.6, 4: 0.4, 12: 0.5}
CHAIN: tuple[dict[str, Any], ...] = (
    {"filter": "gap_fill"},
    {"filter": "window", "width": 3, "classes": [int(code) for code in landscape.CODES]},
    {"filter": "window", "width": 4, "writes": "gap", "classes": [3, 4, 11, 12, 15]},
    {"filter": "pattern", "rewrites": ["farming natural natural natural farming -> _ 21 21 21 _"]},
    {"filter": "frequency", "group": list(NATIVE), "total": 0.9, "thresholds": NATIVE},
    {"filter": "patches", "min_pixels": 6, "becomes": "mode", "radius": 1},
)
"""Six steps; `endtoend` writes the same ones in numpy."""


@dataclass(frozen=True, slots=True)
class Country:
    """What is made."""

    side: int
    """Pixels along the side of the map."""
    years: int = 30
    regions: int = 4
    themes: int = 6
    tile: int = 1024
    seed: int = 1

    @property
    def grid(self) -> Grid:
        """The grid, of about 30 m in latitude and longitude, as that of MapBiomas."""
        shape = (self.side, self.side)
        return Grid(crs="EPSG:4326", resolution=RESOLUTION, origin=(-58.0, -8.0), shape=shape, tile=self.tile)

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules: themes, then regions."""
        themes = (f"theme-{number + 1}" for number in range(self.themes))
        return (*themes, *(f"region-{number + 1}" for number in range(self.regions)))

    @property
    def pixel_years(self) -> int:
        """Pixels of the map times years."""
        return self.side * self.side * self.years

    def claims(self, module: str, year: int, window: tuple[slice, slice]) -> np.ndarray:
        """Return (y, x) uint8, what a module claims in a year and window."""
        kind, _, number = module.partition("-")
        if kind == "theme":
            return landscape.theme_claims(self.seed, int(number) - 1, year - FIRST, window)
        return landscape.region_claims(self.seed, int(number) - 1, self.regions, self.side, year - FIRST, window)

    def classes(self, module: str) -> list[int]:
        """Return the codes that a module may claim."""
        kind, _, number = module.partition("-")
        codes = landscape.THEME_CODES[(int(number) - 1) % len(landscape.THEME_CODES)]
        return sorted((codes if kind == "theme" else landscape.CODES).tolist())

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules: themes class by class, some in one biome only, then regions, then their neighbours."""
        rules = []
        for module in self.modules[: self.themes]:
            for number, code in enumerate(self.classes(module)):
                where = {"biome": [1, 2]} if number and int(module[-1]) % 2 else {}
                rules.append({"id": f"{module}-{code}", "claim": {module: code}, "where": where})
        codes = landscape.CODES.tolist()
        groups = [codes[:2], codes[2:5], codes[5:8], codes[8:11], codes[11:14], codes[14:]]
        rules += [{"id": f"land-{number}", "claim": {"land": group}} for number, group in enumerate(groups, start=1)]
        rules += [{"id": f"margin-of-{name}", "claim": {name: codes}} for name in self.modules[self.themes :]]
        return [{**rule, "why": "made"} for rule in rules]


def make_project(country: Country, root: Path) -> Project:
    """Write configurations and layers of a country into a new folder."""
    configs = root / "configs"
    years = {"first": FIRST, "last": FIRST + country.years - 1}
    base = {"organisation": "Nobody", "maintainers": [{"name": "Nobody"}], "description": "Made.", "status": "active"}
    files: dict[str, Any] = {
        f"collections/{ID}.yaml": _collection(country, years),
        f"rules/{ID}.yaml": {"id": ID, "title": "Made", "rules": country.rules()},
        f"chains/{ID}.yaml": {"id": ID, "title": "Made", "steps": list(CHAIN)},
    }
    for module in country.modules:
        files[f"../contributors/{module}/manifest.yaml"] = {
            "id": module, "name": module, "kind": module.partition("-")[0], **base, "collection": ID,
            "classes": country.classes(module), "years": years, "method": "delivered", "min_coverage": 0.0,
            "delivery": {"files": f"{module}-{{year}}.tif", "nodata": 0},
        }  # fmt: skip
    for name, value in files.items():
        path = configs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        YAML(typ="safe").dump(value, path)
    (configs / "legends").mkdir()
    shutil.copy(LEGEND, configs / "legends")
    _write_layers(country, configs / "layers")
    for level, parts in (("state", STATES), ("town", TOWNS)):
        write_json(configs / "territories" / f"{level}.geojson", _territories(country, parts))
    return Project(root, root / "workspace")


def _collection(country: Country, years: dict[str, int]) -> dict[str, Any]:
    members = {name: number for number, name in enumerate(country.modules[country.themes :], start=1)}
    territories = [
        {"level": level, "title": level, "file": f"../territories/{level}.geojson"} for level in ("state", "town")
    ]
    return {
        "id": ID,
        "title": "A made country",
        "description": "Made by benchmarks/country.py.",
        "publisher": "Nobody",
        "grid": country.grid.model_dump(mode="json"),
        "legend": LEGEND.stem,
        "years": years,
        "modules": [{"module": module} for module in country.modules],
        "mosaics": [{"id": "land", "layer": "region", "members": members}],
        "layers": [{"id": name, "file": f"../layers/{name}.tif"} for name in ("biome", "region")],
        "rules": ID,
        "chain": ID,
        "territories": territories,
        "gates": {"max_hole_ha": 1e12},
    }


def _write_layers(country: Country, folder: Path) -> None:
    folder.mkdir()
    for name, count in (("biome", BIOMES), ("region", country.regions)):
        with _created(folder / f"{name}.tif", country.grid) as dst:
            for window in _windows(country):
                _put(dst, landscape.places(country.seed, count, country.side, window), window)


def _territories(country: Country, parts: int) -> dict[str, Any]:
    """Return parts x parts neighbours with winding borders, as GeoJSON."""
    west, south, east, north = country.grid.bounds
    along = np.linspace(0, 1, 8 * parts + 1)
    wave = 0.15 / parts * np.sin(along * 7 * parts) * np.sin(along * np.pi)

    def place(row: int, column: int) -> list[float]:
        u, v = along[column] + wave[row] * math.sin(math.pi * along[column]), along[row] + wave[column]
        return [west + u * (east - west), north - (min(max(v, 0), 1) if 0 < row < 8 * parts else v) * (north - south)]

    def outline(row: int, column: int) -> list[list[float]]:
        top, left, bottom, right = 8 * row, 8 * column, 8 * row + 8, 8 * column + 8
        steps = [(top, i) for i in range(left, right)] + [(i, right) for i in range(top, bottom)]
        steps += [(bottom, i) for i in range(right, left, -1)] + [(i, left) for i in range(bottom, top, -1)]
        return [place(*step) for step in [*steps, (top, left)]]

    features = [
        {
            "type": "Feature",
            "properties": {"id": f"{row}-{column}", "name": f"Part {row}-{column}"},
            "geometry": {"type": "Polygon", "coordinates": [outline(row, column)]},
        }
        for row in range(parts)
        for column in range(parts)
    ]
    return {"type": "FeatureCollection", "features": features}


def submit_directly(country: Country, project: Project, threads: int) -> None:
    """Write the submissions of all modules, each with its receipt; nothing holds more than a row of tiles of a year."""
    modules = [load_module(project, module) for module in country.modules]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda module: _submit(country, project, module), modules))


def _submit(country: Country, project: Project, module: Module) -> None:
    folder = project.submissions / module.id / VERSION
    folder.mkdir(parents=True)
    tiles: dict[str, hashlib._Hash] = defaultdict(hashlib.sha256)
    years = range(FIRST, FIRST + country.years)
    files = tuple(_write_year(country, module, year, folder, tiles) for year in years)
    write_json(folder / REPORT, {"findings": [], "module": module.id, "skipped": ["all"], "version": VERSION})
    manifest, legend = module.manifest, module.legend
    receipt = Submission(
        module=module.id,
        version=VERSION,
        kind=manifest.kind,
        organisation=manifest.organisation,
        collection=manifest.collection,
        years=tuple(years),
        grid=country.grid,
        grid_digest=grid_digest(country.grid),
        legend=LegendRecord(id=legend.id, version=legend.version),
        files=files,
        tiles={tile: digest.hexdigest() for tile, digest in tiles.items()},
        code=CodeRecord(),
        manifest_digest=file_digest(module.source.path),
        checks_digest=file_digest(folder / REPORT),
        software=software_versions(),
        created="2026-01-01T00:00:00+00:00",
    )
    write_json(folder / RECEIPT, receipt.model_dump(mode="json"))


def _write_year(
    country: Country, module: Module, year: int, folder: Path, tiles: dict[str, hashlib._Hash]
) -> FileRecord:
    """Write a raster, and add its pixels to the digests of the tiles."""
    grid, path = country.grid, folder / raster_name(module.id, year, VERSION)
    whole = hashlib.sha256(f"{grid.crs}|{tuple(grid.transform)[:6]}|{grid.shape}||u1|0".encode())
    with _created(path, grid) as dst:
        for band in _windows(country):
            claims = country.claims(module.id, year, band)
            _put(dst, claims, band)
            whole.update(claims.data)
            for tile in grid.tiles_meeting(Tile("", band[0].start, band[0].stop, 0, country.side)):
                part = np.ascontiguousarray(claims[:, tile.left : tile.right])
                tiles[tile.id].update(f"{year}|{part.shape}|{part.dtype.str}|".encode())
                tiles[tile.id].update(part.data)
    return FileRecord(
        year=year, name=path.name, size=path.stat().st_size, sha256=file_digest(path), pixels=whole.hexdigest()
    )


def _windows(country: Country) -> Iterator[tuple[slice, slice]]:
    """Yield rows of tiles."""
    for top in range(0, country.side, country.tile):
        yield slice(top, min(top + country.tile, country.side)), slice(0, country.side)


def _created(path: Path, grid: Grid) -> rasterio.io.DatasetWriter:
    """Create a tiled raster in which blocks without a class take no room."""
    form = {"driver": "GTiff", "dtype": "uint8", "count": 1, "nodata": 0, "SPARSE_OK": True, "BIGTIFF": "IF_SAFER"}
    pack = {"tiled": True, "blockxsize": SMALL_BLOCK, "blockysize": SMALL_BLOCK, "compress": "DEFLATE", "zlevel": 6}
    height, width = grid.shape
    return rasterio.open(path, "w", **form, **pack, height=height, width=width, crs=grid.crs, transform=grid.transform)


def _put(dst: rasterio.io.DatasetWriter, pixels: np.ndarray, window: tuple[slice, slice]) -> None:
    """Write the blocks of a window that hold any class."""
    rows, columns = window
    for top in range(0, pixels.shape[0], SMALL_BLOCK):
        for left in range(0, pixels.shape[1], SMALL_BLOCK):
            block = pixels[top : top + SMALL_BLOCK, left : left + SMALL_BLOCK]
            if block.any():
                place = rasterio.windows.Window(columns.start + left, rows.start + top, *block.shape[::-1])
                dst.write(block, 1, window=place)
