"""Begin a module: a folder with everything in its place, and marks where the contributor must decide."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined

from mutirao.collection import Collection
from mutirao.errors import Finding, UsageError
from mutirao.io.storage import whole_folder
from mutirao.legend import LandClass, Legend
from mutirao.project import Project

Kind = Literal["region", "theme"]
Method = Literal["recipe", "python", "earthengine", "delivered"]
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
    contact: str
    classes: tuple[LandClass, ...]
    """Classes that it may claim; none if the contributor has still to choose."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was made."""

    folder: Path
    next_steps: tuple[str, ...]
    """What the contributor does now, in order."""


def new_module(
    project: Project,
    module_id: str,
    *,
    kind: str,
    method: str,
    organisation: str,
    maintainer: str,
    collection: str,
    contact: str = "",
    classes: Sequence[int | str] = (),
) -> Scaffold:
    """Make contributors/<id>/ with manifest, method page, method file and a test that passes.

    Lines that the contributor must decide carry a mark; check M107 refuses a submission while one is left.

    Parameters
    ----------
    module_id : name of the folder: lower case, digits, `_` and `-`.
    kind : `region` or `theme`.
    method : `recipe`, `python`, `earthengine` or `delivered`.
    organisation : owner of the module.
    maintainer : name of a person who answers for it.
    collection : a file under configs/collections/.
    contact : how to reach that person; left to be filled in if empty.
    classes : codes, names or groups of the collection's legend that it may claim; left to be chosen if empty.

    Raises
    ------
    UsageError
        N101: the folder exists. N102: the name is not allowed. N103: no such kind or method. N104: a class is not one
        of the legend's.
    ConfigError
        C101: no such collection.
    """
    folder = project.module_folder(module_id)
    require_free(project, module_id)
    _require_choices(kind, method)
    goal = project.collection(collection).value
    legend = project.legend(goal.legend).value
    claimed = classes_of(legend, classes)
    module = _New(module_id, kind, method, organisation, maintainer, collection, contact, claimed)
    with whole_folder(folder) as incoming:
        for name, text in _files(module, goal, legend).items():
            path = incoming / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return Scaffold(folder, _next_steps(module, folder, goal, is_signed=project.trust() is not None))


def classes_of(legend: Legend, references: Sequence[int | str]) -> tuple[LandClass, ...]:
    """Return classes of the legend by code, name or group, each once.

    Raises
    ------
    UsageError
        N104: the legend has no such class or group.
    """
    found: dict[int, LandClass] = {}
    wrong: list[Finding] = []
    for reference in references:
        try:
            found |= {code: legend.by_code[code] for code in sorted(legend.resolve(reference))}
        except KeyError:
            message = f"{reference!r} is no class or group of legend '{legend.id}'"
            wrong.append(Finding("N104", message, "classes", legend.hint(reference)))
    if wrong:
        raise UsageError(*wrong)
    return tuple(found.values())


def require_free(project: Project, module_id: str) -> None:
    """Refuse a name that no module can have, or that one has.

    Raises
    ------
    UsageError
        N101: the folder exists. N102: the name is not allowed.
    """
    if not _ID.fullmatch(module_id):
        remedy = "begin with a lower-case letter; then lower-case letters, digits, _ and -"
        raise UsageError.because("N102", f"'{module_id}' is no name for a module", where="id", remedy=remedy)
    folder = project.module_folder(module_id)
    if folder.exists():
        remedy = "choose another name, or go on in the folder that is there"
        raise UsageError.because("N101", f"module '{module_id}' exists", where=str(folder), remedy=remedy)


def _require_choices(kind: str, method: str) -> None:
    for name, value, choices in (("kind", kind, get_args(Kind)), ("method", method, get_args(Method))):
        if value not in choices:
            remedy = f"choose {', '.join(choices)}"
            raise UsageError.because("N103", f"there is no template for {name} '{value}'", where=name, remedy=remedy)


