"""Words for rules and for what the linter finds: what people read in a terminal, in Markdown and on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mutirao.collection import Years
from mutirao.integration.prevalence import SKIP, Assign, Conditions, From, Map, References, Rule, RuleSet, as_tuple
from mutirao.integration.resolve import Vocabulary
from mutirao.integration.universe import Witness
from mutirao.legend import NODATA, LandClass, Legend
from mutirao.model import Reference
from mutirao.templates import fill


@dataclass(frozen=True, slots=True)
class Described:
    """A rule in words."""

    number: int
    id: str
    source: str
    classes: tuple[LandClass, ...]
    """Classes that the rule claims."""
    assign: str
    """What it gives, if not the claimed class."""
    where: tuple[str, ...]
    years: str
    exceptions: tuple[str, ...]
    why: str
    decided_by: str
    since: str

    def as_dict(self) -> dict[str, object]:
        """Return plain values for `--json`."""
        classes = [{"code": item.code, "name": item.title(), "color": item.color} for item in self.classes]
        facts = {name: getattr(self, name) for name in self.__slots__ if name not in ("classes", "where", "exceptions")}
        return {**facts, "classes": classes, "where": list(self.where), "exceptions": list(self.exceptions)}


def describe(rule_set: RuleSet, vocabulary: Vocabulary) -> tuple[Described, ...]:
    """Return the rules of a set in words."""
    return tuple(_rule(number, rule, vocabulary) for number, rule in enumerate(rule_set.rules, start=1))


def _rule(number: int, rule: Rule, vocabulary: Vocabulary) -> Described:
    legend = vocabulary.legend
    codes = legend.resolve_all(as_tuple(rule.claim[rule.source]))
    return Described(
        number=number,
        id=rule.id,
        source=rule.source,
        classes=tuple(item for item in legend.classes if item.code in codes),
        assign="" if rule.assign is None else assign_words(rule.assign, vocabulary),
        where=tuple(condition_words(name, values, vocabulary) for name, values in rule.where.items()),
        years=years_words(rule.years),
        exceptions=tuple(
            f"unless {conditions_words(case.when, vocabulary)}: {assign_words(case.assign, vocabulary)}"
            for case in rule.unless
        ),
        why=rule.why,
        decided_by=rule.decided_by,
        since=rule.since,
    )


def years_words(years: Years | None) -> str:
    """Return a range of years, nothing for all years."""
    if years is None:
        return ""
    return str(years.first) if years.first == years.last else f"{years.first}-{years.last}"


def conditions_words(conditions: Conditions, vocabulary: Vocabulary) -> str:
    """Return conditions that must all hold."""
    return " and ".join(condition_words(name, values, vocabulary) for name, values in conditions.items())


def condition_words(name: str, references: References, vocabulary: Vocabulary) -> str:
    """Return a condition: 'state is 335 or 435', 'urban claims 24 Urban area'."""
    values = either(reference_words(name, reference, vocabulary) for reference in as_tuple(references))
    return f"{name} {'is' if name in vocabulary.layers else 'claims'} {values}"


def reference_words(name: str, reference: Reference, vocabulary: Vocabulary) -> str:
    """Return one value of a condition on a source or layer as people would say it."""
    if name in vocabulary.layers:
        return value_words(name, reference, vocabulary) if isinstance(reference, int) else reference
    return "nothing" if reference == NODATA else _class_reference(reference, vocabulary.legend)


def _class_reference(reference: Reference, legend: Legend) -> str:
    codes = legend.resolve(reference)
    return class_words(min(codes), legend) if len(codes) == 1 else f"any {reference}"


def class_words(code: int, legend: Legend) -> str:
    """Return code and name of a class."""
    known = legend.by_code.get(code)
    return f"{code} {known.title()}" if known else ("no class" if code == NODATA else str(code))


def value_words(layer: str, value: int | None, vocabulary: Vocabulary) -> str:
    """Return the name of a layer's value with the value, or what else it may be."""
    if value is None:
        return "any value that no rule mentions"
    names = [name for name, number in vocabulary.layers[layer].items() if number == value]
    return f"{names[0]} ({value})" if names else str(value)


