"""Sign with ssh-keygen, which knows key files, agents and hardware keys."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from mutirao.errors import ResourceError, UsageError
from mutirao.trust.sshsig import PublicKey, Signature, SignatureError

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
        raise _no_key(path)
    command = [program, "-q", "-Y", "sign", "-n", namespace, "-f", str(path)]
    made = subprocess.run(command, input=message, capture_output=True, timeout=TIMEOUT_S, check=False)
    if made.returncode:
        reason = made.stderr.decode(errors="replace").strip() or f"exit status {made.returncode}"
        remedy = "try the key with 'ssh-keygen -y -f KEY'; a key in an agent must be loaded with ssh-add"
        raise UsageError.because("K303", f"ssh-keygen cannot sign: {reason}", where=str(path), remedy=remedy)
    return made.stdout.decode()


def public_key(key: Path) -> PublicKey:
    """Return the public half of a key, without a passphrase if the .pub file lies beside it.

    Raises
    ------
    UsageError
        K301: there is no such key file. K303: it is no key.
    """
    path = key.expanduser()
    beside = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    source = beside if beside.is_file() else path
    if not source.is_file():
        raise _no_key(path)
    try:
        text = source.read_text(encoding="utf-8") if source == beside else _public_text(path)
        return PublicKey.parse(text)
    except (SignatureError, UnicodeDecodeError) as err:
        remedy = "name the key that you use for git, for example ~/.ssh/id_ed25519.pub"
        raise UsageError.because("K303", f"is no key: {err}", where=str(source), remedy=remedy) from err


def _public_text(path: Path) -> str:
    program = shutil.which("ssh-keygen")
    if program is None:
        return ""
    done = subprocess.run([program, "-y", "-f", str(path)], capture_output=True, timeout=TIMEOUT_S, check=False)
    return done.stdout.decode()


def _no_key(path: Path) -> UsageError:
    remedy = "name a key file, for example --key ~/.ssh/id_ed25519; for a key in an agent, its .pub file"
    return UsageError.because("K301", "there is no such key", where=str(path), remedy=remedy)


def verify(signature: Signature, message: bytes, namespace: str, folder: Path) -> None:
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
    path.write_text(signature.armoured, encoding="ascii")
    command = [program, "-Y", "check-novalidate", "-n", namespace, "-s", str(path)]
    done = subprocess.run(command, input=message, capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise SignatureError("does not belong to these bytes")
