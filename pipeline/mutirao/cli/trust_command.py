"""`mutirao trust`: begin trust/ of a network, and look at who may sign what."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from mutirao.cli.console import Json, out, print_json, show_findings, show_table

if TYPE_CHECKING:
    from mutirao.trust.verdict import Trust

app = typer.Typer(help="Who may sign what: begin trust/ and look at it.", no_args_is_help=True)


@app.command()
def init(
    context: typer.Context,
    network: Annotated[str, typer.Argument(help="Name of the network: lower case, digits, _ and -.")],
    principal: Annotated[str, typer.Option(help="Your principal, as in git: an e-mail address.", prompt=True)],
    name: Annotated[str, typer.Option(help="Your name.", prompt=True)],
    organisation: Annotated[str, typer.Option(help="Your organisation.", prompt=True)],
    key: Annotated[Path, typer.Option(help="Your public key, such as ~/.ssh/id_ed25519.pub.", prompt=True)],
) -> None:
    """Write trust/ with you in all roles; add the others by pull request."""
    from mutirao.trust.keygen import public_key
    from mutirao.trust.network import begin

    folder = begin(context.obj.project().root, network, principal, name, organisation, public_key(key))
    out.print(f"made {folder}", soft_wrap=True)
    out.print("  1. add people, organisations and their keys; 'mutirao trust show' tells what is missing")
    out.print("  2. raise release.signatures and release.organisations")
    out.print("  3. sign what is there: mutirao sign workspace/submissions/MODULE/VERSION --key FILE", soft_wrap=True)


@app.command()
def show(context: typer.Context, json: Json = False) -> None:
    """Show who may sign what, with which keys, and what is doubtful."""
    from mutirao.trust.network import doubts
    from mutirao.trust.signing import require_trust

    trust = require_trust(context.obj.project())
    if json:
        told = [_plain(trust, name) for name in trust.policy.people]
        print_json({"policy": trust.policy.model_dump(mode="json"), "people": told, "findings": [
            finding.as_dict() for finding in doubts(trust)]})  # fmt: skip
        return
    people = trust.policy.people.items()
    rows = [(name, person.name, person.organisation, "; ".join(_roles(trust, name))) for name, person in people]
    show_table(f"Network {trust.policy.network}", ["principal", "name", "organisation", "may"], rows)
    for name, _ in people:
        for key in _keys(trust, name):
            out.print(f"key of {name}: {key}", soft_wrap=True, markup=False)
    _tell_demands(trust)
    show_findings(doubts(trust))


def _tell_demands(trust: Trust) -> None:
    release = trust.policy.release
    out.print(f"must be signed: {', '.join(trust.policy.require) or 'nothing'}")
    signatures = f"{release.signatures} signature{'' if release.signatures == 1 else 's'}"
    organisations = f"{release.organisations} organisation{'' if release.organisations == 1 else 's'}"
    out.print(f"a release needs {signatures} from {organisations}")


def _plain(trust: Trust, name: str) -> dict[str, object]:
    person = trust.policy.people[name]
    who = {"principal": name, "name": person.name, "organisation": person.organisation}
    return {**who, "roles": _roles(trust, name), "keys": _keys(trust, name)}


def _roles(trust: Trust, name: str) -> list[str]:
    """Return what somebody may do, submitting first."""
    from mutirao.trust.policy import Role

    policy = trust.policy
    modules = [module for module, names in policy.submit.items() if name in names]
    others = [role for role in get_args(Role) if role != "submission" and policy.may(role, name)]
    return [*([f"submit {', '.join(modules)}"] if modules else []), *others] or ["nothing"]


def _keys(trust: Trust, name: str) -> list[str]:
    """Return the fingerprint of each key of somebody, and why it is not good now."""
    now = datetime.now(UTC)
    keys = []
    for signer in trust.signers:
        if signer.is_of(name):
            state = "it is revoked" if signer.key in trust.revoked else signer.why_not_at(now)
            keys.append(f"{signer.key.fingerprint}{f' ({state})' if state else ''}")
    return keys
