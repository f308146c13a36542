"""Files that are made from the code: JSON Schemas for editors, and the reference of findings."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from mutirao.classify.recipe import Recipe
from mutirao.collection import Collection
from mutirao.filters.chain import Chain
from mutirao.imagery.dataset import Dataset
from mutirao.integration.prevalence import RuleSet
from mutirao.io.storage import write_text
from mutirao.legend import Legend
from mutirao.modules.manifest import Manifest
from mutirao.modules.reference import findings_reference

SCHEMAS: dict[str, type[BaseModel]] = {
    "chain": Chain,
    "collection": Collection,
    "dataset": Dataset,
    "legend": Legend,
    "manifest": Manifest,
    "recipe": Recipe,
    "rules": RuleSet,
}


def contents() -> dict[str, str]:
    """Return the text of every generated file by path relative to the repository."""
    schemas = {f"configs/schemas/{name}.schema.json": _schema(model) for name, model in SCHEMAS.items()}
    return {**schemas, "docs/reference/findings.md": findings_reference()}


def _schema(model: type[BaseModel]) -> str:
    return json.dumps(model.model_json_schema(by_alias=True), indent=2, sort_keys=True) + "\n"


def stale(root: Path) -> list[str]:
    """Return the generated files that are missing or differ from what the code makes now."""
    return [name for name, text in contents().items() if _text(root / name) != text]


def write(root: Path) -> None:
    """Write every generated file."""
    for name, text in contents().items():
        write_text(root / name, text)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
