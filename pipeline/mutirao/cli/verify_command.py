"""`mutirao verify`: what is proved about a submission, a review or a release, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from mutirao.cli.console import Json, out, print_json, show_findings
from mutirao.cli.dates import read_date
from mutirao.cli.state import State
from mutirao.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from mutirao.trust.verdict import Trust
    from mutirao.trust.verification import Verification


def command(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(help="Folder, record or web address of a submission, review, proof or release.")
    ],
    trust: Annotated[
        Path | None, typer.Option(help="Folder with the network's allowed_signers; default: trust/ of the project.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="Judge keys on this day, which you know from elsewhere.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Hash bytes, decode no pixels.")] = False,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Be content with intact files; a signature that is there must be good.")
    ] = False,
    json: Json = False,
) -> None:
    """Say in words what is proved about a file and what is not. Ends with 1 unless all is proved that must be."""
    from mutirao.trust.verification import How, verify

    moment = read_date(at, "--at")
    how = How(
        _trust(context.obj, trust),
        moment or datetime.now(UTC),
        given=moment is not None,
        pixels=not quick,
        unsigned=unsigned,
    )
    outcome = verify(path, how)
    if json:
        print_json(_as_dict(outcome))
    else:
        _tell(outcome)
    if not outcome.holds:
        raise typer.Exit(1)


def _trust(state: State, folder: Path | None) -> Trust | None:
    """Return the trust that was named, or the project's; what is verified never brings its own."""
    from mutirao.trust.network import load_trust

    if folder is None:
        try:
            return state.project().trust()
        except UsageError:
            return None
    found = load_trust(folder)
    if found is None:
        remedy = "name the folder trust/ of the network's repository"
        raise ConfigError.because("K103", "there is no such folder", where=str(folder), remedy=remedy)
    return found


def _as_dict(outcome: Verification) -> dict[str, object]:
    return {
        "what": outcome.title,
        "place": outcome.place,
        "holds": outcome.holds,
        "proved": outcome.proved,
        "not_proved": outcome.not_proved,
        "findings": [finding.as_dict() for finding in outcome.findings],
    }


def _plain(text: str) -> str:
    """Return text without control characters: it may come from a file that nobody vouches for."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _tell(outcome: Verification) -> None:
    out.print(_plain(outcome.title), style="bold", soft_wrap=True, markup=False)
    out.print(_plain(outcome.place), style="dim", soft_wrap=True, markup=False)
    for title, sign, style, lines in (
        ("Proved", "✓", "green", outcome.proved),
        ("Not proved", "?", "yellow", outcome.not_proved),
    ):
        out.print(f"\n{title}", style=style)
        table = Table.grid(padding=(0, 1))
        for line in lines or ("nothing",):
            table.add_row("", Text(sign, style=style), Text(_plain(line)))
        out.print(table)
    out.print()
    show_findings(
        replace(found, message=_plain(found.message), where=_plain(found.where)) for found in outcome.findings
    )
    answer, style = ("holds", "bold green") if outcome.holds else ("does not hold", "bold red")
    out.print(Text.assemble((answer, style), ": all that was asked for is proved" if outcome.holds else ""))
