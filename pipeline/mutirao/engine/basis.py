"""What decided the pixels of a build besides the claims, kept beside it, whatever becomes of the files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mutirao.collection import Collection
from mutirao.engine.consulted import Consulted
from mutirao.filters.apply import ready
from mutirao.filters.chain import Chain
from mutirao.filters.step import ReadyStep
from mutirao.integration.compile import Program, compile_rules
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.resolve import ResolvedRule, Vocabulary, Where, hole_class, link_mosaics, resolve
from mutirao.integration.wording import Names
from mutirao.io.storage import read_record, write_text
from mutirao.legend import Legend
from mutirao.model import Frozen

COLLECTION, LEGEND, RULES, CHAIN = "collection.json", "legend.json", "rules.json", "chain.json"
CONSULTED = "consulted.json"
"""Territories and polygons that the chain asks; there is none if it asks none."""
CONSULTED_MAPS = "consulted.tif"
"""Their pixels beside a build."""


@dataclass(frozen=True)
class Basis:
    """Collection, legend, rules and chain as they were when a build was made."""

    collection: Collection
    legend: Legend
    rule_set: RuleSet
    chain: Chain | None
    location: str
    """Folder or URL that it was read from."""
    consulted: Consulted
    """Territories and polygons that the chain asks."""

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """Modules in the order of the collection."""
        return tuple(member.module for member in self.collection.modules)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the rules speak of."""
        layers = self.names.layers
        mosaics = link_mosaics(self.collection.mosaics, self.modules, layers, self._in(COLLECTION))
        return Vocabulary(self.legend, self.modules, layers, mosaics)

    @cached_property
    def rules(self) -> tuple[ResolvedRule, ...]:
        """The rules in codes."""
        return resolve(self.rule_set, self.vocabulary, self._in(RULES))

    @cached_property
    def hole(self) -> int:
        """Class of a pixel that no rule takes."""
        return hole_class(self.rule_set, self.vocabulary, self._in(RULES))

    @cached_property
    def steps(self) -> tuple[ReadyStep, ...]:
        """The steps of the chain in codes."""
        return ready(self.chain, self.legend, self._in(CHAIN), self.consulted.surroundings(self.collection))

    @cached_property
    def program(self) -> Program:
        """The rules as bit masks."""
        layers = [layer.id for layer in self.collection.layers]
        years, mosaics = self.collection.years.all(), self.vocabulary.mosaics
        return compile_rules(self.rules, self.modules, layers, years, mosaics=mosaics, hole=self.hole)

    @cached_property
    def names(self) -> Names:
        """Names of classes and of the values of layers."""
        return Names(self.legend, {layer.id: layer.values for layer in self.collection.layers})

    def files(self) -> dict[str, Frozen]:
        """Return what is kept, by file name."""
        kept: dict[str, Frozen] = {COLLECTION: self.collection, LEGEND: self.legend, RULES: self.rule_set}
        chain = {CHAIN: self.chain} if self.chain else {}
        return {**kept, **chain, **({CONSULTED: self.consulted} if self.consulted.bands else {})}

    def write(self, folder: Path) -> None:
        """Write collection.json, legend.json, rules.json and, if there is one, chain.json and what it consults.

        Keys keep their order: of two entries of a map that speak of one class, the later one counts.
        """
        for name, model in self.files().items():
            write_text(folder / name, model.model_dump_json(indent=2, by_alias=True) + "\n")

    def _in(self, name: str) -> Where:
        return lambda *place: f"{self.location}/{name}: {'.'.join(map(str, place))}"


def read_basis(location: str, *, consults: bool = False) -> Basis:
    """Read what a build or release keeps.

    Parameters
    ----------
    consults : whether the file `CONSULTED` is there.

    Raises
    ------
    ResourceError
        R201: a file is missing. R203: a file is damaged, or of another version of mutirao.
    """
    collection = read_record(f"{location}/{COLLECTION}", Collection)
    legend, rules = read_record(f"{location}/{LEGEND}", Legend), read_record(f"{location}/{RULES}", RuleSet)
    chain = read_record(f"{location}/{CHAIN}", Chain) if collection.chain else None
    consulted = read_record(f"{location}/{CONSULTED}", Consulted) if consults else Consulted()
    return Basis(collection, legend, rules, chain, location, consulted)
