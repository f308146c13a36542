"""Begin a module: a folder with everything in its place, and marks where the contributor must decide."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined

from mutirao.collection import Collection
from mutirao.errors import UsageError
from mutirao.io.storage import whole_folder
from mutirao.legend import Legend
from mutirao.project import Project

Kind = Literal["region", "theme"]
Method = Literal["recipe", "python", "delivered"]
_ID = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class _New:
    """What the templates are filled with."""

    id: str
    kind: str
    method: str
    organisation: str
    maintainer: str
    collection: str


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was made."""

    folder: Path
    next_steps: tuple[str, ...]
    """What the contributor does now, in order."""


def new_module(
    project: Project, module_id: str, *, kind: str, method: str, organisation: str, maintainer: str, collection: str
) -> Scaffold:
    """Make contributors/<id>/ with manifest, method page, method file and a test that passes.

    Lines that the contributor must decide carry a mark; check M107 refuses a submission while one is left.

    Parameters
    ----------
    module_id : name of the folder: lower case, digits, `_` and `-`.
    kind : `region` or `theme`.
    method : `recipe`, `python` or `delivered`.
    organisation : owner of the module.
    maintainer : name of a person who answers for it.
    collection : a file under configs/collections/.

    Raises
    ------
    UsageError
        N101: the folder exists. N102: the name is not allowed. N103: no such kind or method.
    ConfigError
        C101: no such collection.
    """
    module = _New(module_id, kind, method, organisation, maintainer, collection)
    folder = project.module_folder(module_id)
    _require_choices(module, folder)
    goal = project.collection(collection).value
    legend = project.legend(goal.legend).value
    with whole_folder(folder) as incoming:
        for name, text in _files(module, goal, legend).items():
            path = incoming / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return Scaffold(folder, _next_steps(module, folder))


def _require_choices(module: _New, folder: Path) -> None:
    if not _ID.fullmatch(module.id):
        remedy = "begin with a lower-case letter; then lower-case letters, digits, _ and -"
        raise UsageError.because("N102", f"'{module.id}' is no name for a module", where="id", remedy=remedy)
    for name, value, choices in (("kind", module.kind, get_args(Kind)), ("method", module.method, get_args(Method))):
        if value not in choices:
            remedy = f"choose {', '.join(choices)}"
            raise UsageError.because("N103", f"there is no template for {name} '{value}'", where=name, remedy=remedy)
    if folder.exists():
        remedy = "choose another name, or go on in the folder that is there"
        raise UsageError.because("N101", f"module '{module.id}' exists", where=str(folder), remedy=remedy)


def _files(module: _New, collection: Collection, legend: Legend) -> dict[str, str]:
    """Return the text of each file by its name in the folder."""
    templates = {"manifest.yaml": "manifest.yaml", "README.md": "README.md"}
    templates[f"tests/test_{module.id}.py"] = "test_module.py"
    if module.method == "python":
        templates["module.py"] = "module.py"
    if module.method == "recipe":
        templates |= {"recipe.yaml": "recipe.yaml", "samples/points.csv": "points.csv"}
    values = {
        "module": module,
        "legend": legend,
        # A classifier needs two classes; the others may begin with one.
        "classes": legend.leaves[: 2 if module.method == "recipe" else 1],
        "years": collection.years,
        "license": collection.license,
    }
    environment = _environment()
    return {name: environment.get_template(f"{source}.j2").render(values) for name, source in templates.items()}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mutirao.modules"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the result is YAML, Python and Markdown, and is quoted where it must be
    )
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    environment.filters["title_text"] = lambda name: re.sub("[_-]+", " ", name).capitalize()
    return environment


def _next_steps(module: _New, folder: Path) -> tuple[str, ...]:
    fill = f"Fill in the lines marked TODO in {folder / 'manifest.yaml'}, then set 'status: active'."
    page = f"Tell in {folder / 'README.md'} how the map is made."
    check = f"mutirao check {module.id}"
    run, submit = f"mutirao run {module.id}", f"mutirao submit {module.id} --version 1.0.0"
    middle: dict[str, tuple[str, ...]] = {
        "recipe": ("Describe samples and features in recipe.yaml.", run, check, submit),
        "python": ("Write classify() in module.py.", run, check, submit),
        "delivered": (
            "Export one raster a year, named as 'delivery.files' says.",
            f"{check} --rasters FOLDER",
            f"{submit} --rasters FOLDER",
        ),
    }
    return (fill, page, *middle[module.method])
