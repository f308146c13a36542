"""`mutirao sync`: make again what is generated from the code and the manifests."""

from __future__ import annotations

from typing import Annotated

import typer

from mutirao.cli.console import out


def command(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Only say what is stale, and end with 1.")] = False,
) -> None:
    """Write what is generated: JSON Schemas, CODEOWNERS and table of the modules, reference pages."""
    from mutirao.generated import stale, write

    project = context.obj.project()
    old = stale(project)
    if not check:
        write(project)
    for path in old:
        out.print(f"{'stale' if check else 'written'}: {path}", soft_wrap=True)
    if not old:
        out.print("everything generated is up to date")
    if check and old:
        raise typer.Exit(1)
