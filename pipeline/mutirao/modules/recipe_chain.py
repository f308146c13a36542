"""The filter chain of a recipe: it cleans the module's series before anybody else sees them, in its own codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mutirao.classify.recipe import Recipe
from mutirao.filters.apply import ready
from mutirao.filters.chain import Chain
from mutirao.filters.step import ReadyStep, Surroundings
from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.legend import Legend, slug
from mutirao.modules.module import Module


@dataclass(frozen=True, slots=True)
class LocalClasses:
    """The classes of a recipe by the names of a legend; what the chain of a recipe may speak of."""

    legend: Legend
    meaning: Mapping[int, int]
    """Code of the legend by local code."""

    @property
    def id(self) -> str:
        """Name for people."""
        return f"{self.legend.id}, as far as the recipe maps it"

    def resolve(self, reference: int | str) -> frozenset[int]:
        """Return the local codes that a local code, a class name or a group name stands for.

        Raises
        ------
        KeyError
            The recipe maps no such class.
        """
        if isinstance(reference, int):
            return frozenset({{code: code for code in self.meaning}[reference]})
        wanted = self.legend.resolve(reference)
        found = frozenset(local for local, code in self.meaning.items() if code in wanted)
        if not found:
            raise KeyError(reference)
        return found

    def known_names(self) -> list[str]:
        """Return the names of the classes that the recipe maps, and of the groups that hold any."""
        mapped = set(self.meaning.values())
        classes = {slug(self.legend.by_code[code].title()) for code in mapped}
        return sorted(classes | {slug(group) for group, codes in self.legend.groups.items() if mapped & set(codes)})


def recipe_steps(module: Module, source: Source[Recipe]) -> tuple[ReadyStep, ...]:
    """Read the chain that a recipe names; none if it names none.

    Raises
    ------
    ConfigError
        C101 to C106: the file cannot be read. F101 to F199: a step names what is not there. A chain of a recipe
        knows no layers and no territories.
    """
    if source.value.chain is None:
        return ()
    chain = configs.load(source.path.parent / source.value.chain, Chain)
    surroundings = Surroundings(module.manifest.years.all(), {}, module.grid.pixel_ha_range())
    return ready(chain.value, _classes(module, source.value), chain.at, surroundings)


def _classes(module: Module, recipe: Recipe) -> LocalClasses:
    legend, listed = module.local_legend, module.manifest.crosswalk
    stated = {local: min(legend.resolve(reference)) for local, reference in listed.items()}
    plain = {code: code for code in recipe.samples.codes if code in legend.codes}
    return LocalClasses(legend, {**plain, **stated})