def assign_words(assign: Assign, vocabulary: Vocabulary) -> str:
    """Return what an exception or rule gives."""
    if isinstance(assign, From):
        taken = f"what {assign.source} claims"
        return taken if assign.map is None else f"{taken}, as {_map_words(assign.map, vocabulary)}"
    if isinstance(assign, Map):
        return _map_words(assign.map, vocabulary)
    return "steps back, lower rules decide" if assign == SKIP else _class_reference(assign, vocabulary.legend)


def _map_words(pairs: Mapping[Reference, Reference], vocabulary: Vocabulary) -> str:
    legend = vocabulary.legend
    return ", ".join(
        f"{_class_reference(a, legend)} \N{RIGHTWARDS ARROW} {_class_reference(b, legend)}" for a, b in pairs.items()
    )


def either(words: Iterable[str], last: str = "or") -> str:
    """Return 'a', 'a or b', 'a, b or c'."""
    listed = list(words)
    return f" {last} ".join(filter(None, [", ".join(listed[:-1]), *listed[-1:]]))


def year_words(year: int | None) -> str:
    """Return a year, or that it is one that no rule mentions."""
    return "a year that no rule mentions" if year is None else str(year)


def series_words(years: Sequence[int | None]) -> str:
    """Return years as ranges: '1985-1990 or 2000'."""
    known = [year for year in years if year is not None]
    starts = [year for year in known if year - 1 not in known]
    ends = [year for year in known if year + 1 not in known]
    ranges = [years_words(Years(first=first, last=last)) for first, last in zip(starts, ends, strict=True)]
    return either([*ranges, *([year_words(None)] if None in years else [])])


def witness_words(witness: Witness, vocabulary: Vocabulary) -> str:
    """Return a combination of inputs and what happens there, in one sentence."""
    claims = [
        f"{module} claims {class_words(code, vocabulary.legend)}" for module, code in witness.claims.items() if code
    ]
    silent = "nobody else claims anything" if claims else "nobody claims anything"
    places = [
        f"{layer} is {value_words(layer, value, vocabulary)}"
        for layer, value in witness.layers.items()
        if layer in witness.matters
    ]
    when = [f"the year is {year_words(witness.year)}"] if "year" in witness.matters else []
    return f"{', '.join([*claims, silent, *places, *when])}: {witness.shows}"


def witness_dict(witness: Witness) -> dict[str, object]:
    """Return a combination of inputs as plain values; null is any value that no rule mentions."""
    return {
        "claims": dict(witness.claims),
        "layers": dict(witness.layers),
        "year": witness.year,
        "matters": sorted(witness.matters),
        "shows": witness.shows,
    }


def as_markdown(rule_set: RuleSet, rows: Sequence[Described]) -> str:
    """Return the rules as a Markdown table."""
    head = ["no.", "rule", "claim", "where", "years", "exceptions", "why", "decided by", "since"]
    lines = [head, ["---"] * len(head), *(_markdown_row(row) for row in rows)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"# {rule_set.title}\n\n{table}\n"


def _markdown_row(row: Described) -> list[str]:
    cells = [
        str(row.number),
        row.id,
        claim_words(row),
        "; ".join(row.where),
        row.years,
        "; ".join(row.exceptions),
        row.why,
        row.decided_by,
        row.since,
    ]
    return [" ".join(cell.replace("|", "\\|").split()) for cell in cells]


def claim_words(row: Described) -> str:
    """Return what a rule claims and, if it is something else, what it gives."""
    given = f" \N{RIGHTWARDS ARROW} {row.assign}" if row.assign else ""
    return f"{row.source}: {', '.join(f'{item.code} {item.title()}' for item in row.classes)}{given}"


def as_html(rule_set: RuleSet, rows: Sequence[Described]) -> str:
    """Return the rules as a page that needs nothing else."""
    return fill("rules.html.j2", {"title": rule_set.title, "rows": rows})