def _files(module: _New, collection: Collection, legend: Legend) -> dict[str, str]:
    """Return the text of each file by its name in the folder."""
    templates = {"manifest.yaml": "manifest.yaml", "README.md": "README.md"}
    templates[f"tests/test_{module.id}.py"] = "test_module.py"
    if module.method == "python":
        templates["module.py"] = "module.py"
    if module.method == "earthengine":
        templates["module.py"] = "earthengine.py"
    if module.method == "recipe":
        templates |= {"recipe.yaml": "recipe.yaml", "samples/points.csv": "points.csv"}
    values = {
        "module": module,
        "legend": legend,
        # A classifier needs two classes; the others may begin with one.
        "classes": module.classes or legend.leaves[: 2 if module.kind == "region" and module.method == "recipe" else 1],
        "rest": _rest(module, legend),
        "years": collection.years,
        "license": collection.license,
        **_export_grid(collection),
    }
    environment = _environment()
    return {name: environment.get_template(f"{source}.j2").render(values) for name, source in templates.items()}


def _rest(module: _New, legend: Legend) -> int | None:
    """Return a code for what a recipe has to tell apart and does not map; none if it needs none."""
    if module.kind == "region" and len(module.classes) != 1:
        return None
    return max(set(range(1, 256)) - legend.codes)


def _export_grid(collection: Collection) -> dict[str, object]:
    """Return the collection's grid in the words of Earth Engine's exports."""
    rows, columns = collection.grid.shape
    return {
        "crs": collection.grid.crs,
        "transform": collection.grid.transform[:6],
        "dimensions": f"{columns}x{rows}",
    }


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


def _next_steps(module: _New, folder: Path, collection: Collection, *, is_signed: bool) -> tuple[str, ...]:
    """Return what the contributor does now, in order: texts, and commands to be copied."""
    here = _near(folder)
    files = " --rasters exports" if module.method in ("delivered", "earthengine") else ""
    key = " --key ~/.ssh/id_ed25519" if is_signed else ""
    check = f"mutirao check {module.id}{files}"
    return (
        f"Fill in the lines marked TODO in {here / 'manifest.yaml'}; leave the status for later.",
        *_map_steps(module, here, collection),
        f"Tell in {here / 'README.md'} how the map is made; the lines marked TODO say what to tell.",
        f"{check} says what is left to repair; repeat it until only the status blocks.",
        f"Write 'status: active' in {here / 'manifest.yaml'}, and take the mark on that line away.",
        "mutirao sync tells lists of owners and modules of the new one. Commit the folder and what changed, and open a "
        "pull request: the maintainers list the module in the collection and give it a rule.",
        f"mutirao submit {module.id} --version 1.0.0{files}{key}",
    )


def _near(folder: Path) -> Path:
    """Return a path as short as the reader needs it: from where the command was given, if it lies below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _extent(collection: Collection) -> str:
    """Return the collection's grid in the words of a dialogue for saving rasters, and of gdalwarp."""
    grid = collection.grid
    rows, columns = grid.shape
    west, south, east, north = (f"{value!r}" for value in grid.bounds)
    return (
        f"CRS {grid.crs}, west {west}, south {south}, east {east}, north {north}, {columns} columns and {rows} rows "
        f"(gdalwarp -r near -t_srs {shlex.quote(grid.crs)} -te {west} {south} {east} {north} -ts {columns} {rows})"
    )


def _map_steps(module: _New, here: Path, collection: Collection) -> tuple[str, ...]:
    """Return how this method comes to a map."""
    grid = _export_grid(collection)
    place = f"crs {grid['crs']}, crsTransform {list(collection.grid.transform[:6])}, dimensions {grid['dimensions']}"
    run = f"mutirao run {module.id}"
    steps: dict[str, tuple[str, ...]] = {
        "recipe": (
            f"Name your images in {here / 'recipe.yaml'} and under 'inputs' in the manifest (they are described "
            f"in configs/datasets), and put labelled points into {here / 'samples/points.csv'}.",
            run,
        ),
        "python": (f"Write classify() in {here / 'module.py'}.", run),
        "earthengine": (
            f"Write image() in {here / 'module.py'}. mutirao does not run it yet: you export, and hand the files in.",
            f"python {here / 'module.py'} CLOUD-PROJECT exports every year exactly on the collection's grid ({place}).",
            "When the tasks are done, copy the files from Google Drive into a folder, here called exports.",
        ),
        "delivered": (
            "Export the rasters into a folder, here called exports, named as 'delivery' in the manifest says: one "
            f"file a year, or tiles, or a band a year. They lie on the collection's grid: {_extent(collection)}.",
        ),
    }
    return steps[module.method]
