"""The door of the store: who may bring a submission in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mutirao.errors import UsageError
from mutirao.io.configs import Source
from mutirao.modules.manifest import Manifest
from mutirao.modules.receipt import RECEIPT
from mutirao.project import Project
from mutirao.trust.network import keys_of
from mutirao.trust.signing import require_trust, signature_of
from mutirao.trust.verdict import Subject


def receipt_signer(project: Project, manifest: Source[Manifest], key: Path | None) -> Callable[[bytes], str] | None:
    """Return what signs a receipt; None if nobody asks for a signature.

    Raises
    ------
    UsageError
        K210: the network asks for a signature, and there is no key. K305: there is a key, and the network does not
        sign.
    ConfigError
        K105: a key of the manifest is no public key.
    """
    module = manifest.value.id
    if key is None:
        trust = project.trust()
        if trust and trust.requires("submission"):
            people = ", ".join(trust.policy.submit.get(module, ())) or "nobody yet"
            remedy = f"add --key ~/.ssh/id_ed25519; submitters of '{module}' in trust/policy.yaml: {people}"
            message = "the network takes only signed submissions, and no key is given"
            raise UsageError.because("K210", message, where=f"module '{module}'", remedy=remedy)
        return None
    trust, keys = require_trust(project), keys_of(manifest, manifest.value.keys)
    return lambda message: signature_of(Subject(RECEIPT, message, "submission", module, keys), trust, key)[0]
