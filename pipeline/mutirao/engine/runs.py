"""Keep what a module's run made, so that the same method on the same inputs runs once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mutirao.engine.farledger import open_ledger
from mutirao.engine.ledger import Ledger, code_digest, digest_of
from mutirao.engine.progress import Progress, by_share
from mutirao.errors import UsageError
from mutirao.io import blocks
from mutirao.io.rasters import file_digest
from mutirao.modules.checks.linking import recipe
from mutirao.modules.discovery import load_module
from mutirao.modules.module import Module
from mutirao.modules.recipe_chain import recipe_steps
from mutirao.modules.run import ModuleRun, require_runnable, run_module
from mutirao.project import Project

CODE = (
    "mutirao.imagery",
    "mutirao.classify",
    "mutirao.accuracy",
    "mutirao.io.datasets",
    "mutirao.io.points",
    "mutirao.modules.run",
    "mutirao.filters",
    "mutirao.modules.by_recipe",
    "mutirao.modules.recipe_chain",
    "mutirao.modules.by_python",
    "mutirao.modules.inputs",
)
"""Source that decides what a run makes, besides the module's own files."""
TOLD = ("waivers.yaml", "accuracy.yaml")
"""Files of a module that tell about its maps and decide nothing in them."""
TOLD_KEYS = {
    "name",
    "organisation",
    "maintainers",
    "keys",
    "description",
    "status",
    "license",
    "citation",
    "min_coverage",
}
"""Keys of a manifest that say whose a map is, what it is called and how it is checked; the receipt of a submission has
the whole file's digest, so who they were is kept all the same."""
STEPS = 100


@dataclass(frozen=True, slots=True)
class StoredRun:
    """What a run made, in the module's own grid and codes."""

    module: str
    years: tuple[int, ...]
    codes: np.ndarray
    """(year, y, x) uint8 local codes; 0 is no claim."""
    report: dict[str, Any]
    fresh: bool
    """False if the run was done before and nothing that decides it has changed."""

    def agreements(self) -> dict[str, tuple[float, int]]:
        """Return share and number of pixels that agree, by comparison that the run made; for recipes only."""
        held = self.report.get("holdout", {})
        found = {
            f"block kept aside, {' / '.join(held[kind]['labels'])}": held[kind]
            for kind in ("groups", "classes")
            if kind in held
        }
        if "cross_validation" in self.report:
            found["cross-validation in spatial blocks"] = self.report["cross_validation"]
        return {name: (entry["overall"], entry["pixels"]) for name, entry in found.items()}


def run(project: Project, module_id: str, progress: Progress, data: Path | None = None) -> StoredRun:
    """Run a module, or take its last run if manifest, method, inputs and code are the same."""
    module = load_module(project, module_id)
    ledger, key = _ledger(project, module), _key(project, module)
    fresh = ledger.find(key) is None
    if fresh:
        _make(project, module, ledger, key, progress, data)
    return _read(module, ledger, key, fresh=fresh)


def finished(project: Project, module_id: str) -> StoredRun:
    """Return the run of the module as it is now.

    Raises
    ------
    UsageError
        U103: its rasters are delivered. B102: it was not run since its method or manifest changed, or never.
    """
    module = load_module(project, module_id)
    require_runnable(module)
    ledger, key = _ledger(project, module), _key(project, module)
    if ledger.find(key) is None:
        message = "no run of the module as it is now"
        raise UsageError.because("B102", message, where=str(module.folder), remedy=f"run 'mutirao run {module_id}'")
    return _read(module, ledger, key, fresh=False)


def _ledger(project: Project, module: Module) -> Ledger:
    return open_ledger(project.workspace / "runs" / module.id, blocks.SUFFIX)


def _key(project: Project, module: Module) -> str:
    """Digest of everything that decides a run: what the manifest asks, the module's other files, inputs, our code."""
    files = sorted(path for path in module.folder.rglob("*") if path.is_file() and _decides(path, module))
    own = {path.relative_to(module.folder).as_posix(): file_digest(path) for path in files}
    asked = module.manifest.model_dump(mode="json", exclude=TOLD_KEYS)
    datasets = [project.dataset(name).value for name in module.manifest.inputs]
    return digest_of(asked, own, datasets, module.grid, _steps(module), code_digest(*CODE))


def _steps(module: Module) -> list[tuple[Any, ...]]:
    """Return what the filters of a recipe do; their names mean what the legend says."""
    source = recipe(module)
    return [step.settings for step in recipe_steps(module, source)] if source else []


def _decides(path: Path, module: Module) -> bool:
    """Return whether a file counts as it is; page and tests make no pixels, and of the manifest only some keys do."""
    parts = path.relative_to(module.folder).parts
    told = path == module.source.path or path.suffix == ".md" or path.name in TOLD
    return not told and "tests" not in parts and "__pycache__" not in parts


def _make(project: Project, module: Module, ledger: Ledger, key: str, progress: Progress, data: Path | None) -> None:
    with progress.stage(f"Running {module.id}", STEPS) as advance:
        made = run_module(project, module.id, data=data, progress=by_share(advance, STEPS))
    ledger.record(key, lambda path: blocks.write_block(path, {"codes": made.codes}), **_facts(made))


def _facts(made: ModuleRun) -> dict[str, Any]:
    return {"module": made.module, "years": list(made.years), "report": made.report}


def _read(module: Module, ledger: Ledger, key: str, *, fresh: bool) -> StoredRun:
    facts = ledger.facts(key)
    codes = blocks.read_block(ledger.require(key))["codes"]
    return StoredRun(module.id, tuple(facts["years"]), codes, facts["report"], fresh)
