"""A chain with what it is judged against: by its collection, or by the vocabulary that its file states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
from mutirao.io.vectors import read_overlays, read_zones
from mutirao.legend import NODATA, Legend
from mutirao.project import Project, find

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
    is_file = "/" in name or name.endswith((".yaml", ".yml"))
    project = _project_around(Path(name), state) if is_file else state.project()
    path = Path(name) if is_file or project is None else project.root / "configs" / "chains" / f"{name}.yaml"
    source = configs.load(path, Chain)
    chosen = _collection(source, project, collection) if project else None
    return OpenedChain(source, _used(source, project, chosen) if project and chosen else _stated(source, project))


def _project_around(path: Path, state: State) -> Project | None:
    try:
        return state.project() if state.folder else find(path.parent, state.workspace)
    except UsageError:
        return None


def _collection(source: Source[Chain], project: Project, name: str | None) -> str | None:
    """Return the collection that uses a chain, None if none does."""
    users = [user for user in project.collection_ids() if project.collection(user).value.chain == source.value.id]
    if name is None and len(users) < 2:
        return next(iter(users), None)
    if name not in users:
        message = f"chain '{source.value.id}' is used by {', '.join(users) or 'no collection'}"
        remedy = "name one of them with --collection" if users else "leave --collection out"
        raise UsageError.because("U105", message, where=str(source.path), remedy=remedy)
    return name


def _used(chain: Source[Chain], project: Project, name: str) -> ChainScope:
    source = project.collection(name)
    collection, legend = source.value, project.legend(source.value.legend).value
    asked = {layer for step, _ in chain.value.flat() for layer in step.where}
    levels = {
        entry.level: read_zones(source.path.parent / entry.file, entry, collection.grid).ids
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


def _stated(source: Source[Chain], project: Project | None) -> ChainScope:
    stated = source.value.vocabulary
    if stated is None:
        remedy = "name the chain in a collection, or add a 'vocabulary:' block with legend, first and last year"
        message = "the chain belongs to no collection and states no vocabulary"
        raise UsageError.because("U113", message, where=str(source.path), remedy=remedy)
    legend = _legend(source.path, stated.legend, project)
    years = tuple(range(stated.first, stated.last + 1))
    overlays = read_overlays(source.value, source.path.parent, None)
    surroundings = Surroundings(years, stated.layers, (_PIXEL_HA, _PIXEL_HA), overlays=overlays)
    return ChainScope(legend, surroundings, legend.codes | {NODATA})


def _legend(chain: Path, name: str, project: Project | None) -> Legend:
    """Return a legend: a file under legends/ beside the folder of the chain, or else of the project."""
    path = chain.resolve().parent.parent / "legends" / f"{name}.yaml"
    if project and not path.is_file():
        path = project.root / "configs" / "legends" / f"{name}.yaml"
    return configs.load(path, Legend).value
