"""`mutirao release`: publish the last build as an immutable version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, Watching, out, print_json, show_table
from mutirao.cli.dates import Expires, read_date

if TYPE_CHECKING:
    from mutirao.release.publish import Published


def command(
    context: typer.Context,
    version: Annotated[str, typer.Option(help="major.minor.patch; a version is never changed.")],
    collection: Annotated[str | None, typer.Argument(help="Collection, if there are several.")] = None,
    key: Annotated[Path | None, typer.Option(help="Key of a curator that signs it, or its .pub file.")] = None,
    expires: Expires = None,
    json: Json = False,
) -> None:
    """Publish the last build: maps, tables, catalogue, notes and map page."""
    from mutirao.engine.build import latest
    from mutirao.release.publish import publish

    project = context.obj.project()
    build, end = latest(project, context.obj.collection(project, collection)), read_date(expires, "--expires")
    result = publish(project, build, version, Watching(), key=key, expires=end)
    if json:
        print_json(_summary(result))
    else:
        tell_release(result)


def _summary(result: Published) -> dict[str, object]:
    changes = [] if result.changes is None else result.changes.to_dict(orient="records")
    record = result.release.model_dump(mode="json", include={"collection", "version", "build", "previous_version"})
    return {"created": result.created, "folder": result.folder, "trust": result.trust, **record, "changes": changes}


def tell_release(result: Published) -> None:
    """Print what was released and what changed since the version before."""
    from mutirao.release.notes import by_cause, largest_changes

    name = f"{result.release.collection} {result.release.version}"
    state = "released" if result.created else "is already out with the same pixels, nothing to do"
    out.print(f"{name} {state}: {result.folder}", soft_wrap=True)
    out.print(result.trust, soft_wrap=True, markup=False)
    if result.changes is None:
        return
    largest = largest_changes(result.changes)
    rows = list(zip(*(largest[name] for name in ("name_from", "name_to", "through", "area_ha")), strict=True))
    since = result.release.previous_version
    for cause, area in by_cause(result.changes).items():
        out.print(f"{area:.2f} ha changed class since {since}, summed over the years, through {cause}")
    if rows:
        show_table(f"What changed since {since}, hectares over all years", ["from", "to", "through", "ha"], rows)
    else:
        out.print(f"no pixel has another class than in {since}")
