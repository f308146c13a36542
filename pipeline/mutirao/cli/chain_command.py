"""`mutirao chain`: look through filter chains, show them to people, and bring rule tables along."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mutirao.cli import chain_report
from mutirao.cli.console import Format, Json, out, print_json

if TYPE_CHECKING:
    from mutirao.filters.describe import DescribedStep, Words
    from mutirao.filters.lint.finding import ChainFinding, SeriesWitness
    from mutirao.legend import Legend

app = typer.Typer(help="Look through filter chains, show them, and bring rule tables along.", no_args_is_help=True)
app.command("report")(chain_report.command)

ChainName = Annotated[
    str, typer.Argument(metavar="FILE_OR_ID", help="A chain file, or the id of one in configs/chains/.")
]
Of = Annotated[str | None, typer.Option(help="Collection whose classes, years and layers the chain speaks of.")]


@app.command("lint")
def lint_command(context: typer.Context, chain: ChainName, collection: Of = None, json: Json = False) -> None:
    """Say which rewrites and classes of a chain have no effect, and why."""
    from mutirao.cli.chains import open_chain
    from mutirao.errors import blocking
    from mutirao.filters.lint import lint

    opened = open_chain(context.obj, chain, collection)
    findings = lint(opened.source.value, opened.scope, opened.source.at)
    if json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            _tell(finding, opened.scope.legend)
        blocked = len(blocking(findings))
        count = len(list(opened.source.value.flat()))
        out.print(f"{opened.source.value.id}: {count} steps, {blocked} blocking, {len(findings) - blocked} advice")
    if blocking(findings):
        raise typer.Exit(1)


def _tell(finding: ChainFinding, legend: Legend) -> None:
    style = "bold red" if finding.severity == "block" else "bold yellow"
    name = f" step {finding.step} {finding.title}:" if finding.step else ""
    out.print(Text.assemble((finding.code, style), (name, "bold"), f" {finding.message}"), soft_wrap=True)
    out.print(Text(f"     at {finding.where}", style="dim"), soft_wrap=True)
    if finding.witness:
        for line in _series(finding.witness, legend):
            out.print(Text("     ") + line, soft_wrap=True)
    out.print(Text(f"     remedy: {finding.remedy}"), soft_wrap=True)


def _series(witness: SeriesWitness, legend: Legend) -> list[Text]:
    """Return the years of a witness that matter, one line a stage, each class in its colour."""
    places = witness.seen()
    width = max(len(words) for words, _ in witness.stages)
    first, last = witness.years[places[0]], witness.years[places[-1]]
    lines = [Text(f"for example, {first} to {last}:")]
    for words, codes in witness.stages:
        line = Text(f"  {words:<{width}} ")
        for i in places:
            known = legend.by_code.get(codes[i])
            line.append("\N{FULL BLOCK}", style=known.color if known else "dim").append(f"{codes[i] or '-':<4}")
        line.rstrip()
        lines.append(line)
    return lines


@app.command("show")
def show_command(
    context: typer.Context,
    chain: ChainName,
    collection: Of = None,
    style: Annotated[Format, typer.Option("--format", help="A table here, a page, or Markdown.")] = Format.terminal,
    json: Json = False,
) -> None:
    """Show the steps of a chain in words, in the order in which they run."""
    from mutirao.cli.chains import open_chain
    from mutirao.filters.describe import as_html, as_markdown, describe

    opened = open_chain(context.obj, chain, collection)
    value = opened.source.value
    rows = describe(value, opened.scope.legend)
    if json:
        print_json([row.as_dict() for row in rows])
    elif style is Format.html:
        typer.echo(as_html(value, rows))
    elif style is Format.markdown:
        typer.echo(as_markdown(value, rows), nl=False)
    else:
        out.print(value.title, style="bold")
        out.print(_table(rows))


def _table(rows: Sequence[DescribedStep]) -> Table:
    from mutirao.filters.describe import scope_words

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("no.", justify="right")
    for column in ("filter", "step", "settings"):
        table.add_column(column, overflow="fold")
    for row in rows:
        does = Text(row.title).append(f"\n{row.does}", style="dim")
        if scope_words(row):
            does.append(f"\n{scope_words(row)}")
        settings = Text("\n").join(_setting(key, words) for key, words in row.settings)
        table.add_row(str(row.number), row.filter, does, settings)
    return table


def _setting(key: str, words: Words) -> Text:
    """Return a key with its value; rewrites are one a line, and their classes codes only."""
    text, rewrites = Text(f"{key}:"), key == "rewrites"
    text.append("\n " if rewrites else "")
    for word in words:
        if isinstance(word, str):
            text.append("\n " if rewrites and word == ";" else word if word in ",;:" else f" {word}")
        else:
            name = "" if rewrites else f" {word.title()}"
            text.append(" \N{FULL BLOCK}", style=word.color).append(f" {word.code}{name}")
    return text


@app.command("import")
def import_command(
    table: Annotated[Path, typer.Argument(help="A table of rewrites, CSV with columns rule, type, kernel, ...")],
    legend: Annotated[str, typer.Option(help="Legend whose classes the table names.")],
    first: Annotated[int, typer.Option(help="First year of the series.")],
    last: Annotated[int, typer.Option(help="Last year of the series, included.")],
    biome: Annotated[str | None, typer.Option(help="Take the rows of this biome only.")] = None,
    target: Annotated[Path | None, typer.Option("--out", help="The chain to write; default: standard output.")] = None,
) -> None:
    """Write a chain from a table of rewrites as the Amazonia team keeps it."""
    from mutirao.filters.ruletable import chain_of, chain_text
    from mutirao.io.ruletables import read_rule_table
    from mutirao.legend import slug

    read = read_rule_table(table, biome)
    chain = chain_of(read, slug((target or table).stem), legend, first, last)
    text = chain_text(chain, read, table.name)
    if target is None:
        typer.echo(text, nl=False)
    else:
        from mutirao.io.storage import write_text

        write_text(target, text)
        counted = f"{len(chain.steps)} steps, {len(read.rows)} rewrites, {len(read.inactive)} rows inactive"
        out.print(f"{target}: {counted}", soft_wrap=True)
