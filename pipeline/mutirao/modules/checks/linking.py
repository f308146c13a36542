"""M101 to M113: does the manifest fit the collection, the legend and its own folder?"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from mutirao.classify.recipe import Recipe
from mutirao.errors import Finding, GridError
from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.legend import Legend
from mutirao.modules.checks.base import Check
from mutirao.modules.checks.methodpage import LicenceFits, MethodPage, MethodPageIsComplete, NoTodoLeft
from mutirao.modules.module import Module
from mutirao.modules.regrid import plan
from mutirao.project import Project


class IdIsFolder(Check):
    """The manifest's id is the name of its folder."""

    code = "M101"
    remedy = "give the manifest's 'id' and the folder one name"

    def check(self, module: Module) -> Iterator[Finding]:
        """Compare the two names."""
        if module.id != module.folder.name:
            message = f"id is '{module.id}' in a folder named '{module.folder.name}'"
            yield self.found(message, module.source.at("id"), remedy=f"write 'id: {module.folder.name}'")


class ClassesInLegend(Check):
    """Classes and crosswalk targets are classes or groups of the legend."""

    code = "M102"
    remedy = "use a code, class name or group of the legend"

    def check(self, module: Module) -> Iterator[Finding]:
        """Resolve every reference of the manifest."""
        manifest = module.manifest
        common, local = module.legend, module.local_legend
        references = [(reference, common, ("classes", i)) for i, reference in enumerate(manifest.classes)]
        references += [(reference, local, ("crosswalk", code)) for code, reference in manifest.crosswalk.items()]
        for reference, legend, location in references:
            if not _knows(legend, reference):
                message = f"{reference!r} is no class or group of legend '{legend.id}'"
                yield self.found(message, module.source.at(*location), remedy=legend.hint(reference))


def _knows(legend: Legend, reference: int | str) -> bool:
    try:
        return bool(legend.resolve(reference))
    except KeyError:
        return False


class CrosswalkIsClaimed(Check):
    """A crosswalk leads to exactly one class, and the module may claim it."""

    code = "M103"
    remedy = "name one class, and list it under 'classes' too"

    def check(self, module: Module) -> Iterator[Finding]:
        """Compare the targets with the claimed classes."""
        for local, reference in module.manifest.crosswalk.items():
            if not _knows(module.local_legend, reference):
                continue
            targets, where = module.local_legend.resolve(reference), module.source.at("crosswalk", local)
            if len(targets) > 1:
                yield self.found(f"local code {local} leads to {reference!r}, a group of {len(targets)} classes", where)
            elif problem := _unclaimed(module, min(targets)):
                yield self.found(f"local code {local} leads to {reference!r}, {problem}", where)


def _unclaimed(module: Module, code: int) -> str:
    """Return why the module may not claim what a code of its legend stands for; nothing if it may."""
    own = module.own
    if own and code in own.translation.untranslated:
        return f"which has no class in legend '{module.legend.id}': {own.translation.untranslated[code]}"
    target = own.translation.codes[code] if own else code
    if target in module.codes:
        return ""
    meaning = f"in legend '{module.legend.id}' {target} {module.legend.by_code[target].title()}, " if own else ""
    return f"{meaning}which the module does not claim"


class YearsInCollection(Check):
    """The module's years are years of the collection."""

    code = "M104"
    remedy = "shorten the module's years, or ask the maintainers to extend the collection"

    def check(self, module: Module) -> Iterator[Finding]:
        """Compare both ends."""
        series = module.collection.years
        for end in ("first", "last"):
            year = getattr(module.manifest.years, end)
            if year not in series:
                message = f"{end} year {year} is outside collection '{module.collection.id}', "
                yield self.found(f"{message}which has {series.first} to {series.last}", module.source.at("years", end))


class MethodFileExists(Check):
    """The recipe or Python file of the method exists."""

    code = "M105"
    remedy = "add the file to the module's folder, or correct 'method'"

    def check(self, module: Module) -> Iterator[Finding]:
        """Look for recipe.yaml or module.py."""
        path = module.method_file
        if path and not path.is_file():
            message = f"method is {module.manifest.method}, but there is no {path.name}"
            yield self.found(message, module.source.at("method"))


