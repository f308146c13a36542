"""`mutirao assess`: answer for the accuracy of a submission that accuracy.yaml records, with a signature."""

from __future__ import annotations

from typing import Annotated

import typer

from mutirao.cli.console import Json, out, print_json
from mutirao.cli.sign_command import Key, as_dict, tell_proof


def command(
    context: typer.Context,
    module: Annotated[str, typer.Argument(help="Module.")],
    version: Annotated[str, typer.Argument(help="Version of its submission, or latest.")],
    key: Key,
    json: Json = False,
) -> None:
    """Sign the accuracy that accuracy.yaml records of a submission; a record that changes must be signed again."""
    from mutirao.modules.quality.accuracy import assessment_of
    from mutirao.trust.signing import sign_accuracy

    project = context.obj.project()
    signed = sign_accuracy(project, module, version, key)
    if json:
        print_json({"record": signed.path, **as_dict(signed.proof)})
        return
    entry = assessment_of(project, module, signed.path.parent.name)
    out.print(f"accuracy of {module} {signed.path.parent.name}: {entry.in_words() if entry else ''}", soft_wrap=True)
    out.print(f"written: {signed.path}", soft_wrap=True)
    tell_proof(signed.proof)
