"""`mutirao sign`: answer for a submission, a review or a release with the key that is used for git."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from mutirao.cli.console import Json, out, print_json
from mutirao.cli.dates import Expires, read_date

if TYPE_CHECKING:
    from mutirao.trust.verdict import Proof

Key = Annotated[
    Path, typer.Option(help="Private key, or the .pub file of a key in an agent; the one that you use for git.")
]


class As(StrEnum):
    """Roles in which people sign."""

    submission = "submission"
    review = "review"
    accuracy = "accuracy"
    rebuild = "rebuild"
    release = "release"


def command(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(help="Folder or record of a submission or release; a record of proofs/; latest.json.")
    ],
    key: Key,
    role: Annotated[As | None, typer.Option(help="Refuse anything that is not signed in this role.")] = None,
    expires: Expires = None,
    json: Json = False,
) -> None:
    """Sign a submission, a run from the sources, a release or latest.json, after its files were hashed again."""
    from mutirao.trust.signing import sign_path

    end: datetime | None = read_date(expires, "--expires")
    signed = sign_path(context.obj.project(), path, key, role.value if role else None, end)
    if json:
        print_json({"signature": signed.path, "fresh": signed.fresh, **as_dict(signed.proof)})
        return
    out.print(f"{'signed' if signed.fresh else 'was already signed'}: {signed.path}", soft_wrap=True)
    tell_proof(signed.proof)
    out.print(f"see what it does not prove with: mutirao verify {path}", style="dim", soft_wrap=True, markup=False)


def tell_proof(proof: Proof) -> None:
    """Print what a signature proves."""
    out.print(Text.assemble(("proves", "green"), f" that {proof}"), soft_wrap=True)


def as_dict(proof: Proof) -> dict[str, str]:
    """Return who signed, for programs."""
    return {
        "role": proof.role,
        "principal": proof.principal,
        "name": proof.name,
        "organisation": proof.organisation,
        "key": proof.fingerprint,
    }
