"""`mutirao rules`: look through prevalence rules and show them to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mutirao.cli import rules_impact_command
from mutirao.cli.console import Format, Json, out, print_json

if TYPE_CHECKING:
    from mutirao.integration.describe import Described
    from mutirao.integration.resolve import Vocabulary
    from mutirao.integration.rulefinding import RuleFinding

app = typer.Typer(
    help="Look through prevalence rules, show them, and tell what a change would do.", no_args_is_help=True
)
app.command("impact")(rules_impact_command.command)

Rules = Annotated[str, typer.Argument(metavar="FILE_OR_ID", help="A rule file, or the id of one in configs/rules/.")]
Of = Annotated[str | None, typer.Option(help="Collection whose modules and layers the rules speak of.")]


@app.command("lint")
def lint_command(context: typer.Context, rules: Rules, collection: Of = None, json: Json = False) -> None:
    """Say which rules, exceptions and values have no effect, and which claims reach no rule."""
    from mutirao.cli.rulesets import open_rules
    from mutirao.errors import blocking
    from mutirao.integration.lint import lint

    opened = open_rules(context.obj, rules, collection)
    findings = [*opened.findings, *lint(opened.source.value, opened.scope, opened.source.at)]
    if json:
        print_json([finding.as_json() for finding in findings])
    else:
        _tell(findings, opened.scope.vocabulary)
        blocked = len(blocking(findings))
        count = len(opened.source.value.rules)
        out.print(f"{opened.source.value.id}: {count} rules, {blocked} blocking, {len(findings) - blocked} advice")
    if blocking(findings):
        raise typer.Exit(1)


def _tell(findings: Sequence[RuleFinding], vocabulary: Vocabulary) -> None:
    from mutirao.integration.describe import witness_words

    for finding in findings:
        style = "bold red" if finding.severity == "block" else "bold yellow"
        name = f" {finding.rule}" if finding.rule else ""
        out.print(Text.assemble((finding.code, style), (name, "bold"), f" {finding.message}"), soft_wrap=True)
        out.print(Text(f"     at {finding.where}", style="dim"), soft_wrap=True)
        if finding.witness:
            out.print(Text(f"     for example: {witness_words(finding.witness, vocabulary)}"), soft_wrap=True)
        out.print(Text(f"     remedy: {finding.remedy}"), soft_wrap=True)


@app.command("show")
def show_command(
    context: typer.Context,
    rules: Rules,
    collection: Of = None,
    style: Annotated[Format, typer.Option("--format", help="A table here, a page, or Markdown.")] = Format.terminal,
    json: Json = False,
) -> None:
    """Show the rules of a set in words, in order of priority."""
    from mutirao.cli.rulesets import open_rules
    from mutirao.integration.describe import as_html, as_markdown, describe

    opened = open_rules(context.obj, rules, collection)
    rows = describe(opened.source.value, opened.scope.vocabulary)
    if json:
        print_json([row.as_dict() for row in rows])
    elif style is Format.html:
        typer.echo(as_html(opened.source.value, rows))
    elif style is Format.markdown:
        typer.echo(as_markdown(opened.source.value, rows), nl=False)
    else:
        out.print(opened.source.value.title, style="bold")
        out.print(_table(rows))


def _table(rows: Sequence[Described]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("no.", justify="right")
    for column in ("rule", "claim", "where and exceptions", "why"):
        table.add_column(column, overflow="fold")
    for row in rows:
        conditions = [*row.where, *filter(None, [row.years]), *row.exceptions]
        decided = f" ({', '.join(filter(None, [row.decided_by, row.since]))})" if row.decided_by or row.since else ""
        table.add_row(str(row.number), row.id, _claim(row), Text("\n".join(conditions)), Text(row.why + decided))
    return table


def _claim(row: Described) -> Text:
    text = Text(f"{row.source}\n")
    for item in row.classes:
        text.append("\N{FULL BLOCK}\N{FULL BLOCK} ", style=item.color).append(f"{item.code} {item.title()}\n")
    if row.assign:
        text.append(f"gives {row.assign}")
    text.rstrip()
    return text
