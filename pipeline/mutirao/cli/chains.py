"""A chain with what it is judged against: by its collection, or by the vocabulary that its file states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mutirao.cli.opening import Found, locate
from mutirao.cli.state import State
from mutirao.engine.tileprogram import surroundings_of
from mutirao.errors import UsageError
from mutirao.filters.chain import Chain
from mutirao.filters.lint.finding import ChainScope
from mutirao.filters.step import Surroundings
from mutirao.integration.declared import claims_of
from mutirao.integration.resolve import ResolvedRule, Vocabulary, hole_class, link_mosaics, resolve
from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.io.vectors import read_overlays, read_territories
from mutirao.legend import NODATA
from mutirao.project import Project

_PIXEL_HA = 0.09
"""Hectares of a pixel where no collection has a grid: that of Landsat. No finding and no word depends on it."""


@dataclass(frozen=True, slots=True)
class OpenedChain:
    """A chain that can be judged and shown."""

    source: Source[Chain]
    scope: ChainScope


def open_chain(state: State, name: str, collection: str | None) -> OpenedChain:
    """Read a chain by its id in the project, or by its file.

    Raises
    ------
    ConfigError
        The file or its vocabulary is wrong.
    UsageError
        U105: several collections use it and none is named. U113: nothing says which legend it speaks.
    """
    found = locate(state, name, "chain")
    source = configs.load(found.path, Chain)
    chosen = found.collection(source.value.id, collection)
    if found.project and chosen:
        return OpenedChain(source, _used(source, found.project, chosen))
    return OpenedChain(source, _stated(source, found))


def _used(chain: Source[Chain], project: Project, name: str) -> ChainScope:
    source = project.collection(name)
    collection, legend = source.value, project.legend(source.value.legend).value
    asked = {layer for step, _ in chain.value.flat() for layer in step.where}
    levels = {
        entry.level: tuple(read_territories(source.path.parent / entry.file, entry, collection.grid)["id"])
        if entry.level in asked
        else ()
        for entry in collection.territories
    }
    overlays = read_overlays(chain.value, chain.path.parent, None)
    modules = tuple(member.module for member in collection.modules)
    layers = {layer.id: layer.values for layer in collection.layers}
    vocabulary = Vocabulary(legend, modules, layers, link_mosaics(collection.mosaics, modules, layers, source.at))
    inputs = frozenset(_integrated(project, collection.rules, vocabulary))
    return ChainScope(legend, surroundings_of(collection, levels, overlays), inputs)


def _integrated(project: Project, rules: str, vocabulary: Vocabulary) -> Iterator[int]:
    """Yield the classes that the integrated map may hold: what modules may claim and what rules may assign."""
    manifests = {module: project.manifest(module) for module in vocabulary.modules}
    declared = {module: manifest.value.classes for module, manifest in manifests.items()}
    for codes in claims_of(declared, vocabulary.legend, lambda module: manifests[module].at("classes")).values():
        yield from codes
    rule_set = project.rules(rules)
    for rule in resolve(rule_set.value, vocabulary, rule_set.at):
        yield from _assigned(rule)
    yield from (NODATA, hole_class(rule_set.value, vocabulary, rule_set.at))


def _assigned(rule: ResolvedRule) -> Iterator[int]:
    for outcome in (rule.outcome, *(case.outcome for case in rule.cases)):
        yield from (code for _, code in outcome.table)
        if outcome.constant is not None:
            yield outcome.constant


def _stated(source: Source[Chain], found: Found) -> ChainScope:
    stated = source.value.vocabulary
    if stated is None:
        remedy = "name the chain in a collection, or add a 'vocabulary:' block with legend, first and last year"
        message = "the chain belongs to no collection and states no vocabulary"
        raise UsageError.because("U113", message, where=str(source.path), remedy=remedy)
    legend = found.legend(stated.legend)
    years = tuple(range(stated.first, stated.last + 1))
    overlays = read_overlays(source.value, source.path.parent, None)
    surroundings = Surroundings(years, stated.layers, (_PIXEL_HA, _PIXEL_HA), overlays=overlays)
    return ChainScope(legend, surroundings, legend.codes | {NODATA})
