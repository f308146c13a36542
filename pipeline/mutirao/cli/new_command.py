"""`mutirao new`: begin a module."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json, show_findings
from mutirao.errors import Finding, UsageError

if TYPE_CHECKING:
    from mutirao.legend import Legend


class Kind(StrEnum):
    """Kinds of module."""

    region = "region"
    theme = "theme"


class Method(StrEnum):
    """Ways to make classes."""

    recipe = "recipe"
    python = "python"
    earthengine = "earthengine"
    delivered = "delivered"


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Name of the folder: lower case, digits, _ and -.")],
    kind: Annotated[Kind | None, typer.Option(help="region: a whole territory; theme: what it maps.")] = None,
    method: Annotated[
        Method | None,
        typer.Option(help="recipe: no code; python: a function; earthengine: an ee.Image; delivered: finished files."),
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="Who owns the module.")] = None,
    maintainer: Annotated[str | None, typer.Option(help="Name of a person who answers for it.")] = None,
    contact: Annotated[str | None, typer.Option(help="E-mail address, ORCID or forge handle of that person.")] = None,
    classes: Annotated[
        str | None, typer.Option(help="Classes it may claim, with commas: codes, names, groups.")
    ] = None,
    collection: Annotated[str | None, typer.Option(help="Collection it belongs to, if there are several.")] = None,
    json: Json = False,
) -> None:
    """Begin a module: a folder with manifest, method page and tests to fill in. Asks for what is not given."""
    from mutirao.modules.scaffold import new_module, require_free

    project = context.obj.project()
    require_free(project, module)  # before anybody has answered all questions in vain
    given = {"kind": kind, "method": method, "organisation": organisation, "maintainer": maintainer}
    asks = _is_terminal() and not json
    if not asks:
        _require(given)
    chosen = context.obj.collection(project, _collection(project.collection_ids(), collection) if asks else collection)
    if asks:
        legend = project.legend(project.collection(chosen).value.legend).value
        given |= {name: _ask(name) for name, value in given.items() if value is None}
        contact = _ask("contact") if contact is None else contact
        classes = _ask_classes(legend) if classes is None else classes
    made = new_module(
        project,
        module,
        **{name: str(value) for name, value in given.items()},
        collection=chosen,
        contact=contact or "",
        classes=_listed(classes),
    )
    if json:
        print_json({"folder": made.folder, "next_steps": made.next_steps})
        return
    out.print(f"[green]made[/green] {made.folder}", soft_wrap=True)
    for number, step in enumerate(made.next_steps, start=1):
        out.print(f"  [bold]{number}.[/bold] ", end="")
        out.print(step, soft_wrap=True, markup=False)


_QUESTIONS: dict[str, tuple[str, type[StrEnum] | None, str | None]] = {
    "kind": ("Does it map a whole territory (region) or one thing wherever it is (theme)", Kind, "region"),
    "method": ("How is the map made", Method, "delivered"),
    "organisation": ("Which organisation owns it", None, None),
    "maintainer": ("Who answers for it (a name)", None, None),
    "contact": ("How to reach this person (empty: later)", None, ""),
}
"""Text, choices and default of what is asked."""


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _require(given: dict[str, str | None]) -> None:
    """Refuse to go on without what nobody can be asked for."""
    missing = [name for name, value in given.items() if value is None]
    if missing:
        remedy = "give the option, or run the command on a terminal, where it asks"
        raise UsageError(*(Finding("N105", f"--{name} is missing", "mutirao new", remedy) for name in missing))


def _ask(name: str) -> str:
    text, choices, default = _QUESTIONS[name]
    if choices:
        return _choose(text, [choice.value for choice in choices], default)
    return str(typer.prompt(text, default=default, show_default=bool(default)))


def _choose(text: str, choices: list[str], default: str | None) -> str:
    """Ask until the answer is one of the choices."""
    while True:
        answer = str(typer.prompt(f"{text} ({', '.join(choices)})", default=default)).strip()
        if answer in choices:
            return answer
        out.print(f"'{answer}' is none of {', '.join(choices)}", markup=False)


def _collection(known: list[str], named: str | None) -> str | None:
    """Ask for the collection if there are several."""
    if named is not None or len(known) < 2:
        return named
    return _choose("Which collection does it belong to", known, known[0])


def _ask_classes(legend: Legend) -> str:
    from mutirao.modules.scaffold import classes_of

    names = ", ".join(f"{item.code} {item.title()}" for item in legend.leaves)
    out.print(f"Classes of legend '{legend.id}': {names}", markup=False)
    question = "Which of them may it claim, with commas (empty: later)"
    while True:
        answer = str(typer.prompt(question, default="", show_default=False))
        try:
            classes_of(legend, _listed(answer))
        except UsageError as error:
            show_findings(error.findings)
        else:
            return answer


def _listed(classes: str | None) -> list[int | str]:
    parts = [part.strip() for part in (classes or "").split(",")]
    return [int(part) if part.isdigit() else part for part in parts if part]
