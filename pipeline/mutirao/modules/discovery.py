"""Find a module and link it: from a manifest to a value with all references resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mutirao.collection import Collection
from mutirao.crosswalk import Table, translate
from mutirao.errors import ConfigError, Finding, blocking
from mutirao.io.configs import Source
from mutirao.legend import Legend
from mutirao.modules.checks.base import Fixtures, run_checks
from mutirao.modules.checks.linking import LINKING, REMARKS, recipe
from mutirao.modules.manifest import Manifest
from mutirao.modules.module import Module, OwnLegend
from mutirao.project import Project

__all__ = ["Module", "load_module"]


def load_module(project: Project, module_id: str) -> Module:
    """Read a module's manifest and link it to its collection and legend.

    Returns
    -------
    The module. Findings that do not stop work on it (a template line not filled in, a thin method page, a licence to
    talk about) are in `remarks`; the blocking ones among them refuse a submission.

    Raises
    ------
    UsageError
        U101: there is no such module.
    ConfigError
        The manifest, the collection, a legend or a crosswalk table cannot be read (C101 to C109); no crosswalk leads
        from the module's own legend to the collection's (X101 to X107); or, all at once, M101 to M105, M108, M109,
        M111 and M305.
    """
    module = _linked(project, project.manifest(module_id))
    fixtures = Fixtures((recipe,), module=module, project=project)
    findings = run_checks(LINKING, fixtures).findings
    everything = run_checks((*LINKING, *REMARKS), fixtures).findings
    if blocking(findings):
        raise ConfigError(*everything)
    return replace(module, remarks=everything)


def _linked(project: Project, source: Source[Manifest]) -> Module:
    """Resolve what can be resolved; the linking checks say what cannot."""
    manifest = source.value
    collection_source = project.collection(manifest.collection)
    collection = collection_source.value
    legend = project.legend(collection.legend).value
    _require_plausible(collection_source, legend)
    codes = _known(legend, manifest.classes)
    own = _own_legend(project, source, legend)
    crosswalk = _one_step(manifest, own.legend if own else legend)
    return Module(
        source,
        collection,
        legend,
        source.path.parent,
        codes,
        _through(own, crosswalk, codes) if own else crosswalk,
        manifest.grid or collection.grid,
        own,
    )


def _require_plausible(source: Source[Collection], legend: Legend) -> None:
    """Refuse implausible changes between classes that the legend does not have."""
    named = [
        (reference, ("implausible", i, side, j))
        for i, rule in enumerate(source.value.implausible)
        for side, references in (("before", rule.before), ("after", rule.after))
        for j, reference in enumerate(references)
    ]
    findings = [
        Finding("C109", f"'{name}' is no class or group of the legend", source.at(*place), legend.hint(name))
        for name, place in named
        if not _known(legend, [name])
    ]
    if findings:
        raise ConfigError(*findings)


def _one_step(manifest: Manifest, legend: Legend) -> dict[int, int]:
    """Return the code of a legend by local code, as the manifest says."""
    targets = {local: sorted(_known(legend, [reference])) for local, reference in manifest.crosswalk.items()}
    return {local: found[0] for local, found in targets.items() if len(found) == 1}


def _through(own: OwnLegend, crosswalk: Mapping[int, int], claimed: frozenset[int]) -> dict[int, int]:
    """Return the claimed class by local code: first to the module's own legend, then through the crosswalk tables."""
    local = {**{code: code for code in sorted(own.legend.codes)}, **crosswalk}
    new = own.translation.codes
    return {value: new[code] for value, code in local.items() if new.get(code) in claimed}


def _own_legend(project: Project, source: Source[Manifest], legend: Legend) -> OwnLegend | None:
    name = source.value.legend
    if name in (None, legend.id):
        return None
    legends = {known: project.legend(known).value for known in project.legend_ids()}
    tables = [Table(crosswalk.value, crosswalk.at) for crosswalk in project.crosswalks()]
    translation = translate(tables, legends, name, legend.id, source.at("legend"))
    return OwnLegend(legends[name], translation)


def _known(legend: Legend, references: Iterable[int | str]) -> frozenset[int]:
    codes: set[int] = set()
    for reference in references:
        try:
            codes |= legend.resolve(reference)
        except KeyError:
            continue  # M102 names it
    return frozenset(codes)
