"""How `mutirao explain` tells a story: text for people, plain values for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mutirao.cli.console import out
from mutirao.engine.story import Story
from mutirao.integration.explain import Explanation, TriedRule
from mutirao.integration.wording import rule_words
from mutirao.legend import NODATA, Legend

SIGNS = {"decides": ("✓", "bold green"), "does not hold": ("✗", "dim"), "steps back": ("↷", "yellow")}


def show(story: Story, place: tuple[float, float], year: int | None) -> None:
    """Print a story: all years in short if none is asked for, then one year in detail."""
    out.print(Text(story.title, style="bold"))
    out.print(f"longitude {place[0]}, latitude {place[1]}: row {story.row}, column {story.column}\n")
    if year is None:
        _overview(story)
    shown = story.years.index(year) if year else len(story.years) - 1
    _detail(story, shown)
    _verdict(story, shown)


def _overview(story: Story) -> None:
    heard = [module for module in story.basis.modules if any(told.claims[module] for told in story.explanations)]
    table = _table("year", "claims", "rule", "module", "integrated", "map")
    for index, told in enumerate(story.explanations):
        claims = _series((told.claims[module] for module in heard), story.basis.legend)
        rule = told.winner.id if told.winner else "none"
        classes = (class_text(code, story.basis.legend) for code in (told.code, story.kept["class"][index]))
        table.add_row(str(told.year), claims, rule, told.module or "-", *classes)
    out.print(table)
    out.print(f"claims: codes of {', '.join(heard) or 'nobody'}; - is no claim\n", style="dim")


def _detail(story: Story, index: int) -> None:
    told = story.explanations[index]
    _heading(f"{told.year}: what each module claims")
    _claims(story, told)
    _heading("Rules in order; the first that holds and does not step back decides")
    _rules(story, told)
    _result(story, told)
    if story.basis.steps:
        _heading("Filters after the rules")
        _filters(story, index)


def _heading(text: str) -> None:
    out.print(Text(text, style="bold cyan"))


def _claims(story: Story, told: Explanation) -> None:
    table = _table()
    for module, claim in told.claims.items():
        speaks = ", ".join(f"speaks for {mosaic}" for mosaic, member in told.members.items() if member == module)
        table.add_row(
            f"  {module}", story.versions[module], class_text(claim, story.basis.legend, "claims nothing"), speaks
        )
    for layer, value in told.layers.items():
        table.add_row(f"  {layer}", "layer", story.basis.names.of_value(layer, value), "")
    out.print(table)
    out.print()


def _rules(story: Story, told: Explanation) -> None:
    table = _table()
    for rule in told.tried:
        sign, style = SIGNS[rule.verdict]
        first, *rest = rule_words(rule, story.basis.names)
        table.add_row(Text(f"  {sign}", style), str(rule.number), Text(rule.id, style), Text(first, _tone(rule)))
        for words in rest:
            table.add_row("", "", "", Text(words, _tone(rule)))
    later = len(story.basis.rules) - len(told.tried)
    if later:
        table.add_row("", "", "", Text(f"{later} later rule{'s' * (later > 1)} not needed", "dim"))
    out.print(table)


def _tone(rule: TriedRule) -> str:
    return "dim" if rule.verdict == "does not hold" else ""


def _result(story: Story, told: Explanation) -> None:
    legend = story.basis.legend
    if told.winner is None:
        out.print(Text("  No rule takes this pixel: a coverage hole.", "bold yellow"))
    else:
        why = next(rule.why for rule in story.basis.rule_set.rules if rule.id == told.winner.id)
        out.print(_indented(Text(f"why: {why}", "italic")))
    against = [f"{module} ({_name(told.claims[module], legend)})" for module in told.against]
    words = f", against {', '.join(against)}" if against else ", and nobody claims another class"
    result = Text.assemble("→ ", class_text(told.code, legend), f" through {told.module or 'no module'}{words}\n")
    out.print(_indented(result))


def _filters(story: Story, index: int) -> None:
    legend, year = story.basis.legend, story.years[index]
    out.print(
        Text.assemble("  rules gave ", _series(story.integrated, legend), f"in {story.years[0]}-{story.years[-1]}")
    )
    for change in story.changes:
        out.print(_indented(Text(f"{change.number} {change.title}")))
        words = Text.assemble("then ", _series(change.after, legend))
        if change.changed(index):
            classes = (class_text(change.before[index], legend), " → ", class_text(change.after[index], legend))
            words = Text.assemble(words, (f"{year}: ", "bold"), *classes)
        out.print(_indented(words, 7))
    if not any(change.changed(index) for change in story.changes):
        out.print(f"  no step changed {year}", style="dim")
    out.print()


def _indented(text: Text, columns: int = 2) -> Padding:
    return Padding(text, (0, 0, 0, columns))


def _verdict(story: Story, shown: int) -> None:
    different = [index for index in range(len(story.years)) if story.differences(index)]
    if not different:
        final = class_text(story.told["class"][shown], story.basis.legend)
        same = f"; the map says the same, in all {len(story.years)} years"
        out.print(Text.assemble(("✓ ", "bold green"), f"{story.years[shown]}: ", final, (same, "green")))
    for index in different:
        layers = ", ".join(story.differences(index))
        words = f"THE MAP SAYS SOMETHING ELSE in {story.years[index]} ({layers}): "
        classes = (
            class_text(story.kept["class"][index], story.basis.legend),
            class_text(story.told["class"][index], story.basis.legend),
        )
        out.print(Text.assemble((words, "bold red"), classes[0], " in the map, ", classes[1], " here"))
    if different:
        out.print("Layers, submissions or the code changed since; build again and look at the difference.", style="red")


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, show_header=bool(columns), padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _series(codes: Iterable[int], legend: Legend) -> Text:
    return Text.assemble(*((f"{code or '-':<4}", color_of(code, legend)) for code in codes))


def class_text(code: int, legend: Legend, nothing: str = "No data") -> Text:
    """Return the name of a class beside its colour."""
    if code == NODATA:
        return Text(nothing, "dim")
    return Text.assemble(("■ ", color_of(code, legend)), _name(code, legend))


def _name(code: int, legend: Legend) -> str:
    known = legend.by_code.get(code)
    return known.title() if known else f"Class {code}, not in the legend"


def color_of(code: int, legend: Legend) -> str:
    """Return the style of a class: its colour, or none if the legend has it not."""
    known = legend.by_code.get(code)
    return f"bold {known.color}" if known else ""


def as_json(story: Story, place: tuple[float, float], years: Iterable[int]) -> dict[str, Any]:
    """Return a story as plain values."""
    return {
        "of": story.title,
        "longitude": place[0],
        "latitude": place[1],
        "row": story.row,
        "column": story.column,
        "submissions": story.versions,
        "years": [_year(story, story.years.index(year)) for year in years],
        "filters": [asdict(change) for change in story.changes],
    }


def _year(story: Story, index: int) -> dict[str, Any]:
    told = story.explanations[index]
    rules = [
        {
            "number": rule.number,
            "rule": rule.id,
            "verdict": rule.verdict,
            "reasons": rule_words(rule, story.basis.names),
        }
        for rule in told.tried
    ]
    return {
        "year": told.year,
        "claims": told.claims,
        "layers": told.layers,
        "rules": rules,
        "rule": told.winner.id if told.winner else None,
        "module": told.module,
        "against": told.against,
        "integrated": told.code,
        "class": story.told["class"][index],
        "filter_steps": [change.number for change in story.changes if change.changed(index)],
        "map": {layer: values[index] for layer, values in story.kept.items()},
        "differs_in": story.differences(index),
    }
