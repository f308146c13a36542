"""Imports point inward: pure rooms know nothing of files, and only `io` opens the door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mutirao

PACKAGE = Path(mutirao.__file__).parent
PURE = {
    "errors", "model", "legend", "crosswalk", "grid", "limits", "templates", "collection", "imagery", "classify",
    "integration", "filters", "change", "accuracy", "statistics",
}  # fmt: skip
EDGE = {"io"}
DOOR = {"rasterio", "ee", "pystac_client", "fsspec", "zarr", "h5netcdf", "geopandas", "s3fs", "botocore"}
"""Libraries that read and write files or call services; only the room `io` may import them."""


def rooms_imported(path: Path) -> set[str]:
    """Return the rooms of mutirao, and the other top-level packages, that a file imports anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.split(".")[1] if name.startswith("mutirao.") else name.split(".")[0] for name in names}


def files_of(rooms: set[str]) -> list[Path]:
    return [p for p in sorted(PACKAGE.rglob("*.py")) if p.relative_to(PACKAGE).parts[0].removesuffix(".py") in rooms]


def own_rooms() -> set[str]:
    return {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.name != "__init__.py"}


def ids(path: object) -> str:
    return str(path.relative_to(PACKAGE)) if isinstance(path, Path) else ""


@pytest.mark.parametrize("path", files_of(PURE), ids=ids)
def test_pure_rooms_import_only_pure_rooms(path):
    assert rooms_imported(path) & own_rooms() <= PURE
    assert not rooms_imported(path) & DOOR


@pytest.mark.parametrize("path", files_of(EDGE), ids=ids)
def test_the_edge_imports_only_pure_rooms(path):
    assert rooms_imported(path) & own_rooms() <= PURE | EDGE


@pytest.mark.parametrize("path", files_of(own_rooms() - EDGE - PURE), ids=ids)
def test_orchestration_leaves_files_to_the_edge(path):
    assert not rooms_imported(path) & DOOR


def test_this_test_sees_an_import_that_points_outward(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("def f():\n    from mutirao.engine import build\n    import rasterio.warp\n", encoding="utf-8")
    assert rooms_imported(path) == {"engine", "rasterio"}
