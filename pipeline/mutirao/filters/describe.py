"""Words for the steps of a chain: what people read in a terminal, in Markdown and on a page."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from mutirao.filters.chain import Chain
from mutirao.filters.step import Between, Condition, Except, Span, Step
from mutirao.legend import LandClass, Legend
from mutirao.model import Reference
from mutirao.templates import fill

Words = tuple[str | LandClass, ...]
"""Text and classes in a row; a class is shown with its colour."""
ARROW = "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True, slots=True)
class DescribedStep:
    """A step in words."""

    number: int
    filter: str
    title: str
    does: str
    where: str
    years: str
    settings: tuple[tuple[str, Words], ...]
    """Keys that the step sets, each with its value."""

    def as_dict(self) -> dict[str, object]:
        """Return plain values for `--json`."""
        facts = {name: getattr(self, name) for name in self.__slots__ if name != "settings"}
        return {**facts, "settings": {key: plain(words) for key, words in self.settings}}


def plain(words: Words) -> str:
    """Return words without colours."""
    return " ".join(f"{word.code} {word.title()}" if isinstance(word, LandClass) else word for word in words)


def describe(chain: Chain, legend: Legend) -> tuple[DescribedStep, ...]:
    """Return the steps of a chain in words, in the order in which they run."""
    return tuple(_step(number, step, legend) for number, (step, _) in enumerate(chain.flat(), start=1))


def _step(number: int, step: Step, legend: Legend) -> DescribedStep:
    fields = type(step).model_fields
    settings = []
    for key, field in fields.items():
        value = getattr(step, key)
        if key in ("filter", "title", "where", "years") or value in (field.default, ()):
            continue
        words = _rewrites(value, legend) if key == "rewrites" else _value(value, field.annotation, legend)
        settings.append((key, tuple(words)))
    return DescribedStep(
        number=number,
        filter=getattr(step, "filter", ""),
        title=step.title,
        does=(inspect.getdoc(type(step)) or "").split("\n\n")[0].replace("\n", " "),
        where=" and ".join(f"{layer} {_condition(condition)}" for layer, condition in step.where.items()),
        years=_years(step.years),
        settings=tuple(settings),
    )


def _value(value: Any, annotation: Any, legend: Legend) -> Iterator[str | LandClass]:
    """Yield a value in words; what the key takes tells a class from a number."""
    parts = get_args(annotation)
    if isinstance(value, Mapping):
        inner = _member(annotation, dict)
        yield from _between(
            ((*_value(k, inner[0], legend), ":", *_value(v, inner[1], legend)) for k, v in value.items()), ","
        )
    elif isinstance(value, tuple):
        yield from _between((_value(one, _member(annotation, tuple)[0], legend) for one in value), ",")
    elif {int, str} <= set(parts) and isinstance(value, int | str) and not isinstance(value, bool):
        yield _class(value, legend)
    else:
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _member(annotation: Any, kind: type) -> tuple[Any, ...]:
    """Return what the tuple or mapping in an annotation holds."""
    inner = get_args(annotation)
    if get_origin(annotation) is kind:
        return inner
    return next((found for found in (_member(part, kind) for part in inner) if found != (None, None)), (None, None))


def _between(parts: Iterable[Iterable[str | LandClass]], mark: str) -> Iterator[str | LandClass]:
    for i, part in enumerate(parts):
        if i:
            yield mark
        yield from part


def _rewrites(texts: Iterable[str], legend: Legend) -> Iterator[str | LandClass]:
    """Yield patterns, each with `;` before the next."""
    rows = ([int(token) if token.isdigit() else token for token in text.split()] for text in texts)
    yield from _between(([ARROW if token == "->" else _class(token, legend) for token in row] for row in rows), ";")


def _class(reference: Reference, legend: Legend) -> str | LandClass:
    """Return the class of a reference; a group, or what the legend does not know, stays as it is written."""
    try:
        codes = legend.resolve(reference)
    except KeyError:
        return str(reference)
    return legend.by_code[min(codes)] if len(codes) == 1 else str(reference)


def _condition(condition: Condition) -> str:
    if isinstance(condition, Between):
        low = [] if condition.at_least is None else [f"from {condition.at_least}"]
        high = [] if condition.at_most is None else [f"up to {condition.at_most}"]
        return " ".join(low + high)
    listed = condition.none_of if isinstance(condition, Except) else condition
    values = " or ".join(map(str, listed if isinstance(listed, tuple) else (listed,)))
    return f"is not {values}" if isinstance(condition, Except) else f"is {values}"


def _years(span: Span | None) -> str:
    if span is None or (span.first is None and span.last is None):
        return ""
    if span.first is None:
        return f"to {span.last}"
    return f"from {span.first}" if span.last is None else f"{span.first}-{span.last}"


def as_markdown(chain: Chain, rows: Iterable[DescribedStep]) -> str:
    """Return the steps as a Markdown table under a heading."""
    head = f"# {chain.title}\n\n| no. | filter | step | where and when | settings |\n|---|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(_cells(row))} |\n" for row in rows)


def _cells(row: DescribedStep) -> list[str]:
    settings = "; ".join(f"{key}: {plain(words)}" for key, words in row.settings)
    cells = [str(row.number), f"`{row.filter}`", row.title or row.does, scope_words(row), settings]
    return [" ".join(cell.replace("|", "\\|").split()) for cell in cells]


def scope_words(row: DescribedStep) -> str:
    """Return where and when a step writes, nothing for everywhere and always."""
    return ", ".join(filter(None, [row.where and f"where {row.where}", row.years]))


def as_html(chain: Chain, rows: Iterable[DescribedStep]) -> str:
    """Return the steps as a page that needs nothing else."""
    return fill("chain.html.j2", {"title": chain.title, "rows": list(rows), "scope": scope_words})
