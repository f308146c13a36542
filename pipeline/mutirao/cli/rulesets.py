"""A rule set with what it is judged against: by its collection, or by the vocabulary that its file states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mutirao.cli.opening import Found, locate
from mutirao.cli.state import State
from mutirao.errors import UsageError
from mutirao.integration.declared import check_ids, claims_of, distinct_ids
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.resolve import Vocabulary, link_mosaics, vocabulary_of
from mutirao.integration.rulefinding import RuleFinding, Scope
from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.project import Project


@dataclass(frozen=True, slots=True)
class OpenedRules:
    """A rule set that can be judged and shown."""

    source: Source[RuleSet]
    scope: Scope
    findings: Sequence[RuleFinding]
    """What had to be mended so that it could be read: ids."""


def open_rules(state: State, name: str, collection: str | None) -> OpenedRules:
    """Read a rule set by its id in the project, or by its file.

    Raises
    ------
    ConfigError
        The file or its vocabulary is wrong.
    UsageError
        U105: several collections use it and none is named.
    """
    found = locate(state, name, "rules")
    path = found.path
    tree = configs.read_tree(path)
    entries = tree.get("rules") if isinstance(tree.get("rules"), list) else []
    findings = list(check_ids(entries, lambda *place: configs.position(path, tree, place)))
    source = configs.parse(path, tree, RuleSet, _with_distinct_ids)
    return OpenedRules(source, _scope(source, found, collection), findings)


def _with_distinct_ids(plain: dict[str, Any]) -> dict[str, Any]:
    rules = plain.get("rules")
    return {**plain, "rules": distinct_ids(rules)} if isinstance(rules, list) else plain


def _scope(source: Source[RuleSet], found: Found, collection: str | None) -> Scope:
    chosen = found.collection(source.value.id, collection)
    return _of_collection(found.project, chosen) if found.project and chosen else _stated(source, found)


def _of_collection(project: Project, name: str) -> Scope:
    source = project.collection(name)
    collection, legend = source.value, project.legend(source.value.legend).value
    modules = tuple(member.module for member in collection.modules)
    layers = {layer.id: layer.values for layer in collection.layers}
    mosaics = link_mosaics(collection.mosaics, modules, layers, source.at)
    manifests = {module: project.manifest(module) for module in modules}
    declared = {module: manifest.value.classes for module, manifest in manifests.items()}
    claims = claims_of(declared, legend, lambda module: manifests[module].at("classes"))
    return Scope(Vocabulary(legend, modules, layers, mosaics), claims, collection.years.all())


def _stated(source: Source[RuleSet], found: Found) -> Scope:
    stated = source.value.vocabulary
    if stated is None:
        remedy = "name the rule set in a collection, or add a 'vocabulary:' block with legend, sources and layers"
        message = "the rules belong to no collection and state no vocabulary"
        raise UsageError.because("U107", message, where=str(source.path), remedy=remedy)
    legend = found.legend(stated.legend)
    claims = claims_of(stated.sources, legend, lambda module: source.at("vocabulary", "sources", module))
    return Scope(vocabulary_of(source.value, legend, source.at), claims)
