"""`mutirao new`: begin a module."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mutirao.cli.console import out


class Kind(StrEnum):
    """Kinds of module."""

    region = "region"
    theme = "theme"


class Method(StrEnum):
    """Ways to make classes."""

    recipe = "recipe"
    python = "python"
    delivered = "delivered"


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Name of the folder: lower case, digits, _ and -.")],
    kind: Annotated[Kind, typer.Option(prompt=True, help="region: a whole territory; theme: what it maps.")],
    method: Annotated[Method, typer.Option(prompt=True, help="recipe: no code; python: a function; delivered: files.")],
    organisation: Annotated[str, typer.Option(prompt=True, help="Who owns the module.")],
    maintainer: Annotated[str, typer.Option(prompt=True, help="Name of a person who answers for it.")],
    collection: Annotated[str | None, typer.Option(help="Collection it belongs to, if there are several.")] = None,
) -> None:
    """Begin a module: a folder with manifest, method page and tests to fill in."""
    from mutirao.modules.scaffold import new_module

    project = context.obj.project()
    chosen = context.obj.collection(project, collection)
    made = new_module(
        project,
        module,
        kind=kind.value,
        method=method.value,
        organisation=organisation,
        maintainer=maintainer,
        collection=chosen,
    )
    out.print(f"made {made.folder}", soft_wrap=True)
    for number, step in enumerate(made.next_steps, start=1):
        out.print(f"  {number}. {step}", soft_wrap=True)
