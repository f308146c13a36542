"""`mutirao status`: who delivered what, and where the collection stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mutirao.cli.console import Json, out, print_json, show_table
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.project import Project


def command(
    context: typer.Context,
    collection: Annotated[str | None, typer.Argument(help="Collection, if there are several.")] = None,
    json: Json = False,
) -> None:
    """Show modules, submissions, the last build and the releases of a collection."""
    from mutirao.release.publish import released_versions

    project = context.obj.project()
    chosen = context.obj.collection(project, collection)
    status = {
        "collection": chosen,
        "modules": [_module(project, member.module) for member in project.collection(chosen).value.modules],
        "build": _build(project, chosen),
        "releases": released_versions(project.releases / chosen),
    }
    if json:
        print_json(status)
    else:
        _tell(status)


def _module(project: Project, module_id: str) -> dict[str, Any]:
    from mutirao.modules.store import list_submissions, load_submission

    manifest = project.manifest(module_id).value
    versions = list_submissions(project, module_id)
    facts = {"module": module_id, "kind": manifest.kind, "organisation": manifest.organisation, "versions": versions}
    if not versions:
        return {**facts, "years": [], "created": ""}
    receipt = load_submission(project, module_id).receipt
    return {**facts, "years": list(receipt.years), "created": receipt.created}


def _build(project: Project, collection: str) -> dict[str, Any] | None:
    from mutirao.engine.build import latest
    from mutirao.modules.store import list_submissions

    try:
        last = latest(project, collection)
    except UsageError:
        return None
    used = {module.module: module.version for module in last.record.modules}
    stale = [name for name, version in used.items() if list_submissions(project, name)[-1:] != [version]]
    return {"build": last.folder.name, "created": last.record.created, "uses": used, "newer_submissions": stale}


def _tell(status: dict[str, Any]) -> None:
    rows = [
        (m["module"], m["kind"], _newest(m["versions"]), _span(m["years"]), m["created"][:10])
        for m in status["modules"]
    ]
    columns = ["module", "kind", "version", "years", "submitted"]
    show_table(f"Collection {status['collection']}", columns, rows)
    build = status["build"]
    out.print(f"last build: {build['build']} of {build['created']}" if build else "last build: none yet")
    if build and build["newer_submissions"]:
        out.print(f"newer submissions wait for a build: {', '.join(build['newer_submissions'])}")
    out.print(f"releases: {', '.join(status['releases']) or 'none yet'}")


def _newest(versions: list[str]) -> str:
    return versions[-1] if versions else "none yet"


def _span(years: list[int]) -> str:
    return f"{years[0]}-{years[-1]}" if years else ""
