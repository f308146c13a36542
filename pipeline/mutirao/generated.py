"""Files that are made from code and manifests: schemas for editors, reference pages, owners and table of modules."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from mutirao.classify.recipe import Recipe
from mutirao.collection import Collection
from mutirao.crosswalk import Crosswalk
from mutirao.engine.clusterspec import ClusterSpec
from mutirao.filters.chain import AnyStep, ByRegion, Chain
from mutirao.filters.step import Step
from mutirao.imagery.dataset import Dataset
from mutirao.integration.prevalence import RuleSet
from mutirao.io.storage import write_text
from mutirao.io.storagespec import Storage
from mutirao.legend import Legend
from mutirao.modules.manifest import Manifest
from mutirao.modules.ownership import codeowners, module_table
from mutirao.modules.quality.accuracy import Assessments
from mutirao.modules.quality.page import quality_page
from mutirao.modules.quality.scale import Scale
from mutirao.modules.reference import findings_reference
from mutirao.modules.waivers import Waivers
from mutirao.project import Project
from mutirao.trust.policy import Policy
from mutirao.trust.reviews import Review

_FILTERS_HEAD = """# Filters

Steps of a chain, `configs/chains/<id>.yaml`, in the order in which they run: each reads the result of the one before.
A class is a code, a name or a group of the legend; a group stands for its classes in ascending order. This page is made
from the models by `mutirao sync`.

## Keys of every step

| key | value | default | meaning |
|---|---|---|---|
| `title` | text | that of the filter | For the notes and the map page. |
| `where` | mapping | everywhere | Pixels that the step may write: values by layer or level of territories. |
| `years` | `first`, `last` | all | Years that the step may write, both ends included. |
| `protected` | list | `[]` | Classes that the step never overwrites. |

In `where`, the values of a layer are one value or its name, a list of them, `{at_least: 9, at_most: 45}` or
`{none_of: [pantanal]}`; of several layers, all must hold. Whatever a step may write, it sees all pixels, years and
classes."""
OWNERS = "CODEOWNERS"
SCHEMAS: dict[str, type[BaseModel]] = {
    "accuracy": Assessments,
    "chain": Chain,
    "cluster": ClusterSpec,
    "collection": Collection,
    "crosswalk": Crosswalk,
    "dataset": Dataset,
    "legend": Legend,
    "manifest": Manifest,
    "policy": Policy,
    "quality": Scale,
    "recipe": Recipe,
    "review": Review,
    "rules": RuleSet,
    "storage": Storage,
    "waivers": Waivers,
}


def contents(project: Project) -> dict[str, str]:
    """Return the text of every generated file by path relative to the repository.

    The pages about mutirao itself are written where `docs/reference/` is there, the table of modules where `docs/` is:
    a network without them gets schemas and CODEOWNERS.

    Raises
    ------
    ConfigError
        C102 to C106: a manifest cannot be read.
    """
    files = {f"configs/schemas/{name}.schema.json": _schema(model) for name, model in SCHEMAS.items()}
    manifests = [project.manifest(module).value for module in project.module_ids()]
    if manifests:
        files[OWNERS] = codeowners(manifests, _text(project.root / OWNERS) or "")
    if manifests and (project.root / "docs").is_dir():
        files["docs/modules.md"] = module_table(manifests)
    return {**files, **(pages() if (project.root / "docs/reference").is_dir() else {})}


def pages() -> dict[str, str]:
    """Return the pages about mutirao itself, by path relative to the repository."""
    return {
        "docs/quality.md": quality_page(),
        "docs/reference/findings.md": findings_reference(),
        "docs/reference/filters.md": filter_reference(),
    }


def filter_reference() -> str:
    """Return the page of all steps that a chain may have, made from their models."""
    steps = (*get_args(get_args(AnyStep)[0]), ByRegion)
    return "\n".join([_FILTERS_HEAD, *(line for model in steps for line in _filter_section(model))]) + "\n"


def _filter_section(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    required = schema.get("required", [])
    yield f"\n## `{get_args(model.model_fields['filter'].annotation)[0]}`\n"
    yield f"{inspect.getdoc(model)}\n"
    common = ("filter", *Step.model_fields)
    keys = {name: field for name, field in schema["properties"].items() if name not in common}
    yield "| key | value | default | meaning |\n|---|---|---|---|" if keys else "It has no other keys."
    for name, field in keys.items():
        default = "required" if name in required else f"`{json.dumps(field.get('default'))}`"
        yield f"| `{name}` | {_value(field)} | {default} | {field['description']} |"


def _value(field: dict[str, Any]) -> str:
    """Say in a few words what a key takes."""
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    if "anyOf" in field:
        options = [option for option in field["anyOf"] if option.get("type") != "null"]
        if any(option.get("type") == "boolean" for option in options):
            return ", or ".join(_value(option) for option in options)
        return _value(options[0]) if len(options) == 1 else "class"
    if "oneOf" in field:
        return ", or ".join(_value(option) for option in field["oneOf"])
    if field["type"] == "integer":
        return (
            f"{field.get('minimum', '')} to {field['maximum']}" if "maximum" in field else f"{field['minimum']} or more"
        )
    words = {
        "array": "list",
        "object": "mapping",
        "boolean": "`true`, `false`",
        "number": "number from 0 to 1" if "maximum" in field else "number above 0",
        "string": "text",
    }
    return words[field["type"]]


def _schema(model: type[BaseModel]) -> str:
    return json.dumps(model.model_json_schema(by_alias=True), indent=2, sort_keys=True) + "\n"


def stale(project: Project) -> list[str]:
    """Return the generated files that are missing or differ from what the code and the manifests make now."""
    return [name for name, text in contents(project).items() if _text(project.root / name) != text]


def write(project: Project) -> None:
    """Write every generated file."""
    for name, text in contents(project).items():
        write_text(project.root / name, text)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
