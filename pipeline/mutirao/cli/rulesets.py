"""A rule set with what it is judged against: by its collection, or by the vocabulary that its file states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutirao.cli.state import State
from mutirao.errors import UsageError
from mutirao.integration.declared import check_ids, claims_of, distinct_ids
from mutirao.integration.prevalence import RuleSet
from mutirao.integration.resolve import Vocabulary, link_mosaics, vocabulary_of
from mutirao.integration.rulefinding import RuleFinding, Scope
from mutirao.io import configs
from mutirao.io.configs import Source
from mutirao.legend import Legend
from mutirao.project import Project, find


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
    is_file = "/" in name or name.endswith((".yaml", ".yml"))
    project = _project_around(Path(name), state) if is_file else state.project()
    path = Path(name) if is_file or project is None else project.root / "configs" / "rules" / f"{name}.yaml"
    tree = configs.read_tree(path)
    entries = tree.get("rules") if isinstance(tree.get("rules"), list) else []
    findings = list(check_ids(entries, lambda *place: configs.position(path, tree, place)))
    source = configs.parse(path, tree, RuleSet, _with_distinct_ids)
    return OpenedRules(source, _scope(source, project, collection), findings)


def _with_distinct_ids(plain: dict[str, Any]) -> dict[str, Any]:
    rules = plain.get("rules")
    return {**plain, "rules": distinct_ids(rules)} if isinstance(rules, list) else plain


def _project_around(path: Path, state: State) -> Project | None:
    try:
        return state.project() if state.folder else find(path.parent, state.workspace)
    except UsageError:
        return None


def _scope(source: Source[RuleSet], project: Project | None, collection: str | None) -> Scope:
    chosen = _collection(source, project, collection) if project else None
    return _of_collection(project, chosen) if project and chosen else _stated(source, project)


def _collection(source: Source[RuleSet], project: Project, name: str | None) -> str | None:
    """Return the collection that uses a rule set, None if none does."""
    users = [user for user in project.collection_ids() if project.collection(user).value.rules == source.value.id]
    if name is None and len(users) < 2:
        return next(iter(users), None)
    if name not in users:
        message = f"rules '{source.value.id}' are used by {', '.join(users) or 'no collection'}"
        remedy = "name one of them with --collection" if users else "leave --collection out"
        raise UsageError.because("U105", message, where=str(source.path), remedy=remedy)
    return name


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


def _stated(source: Source[RuleSet], project: Project | None) -> Scope:
    stated = source.value.vocabulary
    if stated is None:
        remedy = "name the rule set in a collection, or add a 'vocabulary:' block with legend, sources and layers"
        message = "the rules belong to no collection and state no vocabulary"
        raise UsageError.because("U107", message, where=str(source.path), remedy=remedy)
    legend = _legend(source.path, stated.legend, project)
    claims = claims_of(stated.sources, legend, lambda module: source.at("vocabulary", "sources", module))
    return Scope(vocabulary_of(source.value, legend, source.at), claims)


def _legend(rules: Path, name: str, project: Project | None) -> Legend:
    """Return a legend: a file under legends/ beside the folder of the rules, or else of the project."""
    path = rules.resolve().parent.parent / "legends" / f"{name}.yaml"
    if project and not path.is_file():
        path = project.root / "configs" / "legends" / f"{name}.yaml"
    return configs.load(path, Legend).value
