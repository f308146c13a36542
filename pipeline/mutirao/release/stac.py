"""The STAC 1.1 catalogue of a release: one Collection, one Item a year, relative links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pystac
import pystac.validation
from shapely.geometry import box, mapping

from mutirao.collection import Collection
from mutirao.io.storage import read_json
from mutirao.legend import Legend, slug
from mutirao.release.names import TITLES, consulted
from mutirao.release.names import layers as layers_name
from mutirao.release.record import FileRecord, Release

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
CLASSIFICATION = "https://stac-extensions.github.io/classification/v2.0.0/schema.json"
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
VERSION = "https://stac-extensions.github.io/version/v1.2.0/schema.json"
PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
TABLES = {".parquet": "application/vnd.apache.parquet", ".csv": "text/csv"}


def catalog(
    collection: Collection, legend: Legend, release: Release, layers: Mapping[str, Mapping[int, str]]
) -> pystac.Catalog:
    """Build the catalogue.

    Parameters
    ----------
    layers : file name by year, by layer.

    Returns
    -------
    Catalog with hrefs relative to the release folder; the caller sets the root and saves.
    """
    root = pystac.Catalog(f"{collection.id}-catalog", f"Releases of {collection.title}", title=collection.title)
    child = _collection(collection, legend, release)
    files = {file.name: file for file in release.files}
    for year in release.years:
        names = {layer: by_year[year] for layer, by_year in layers.items()}
        child.add_item(_item(collection, legend, release, year, names, files))
    _add_tables(child, files.values())
    _add_layers(child, collection.id, release.version, files)
    root.add_child(child)
    return root


def _collection(collection: Collection, legend: Legend, release: Release) -> pystac.Collection:
    start, end = _year(release.years[0])[0], _year(release.years[-1])[1]
    west, south, east, north = collection.grid.lonlat_bounds()
    extent = pystac.Extent(pystac.SpatialExtent([[west, south, east, north]]), pystac.TemporalExtent([[start, end]]))
    built = pystac.Collection(
        id=f"{collection.id}-v{release.version}",
        description=collection.description,
        extent=extent,
        title=f"{collection.title}, version {release.version}",
        license=release.license,
        keywords=["land cover", "annual", *(module.module for module in release.modules)],
        providers=_providers(release),
        stac_extensions=[VERSION, PROCESSING, CLASSIFICATION],
        extra_fields={"version": release.version, "processing:software": release.software},
    )
    built.extra_fields["item_assets"] = {
        "class": {"type": COG, "roles": ["data"], "classification:classes": _classes(legend)}
    }
    return built


def _providers(release: Release) -> list[pystac.Provider]:
    organisations = dict.fromkeys(module.organisation for module in release.modules)
    makers = [pystac.Provider(name, roles=[pystac.ProviderRole.PRODUCER]) for name in organisations]
    return [pystac.Provider(release.publisher, roles=[pystac.ProviderRole.PROCESSOR]), *makers]


def _item(
    collection: Collection,
    legend: Legend,
    release: Release,
    year: int,
    names: Mapping[str, str],
    files: Mapping[str, FileRecord],
) -> pystac.Item:
    start, end = _year(year)
    bounds = collection.grid.lonlat_bounds()
    item = pystac.Item(
        id=f"{collection.id}-v{release.version}-{year}",
        geometry=mapping(box(*bounds)),
        bbox=list(bounds),
        datetime=None,
        start_datetime=start,
        end_datetime=end,
        properties={"version": release.version, **_projection(collection)},
        stac_extensions=[PROJECTION, CLASSIFICATION, FILE, VERSION],
    )
    for layer, name in names.items():
        item.add_asset(layer, _raster(layer, name, files[name], _classes(legend) if layer == "class" else None))
    return item


def _raster(layer: str, name: str, file: FileRecord, classes: list[dict[str, Any]] | None) -> pystac.Asset:
    extra: dict[str, Any] = {**_checksum(file), "data_type": file.dtype, "nodata": 0, "mutirao:pixels": file.pixels}
    if classes:
        extra["classification:classes"] = classes
    return pystac.Asset(
        name, TITLES[layer], media_type=COG, roles=["data" if layer == "class" else "metadata"], extra_fields=extra
    )


def _classes(legend: Legend) -> list[dict[str, Any]]:
    nodata = {"value": 0, "name": "no-data", "title": "No data", "nodata": True}
    return [
        nodata,
        *(
            {
                "value": item.code,
                "name": slug(item.title()),
                "title": item.title(),
                "color_hint": item.color[1:].upper(),
                **({"mutirao:parent": item.parent} if item.parent else {}),
            }
            for item in legend.classes
        ),
    ]


def _projection(collection: Collection) -> dict[str, Any]:
    grid = collection.grid
    code = grid.pyproj_crs.to_authority()
    crs = {"proj:code": ":".join(code)} if code else {"proj:code": None, "proj:wkt2": grid.pyproj_crs.to_wkt()}
    return {
        **crs,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform)[:6],
        "proj:bbox": list(grid.bounds),
    }


def _add_tables(child: pystac.Collection, files: Iterable[FileRecord]) -> None:
    for file in files:
        name, _, suffix = file.name.removeprefix("tables/").rpartition(".")
        if file.name.startswith("tables/"):
            asset = pystac.Asset(
                file.name, media_type=TABLES[f".{suffix}"], roles=["data"], extra_fields=_checksum(file)
            )
            child.add_asset(f"{name}-{suffix}", asset)


def _add_layers(child: pystac.Collection, product: str, version: str, files: Mapping[str, FileRecord]) -> None:
    for kind, name in (("layers", layers_name(product, version)), ("consulted", consulted(product, version))):
        if name in files:
            child.add_asset(kind, _raster(kind, name, files[name], None))


def _checksum(file: FileRecord) -> dict[str, Any]:
    """Return size and sha256 as a multihash: 0x12 is sha2-256, 0x20 its 32 bytes."""
    return {"file:size": file.size, "file:checksum": f"1220{file.sha256}"}


def _year(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)


def save(root: pystac.Catalog, folder: Path) -> None:
    """Write a catalogue into a release folder with relative links, and check it against the STAC schemas.

    Only the core schemas are checked: those of the extensions are published on the web and pystac does not carry them.

    Raises
    ------
    pystac.STACValidationError
        An object does not follow the core specification.
    """
    # Addresses are set one by one: normalize_hrefs takes the dots of a version in a folder's name for a file suffix.
    root.set_self_href(str(folder / "catalog.json"))
    for child in root.get_collections():
        child.set_self_href(str(folder / child.id / "collection.json"))
        for item in child.get_items():
            item.set_self_href(str(folder / child.id / item.id / f"{item.id}.json"))
        owners: list[pystac.Collection | pystac.Item] = [child, *child.get_items()]
        for owner in owners:
            for asset in owner.assets.values():
                asset.href = str(folder / asset.href)
            owner.make_asset_hrefs_relative()
    root.save(pystac.CatalogType.SELF_CONTAINED)
    for written in (root, *root.get_collections(), *root.get_items(recursive=True)):
        validate_core(Path(written.get_self_href() or ""))


def validate_core(path: Path) -> None:
    """Check one STAC file against the core schemas that pystac carries."""
    content = read_json(path)
    pystac.validation.validate_dict(content, extensions=[], href=str(path))
