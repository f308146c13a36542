"""Dates on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from mutirao.errors import UsageError

Expires = Annotated[
    str | None, typer.Option(help="Day on which a signed latest.json ends, 2027-03-01; default: in 90 days.")
]


def read_date(text: str | None, option: str) -> datetime | None:
    """Return a day or time, UTC unless it says otherwise.

    Raises
    ------
    UsageError
        K306: it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise UsageError.because("K306", f"'{text}' is no date", where=option, remedy="write 2027-03-01") from err
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