class TerritoryFileExists(Check):
    """The territory's file exists inside the module's folder."""

    code = "M108"
    remedy = "add the GeoJSON to the module's folder, or take 'territory' away for the whole grid"

    def check(self, module: Module) -> Iterator[Finding]:
        """Look for the file."""
        path = module.territory_file
        if path is None:
            return
        where = module.source.at("territory")
        if not path.resolve().is_relative_to(module.folder.resolve()):
            yield self.found(f"territory '{module.manifest.territory}' lies outside the module's folder", where)
        elif not path.is_file():
            yield self.found(f"territory '{module.manifest.territory}' does not exist", where)


class InputsAreDatasets(Check):
    """Every input is a dataset of the network."""

    code = "M109"
    remedy = "describe it in configs/datasets/, or name one that is there"

    def check(self, module: Module, project: Project) -> Iterator[Finding]:
        """Look for configs/datasets/<input>.yaml."""
        known = sorted(path.stem for path in (project.root / "configs/datasets").glob("*.yaml"))
        for i, name in enumerate(module.manifest.inputs):
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                remedy = f"did you mean '{near[0]}'?" if near else f"{self.remedy}: {', '.join(known) or 'none yet'}"
                yield self.found(f"input '{name}' is no dataset", module.source.at("inputs", i), remedy=remedy)


class RecipeReadsInputs(Check):
    """A recipe reads only datasets that the manifest names as inputs."""

    code = "M112"
    remedy = "add it to 'inputs' in the manifest, so that the release can attribute it"

    def check(self, module: Module, recipe: Source[Recipe] | None) -> Iterator[Finding]:
        """Compare the datasets of the imagery and of a layer of samples with the inputs."""
        if recipe is None:
            return
        layer = recipe.value.samples.from_layer
        read = [(recipe.value.imagery.dataset, recipe.at("imagery", "dataset"))]
        read += [(layer.dataset, recipe.at("samples", "from_layer", "dataset"))] if layer else []
        for dataset, where in read:
            if dataset not in module.manifest.inputs:
                yield self.found(f"'{dataset}' is read but is no input of the module", where)


def recipe(module: Module) -> Source[Recipe] | None:
    """Read the module's recipe, if its method is one and the file is there."""
    path = module.folder / "recipe.yaml"
    return configs.load(path, Recipe) if module.manifest.method == "recipe" and path.is_file() else None


class IsActive(Check):
    """The module is active."""

    code = "M113"
    remedy = "write 'status: active' once the module is ready; a deprecated or retired one takes no new version"

    def check(self, module: Module) -> Iterator[Finding]:
        """Look at the status."""
        if module.manifest.status != "active":
            yield self.found(f"status is {module.manifest.status}", module.source.at("status"))


class NodataIsNoClass(Check):
    """The value for 'no claim' is no local code."""

    code = "M111"
    remedy = "use a value for nodata that no class has; 0 and 255 are usual"

    def check(self, module: Module) -> Iterator[Finding]:
        """Look for the value among the crosswalk and the claimed codes."""
        if module.nodata in module.crosswalk or (module.nodata in module.plain_codes and not module.crosswalk):
            message = f"nodata {module.nodata} is also the code of a class"
            yield self.found(message, module.source.at("delivery", "nodata"))


class GridIsNested(Check):
    """The module's own grid nests in the collection's, with common edges."""

    code = "M305"
    remedy = "export on the collection's grid, or on one whose pixels nest in it with common edges"

    def check(self, module: Module) -> Iterator[Finding]:
        """Plan the regridding."""
        try:
            plan(module.grid, module.collection.grid, module.manifest.regrid or "nearest")
        except GridError as err:
            yield self.found(err.findings[0].message, module.source.at("grid"))


LINKING = (
    IdIsFolder,
    ClassesInLegend,
    CrosswalkIsClaimed,
    YearsInCollection,
    MethodFileExists,
    TerritoryFileExists,
    InputsAreDatasets,
    NodataIsNoClass,
    GridIsNested,
)
"""Without these nothing can be done with the module."""
REMARKS = (RecipeReadsInputs, MethodPage, MethodPageIsComplete, NoTodoLeft, IsActive, LicenceFits)
"""A draft may be tried out with these; a submission may not leave the blocking ones."""
