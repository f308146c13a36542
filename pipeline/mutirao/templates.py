"""Fill the templates of pages and notes, `web/templates/`: one way, wherever a page is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def fill(
    name: str,
    values: Mapping[str, Any],
    *,
    filters: Mapping[str, Callable[..., str]] | None = None,
    markup: bool = True,
) -> str:
    """Return a template with its values.

    Parameters
    ----------
    name : file in `web/templates/`.
    filters : functions that the template names.
    markup : whether the result is HTML, in which names that look like markup must be words.

    Raises
    ------
    jinja2.UndefinedError
        The template asks for a value that is not given.
    """
    environment = Environment(
        loader=PackageLoader("mutirao.web", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=markup,
    )
    environment.filters |= dict(filters or {})
    return environment.get_template(name).render(values)
