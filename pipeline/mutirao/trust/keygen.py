"""Sign with ssh-keygen, which knows key files, agents and hardware keys."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from mutirao.errors import ResourceError, UsageError
from mutirao.trust.sshsig import Signature, SignatureError

TIMEOUT_S = 300
"""Time for somebody to type a passphrase or touch a key."""


def sign(message: bytes, key: Path, namespace: str) -> str:
    """Return the armoured signature of some bytes.

    Parameters
    ----------
    key : private key, or the public key of one that an agent holds.

    Raises
    ------
    UsageError
        K301: there is no such key file. K303: ssh-keygen could not sign with it.
    ResourceError
        K302: there is no ssh-keygen.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        remedy = "install OpenSSH; verifying works without it, signing does not"
        raise ResourceError.because("K302", "there is no ssh-keygen", where="PATH", remedy=remedy)
    path = key.expanduser()
    if not path.is_file():
        remedy = "name a key file, for example --key ~/.ssh/id_ed25519; for a key in an agent, its .pub file"
        raise UsageError.because("K301", "there is no such key", where=str(path), remedy=remedy)
    command = [program, "-q", "-Y", "sign", "-n", namespace, "-f", str(path)]
    made = subprocess.run(command, input=message, capture_output=True, timeout=TIMEOUT_S, check=False)
    if made.returncode:
        reason = made.stderr.decode(errors="replace").strip() or f"exit status {made.returncode}"
        remedy = "try the key with 'ssh-keygen -y -f KEY'; a key in an agent must be loaded with ssh-add"
        raise UsageError.because("K303", f"ssh-keygen cannot sign: {reason}", where=str(path), remedy=remedy)
    return made.stdout.decode()


def verify(signature: Signature, message: bytes, namespace: str, armoured: str, folder: Path) -> None:
    """Prove a signature with ssh-keygen, for the kinds of keys that only it knows.

    Parameters
    ----------
    folder : empty folder for the signature, which ssh-keygen reads from a file.

    Raises
    ------
    SignatureError
        It does not hold, or ssh-keygen is not there.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise SignatureError(f"is of the kind '{signature.key.kind}', which needs ssh-keygen, and that is not there")
    path = folder / "signature"
    path.write_text(armoured, encoding="ascii")
    command = [program, "-Y", "check-novalidate", "-n", namespace, "-s", str(path)]
    done = subprocess.run(command, input=message, capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise SignatureError("does not belong to these bytes")
