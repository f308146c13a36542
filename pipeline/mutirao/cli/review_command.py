"""`mutirao review`: accept or reject a submission, with a reason, signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mutirao.cli.console import Json, out, print_json
from mutirao.cli.sign_command import Key, as_dict, tell_proof
from mutirao.errors import UsageError

if TYPE_CHECKING:
    from mutirao.trust.standing import Standing


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Module.")],
    version: Annotated[str, typer.Argument(help="Version of its submission, or latest.")],
    because: Annotated[str, typer.Option(help="Why, for the member and for the record.")],
    key: Key,
    accept: Annotated[bool, typer.Option("--accept", help="Builds may take it.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Builds may not take it, whoever else accepts it.")] = False,
    json: Json = False,
) -> None:
    """Accept or reject a submission; the newest review of each reviewer counts, and one rejection is enough."""
    from mutirao.trust.signing import require_trust, sign_review
    from mutirao.trust.standing import standing

    if accept == reject or not because.strip():
        message = "a review accepts or rejects, and says why"
        remedy = "write --accept or --reject, and --because 'seams to the north agree'"
        raise UsageError.because("U114", message, where="--accept, --reject, --because", remedy=remedy)
    project = context.obj.project()
    signed = sign_review(project, module, version, "accept" if accept else "reject", because, key)
    now = standing(project, require_trust(project), module, signed.path.parent.name)
    if json:
        print_json({"review": signed.path, **as_dict(signed.proof), "accepted": not now.unaccepted})
        return
    out.print(f"written: {signed.path}", soft_wrap=True)
    tell_proof(signed.proof)
    out.print(_outcome(module, signed.path.parent.name, now), soft_wrap=True, markup=False)


def _outcome(module: str, version: str, now: Standing) -> str:
    if now.unaccepted:
        return f"{module} {version} is not accepted: {'; '.join(finding.message for finding in now.unaccepted)}"
    return f"{module} {version} is accepted by {', '.join(proof.name for proof in now.accepted_by)}"
