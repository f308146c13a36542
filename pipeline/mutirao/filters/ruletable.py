"""The rule table of Amazonia: one rewrite a line, as a spreadsheet keeps it, and the chain that it stands for.

A row names the classes of the years t-2 to t+2, of which its kernel looks at 3 (t-1 to t+1), 4 (t-1 to t+2) or 5; an
empty cell, `null`, `x` and `*` are any class, and `3/4` is either. Its type says where it is laid and which single year
takes the result: RG, everywhere and the year t; RP, the first years of the series and the first of them; RU, the last
years and the last of them. Rows that are not active are counted and left out.

The order is that of the network's script: longer kernels before shorter ones, of one kernel RP, RG, RU; all of them in
place, with years ascending; at each year all rows of RG, in their order, before the next year. RG leaves out the last
window of the series, as the script does. Of kernel 4, which the script does not know, no window is left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

from mutirao.errors import ConfigError, Finding
from mutirao.filters.chain import Chain, StatedSurroundings
from mutirao.filters.pattern import Pattern
from mutirao.filters.step import Span
from mutirao.legend import slug

Kind = Literal["first", "general", "last"]
_KINDS: dict[str, Kind] = {"rp": "first", "rg": "general", "ru": "last", "first": "first", "general": "general"}
_KINDS["last"] = "last"
_PLACES = ("t-2", "t-1", "t", "t+1", "t+2")
_NAMES = {"tminus2": "t-2", "tminus1": "t-1", "t0": "t", "tplus1": "t+1", "tplus2": "t+2"}
_LOOKS = {3: _PLACES[1:4], 4: _PLACES[1:], 5: _PLACES}
"""Columns that a kernel looks at."""
_LEFT_OUT = {3: 2, 5: 3}
"""Years at the end of the series that RG does not write, by kernel."""
_NEEDED = ("type", "kernel", "active", *_PLACES, "result")
_ANYTHING = ("", "null", "none", "x", "*")
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One active row."""

    line: int
    name: str
    kind: Kind
    before: tuple[str, ...]
    """Classes by year of the window: a class, several as `3/4`, or `*`."""
    result: str

    def rewrites(self) -> Iterator[str]:
        """Yield the row as patterns, one for each choice among several classes."""
        place = {"first": 0, "last": len(self.before) - 1}.get(self.kind, 2 if len(self.before) == 5 else 1)
        after = " ".join(self.result if i == place else "_" for i in range(len(self.before)))
        for classes in product(*(cell.split("/") for cell in self.before)):
            yield f"{' '.join(classes)} -> {after}"


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The rows of a table that count."""

    rows: tuple[TableRow, ...]
    inactive: tuple[str, ...]
    """Names of the rows that are not active."""
    elsewhere: int = 0
    """Rows of other biomes."""


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    where: str


class _Reader:
    """Reads lines of a table and keeps every mistake."""

    def __init__(self, file: str, biome: str | None) -> None:
        self.file = file
        self.biome = biome
        self.findings: list[Finding] = []
        self.inactive: list[str] = []
        self.elsewhere = 0

    def rows(self, lines: Sequence[tuple[int, str]], mark: str, columns: Sequence[str]) -> Iterator[TableRow]:
        """Yield the active rows."""
        for number, line in lines:
            cells = self._cells(number, line, mark)
            if len(cells) != len(columns):
                message = f"the row has {len(cells)} cells, the head has {len(columns)}"
                self._tell("F141", message, f"{self.file}:{number}:1", f"separate cells by '{mark}', as the head does")
                continue
            row = self._row(number, dict(zip(columns, cells, strict=True)))
            if row:
                yield row

    def _cells(self, number: int, line: str, mark: str) -> list[_Cell]:
        texts = next(csv.reader([line], delimiter=mark))
        starts, quoted = [1], False
        for i, letter in enumerate(line, start=1):
            quoted ^= letter == '"'
            starts += [i + 1] if letter == mark and not quoted else []
        pairs = zip(texts, starts, strict=False)
        return [_Cell(text.strip(), f"{self.file}:{number}:{start}") for text, start in pairs]

    def _row(self, number: int, cells: Mapping[str, _Cell]) -> TableRow | None:
        name = cells["rule"].text if "rule" in cells else f"line {number}"
        active = cells["active"]
        if active.text.lower() in _NO:
            self.inactive.append(name)
            return None
        if self.biome and "biome" in cells and slug(cells["biome"].text) != slug(self.biome):
            self.elsewhere += 1
            return None
        before = len(self.findings)
        if active.text.lower() not in _YES:
            self._tell("F142", f"'{active.text}' does not say whether the row is active", active.where, "write 1 or 0")
        kind, places = self._kind(cells["type"]), self._places(cells)
        result = self._class(cells["result"], alone=True)
        return TableRow(number, name, kind, places, result) if len(self.findings) == before else None

    def _kind(self, cell: _Cell) -> Kind:
        if cell.text.lower() not in _KINDS:
            remedy = "write RP (first years), RG (everywhere) or RU (last years)"
            self._tell("F143", f"'{cell.text}' is no type of rule", cell.where, remedy)
        return _KINDS.get(cell.text.lower(), "general")

    def _places(self, cells: Mapping[str, _Cell]) -> tuple[str, ...]:
        kernel = cells["kernel"]
        looked_at = _LOOKS.get(int(kernel.text) if kernel.text.isdecimal() else 0)
        if looked_at is None:
            self._tell("F144", f"'{kernel.text}' is no kernel", kernel.where, "write 3, 4 or 5")
            return ()
        for name in (name for name in _PLACES if name not in looked_at and not _is_any(cells[name].text)):
            message = f"{name} is '{cells[name].text}', but kernel {kernel.text} does not look at {name}"
            self._tell("F145", message, cells[name].where, "empty the cell, or widen the kernel")
        return tuple("*" if _is_any(cells[name].text) else self._class(cells[name]) for name in looked_at)

    def _class(self, cell: _Cell, *, alone: bool = False) -> str:
        parts = [slug(part) for part in cell.text.split("/")]
        if not all(parts) or (alone and (len(parts) > 1 or _is_any(cell.text))):
            message = f"'{cell.text}' is no {'single ' if alone else ''}class"
            self._tell("F146", message, cell.where, "write a code or a name of the legend")
        return "/".join(parts)

    def _tell(self, code: str, message: str, where: str, remedy: str) -> None:
        self.findings.append(Finding(code, message, where, remedy))


def _is_any(text: str) -> bool:
    return text.lower() in _ANYTHING


def parse_table(text: str, file: str, biome: str | None = None) -> RuleTable:
    """Read a table; lines that begin with `#` are remarks.

    Parameters
    ----------
    text : lines of cells separated by `,` or `;`, the first of them the head.
    file : where it stands, for messages.
    biome : take the rows of this biome only.

    Raises
    ------
    ConfigError
        With all findings: F140 the head lacks a column, F141 a row has more or fewer cells, F142 to F146 a cell cannot
        be read, F147 no row is active.
    """
    lines = [(i, line) for i, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1) if line.strip()]
    lines = [(i, line) for i, line in lines if not line.startswith("#")]
    number, head = lines[0] if lines else (1, "")
    mark = ";" if head.count(";") > head.count(",") else ","
    columns = [_column(name) for name in next(csv.reader([head], delimiter=mark), [])]
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        remedy = f"columns are: rule, {', '.join(_NEEDED)}; biome and notes if you like"
        message = f"the head lacks {', '.join(missing)}"
        raise ConfigError.because("F140", message, where=f"{file}:{number}:1", remedy=remedy)
    reader = _Reader(file, biome)
    rows = tuple(reader.rows(lines[1:], mark, columns))
    if not rows and not reader.findings:
        message = "no row is active" if biome is None else f"no row of biome '{biome}' is active"
        reader.findings.append(Finding("F147", message, f"{file}:{number}:1", "write 1 in the column 'active'"))
    if reader.findings:
        raise ConfigError(*reader.findings)
    return RuleTable(rows, tuple(reader.inactive), reader.elsewhere)


def _column(name: str) -> str:
    plain = re.sub(r"[\s_]", "", name.lower())
    return _NAMES.get(plain, plain)


def chain_of(table: RuleTable, name: str, legend: str, first: int, last: int) -> Chain:
    """Return the chain that a table stands for: one step for each kernel and type, in the order in which they run."""
    steps = tuple(
        Pattern(
            filter="pattern",
            title=f"Kernel {kernel}, {_title(kind)}",
            rewrites=tuple(text for row in rows for text in row.rewrites()),
            windows="any" if kind == "general" else kind,
            reads="running",
            order="years" if kind == "general" else "rewrites",
            years=Span(last=last - _LEFT_OUT[kernel]) if kind == "general" and kernel in _LEFT_OUT else None,
        )
        for kernel, kind, rows in _groups(table)
    )
    vocabulary = StatedSurroundings(legend=legend, first=first, last=last)
    return Chain(id=name, title=f"Rewrites of the table {name}", steps=steps, vocabulary=vocabulary)


def _title(kind: Kind) -> str:
    return {"first": "first year", "general": "years between", "last": "last year"}[kind]


def _groups(table: RuleTable) -> Iterator[tuple[int, Kind, list[TableRow]]]:
    for kernel in sorted(_LOOKS, reverse=True):
        for kind in get_args(Kind):
            if rows := [row for row in table.rows if len(row.before) == kernel and row.kind == kind]:
                yield kernel, kind, rows


def chain_text(chain: Chain, table: RuleTable, source: str) -> str:
    """Return a chain that `chain_of` made as YAML, each rewrite with the name of its row."""
    stated = chain.vocabulary
    lines = [
        "# yaml-language-server: $schema=../schemas/chain.schema.json",
        f"# Made from {source} by 'mutirao chain import': {len(table.rows)} rows; {len(table.inactive)} not active.",
        f"id: {chain.id}",
        f"title: {chain.title}",
    ]
    if stated:
        lines.append(f"vocabulary: {{legend: {stated.legend}, first: {stated.first}, last: {stated.last}}}")
    lines.append("steps:")
    for step, (_, kind, rows) in zip(chain.steps, _groups(table), strict=True):
        lines += ["  - filter: pattern", f"    title: {step.title}", "    reads: running"]
        lines += ["    order: years"] if kind == "general" else [f"    windows: {kind}"]
        lines += [f"    years: {{last: {step.years.last}}}"] if isinstance(step, Pattern) and step.years else []
        lines += ["    rewrites:", *(f'      - "{text}" # {row.name}' for row in rows for text in row.rewrites())]
    return "\n".join(lines) + "\n"
