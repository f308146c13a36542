"""OpenSSH signatures in Python, for machines without ssh-keygen: read and verify `-----BEGIN SSH SIGNATURE-----`.

The format is PROTOCOL.sshsig of OpenSSH: what is signed is the digest of the message together with a namespace, so
that a signature for one purpose is worth nothing for another. Ed25519, RSA (with SHA-2) and ECDSA keys.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

_MAGIC = b"SSHSIG"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_DIGESTS = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
_RSA = {"rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512()}
_ECDSA = {
    "ecdsa-sha2-nistp256": hashes.SHA256(),
    "ecdsa-sha2-nistp384": hashes.SHA384(),
    "ecdsa-sha2-nistp521": hashes.SHA512(),
}
MIN_RSA_BITS = 2048
MAX_SIGNATURE_BYTES = 1 << 16


class SignatureError(ValueError):
    """A key or a signature cannot be read, or a signature does not hold; the text says why."""


class UnknownKindError(SignatureError):
    """Only ssh-keygen knows this kind of key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An SSH public key."""

    kind: str
    """Such as `ssh-ed25519`."""
    blob: bytes
    """The key as it goes over the wire."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ssh-ed25519 AAAA... comment`.

        Raises
        ------
        SignatureError
            The text is no public key.
        """
        words = text.split()
        if len(words) < 2:
            raise SignatureError(f"'{text[:40]}' is no public key")
        blob = _decoded(words[1])
        if _Reader(blob).string() != words[0].encode():
            raise SignatureError(f"the key says it is {words[0]}, and is not")
        return cls(words[0], blob)

    @property
    def fingerprint(self) -> str:
        """The key's short name, as `ssh-keygen -l` prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature as it was read; nothing about it is proved yet."""

    key: PublicKey
    namespace: str
    hash_name: str
    algorithm: str
    raw: bytes
    armoured: str = field(default="", repr=False, compare=False)
    """The text that it was read from, for ssh-keygen."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an armoured signature.

        Raises
        ------
        SignatureError
            The text is no signature.
        """
        lines = text.strip().splitlines()
        if len(text) > MAX_SIGNATURE_BYTES or len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
            raise SignatureError("the file is no SSH signature")
        reader = _Reader(_decoded("".join(lines[1:-1])))
        if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
            raise SignatureError("the file is no SSH signature of version 1")
        blob, namespace, _, hash_name = (reader.string() for _ in range(4))
        inner = _Reader(reader.string())
        kind = _Reader(blob).string().decode("ascii", "replace")
        algorithm, raw = inner.string().decode("ascii", "replace"), inner.string()
        name = namespace.decode("utf-8", "replace")
        return cls(PublicKey(kind, blob), name, hash_name.decode("ascii", "replace"), algorithm, raw, text)

    def verify(self, message: bytes, namespace: str) -> None:
        """Prove that the key signed exactly these bytes in this namespace.

        Raises
        ------
        SignatureError
            It did not, or the kind of key is not known here.
        """
        if self.namespace != namespace:
            raise SignatureError(f"was made for '{self.namespace}', not for '{namespace}'")
        if self.hash_name not in _DIGESTS:
            raise SignatureError(f"uses the digest '{self.hash_name}', which is not allowed")
        digest = _DIGESTS[self.hash_name](message).digest()
        signed = (
            _MAGIC + _packed(namespace.encode()) + _packed(b"") + _packed(self.hash_name.encode()) + _packed(digest)
        )
        try:
            _check(self.key, self.algorithm, self.raw, signed)
        except InvalidSignature as err:
            raise SignatureError("does not belong to these bytes") from err


def _check(key: PublicKey, algorithm: str, raw: bytes, signed: bytes) -> None:
    try:
        public = load_ssh_public_key(str(key).encode())
    except (ValueError, UnsupportedAlgorithm) as err:
        raise UnknownKindError(f"keys of the kind '{key.kind}' can only be verified by ssh-keygen") from err
    if isinstance(public, ed25519.Ed25519PublicKey) and algorithm == "ssh-ed25519":
        public.verify(raw, signed)
    elif isinstance(public, rsa.RSAPublicKey) and algorithm in _RSA:
        if public.key_size < MIN_RSA_BITS:
            raise SignatureError(f"the RSA key has {public.key_size} bits, and {MIN_RSA_BITS} are the least")
        public.verify(raw, signed, padding.PKCS1v15(), _RSA[algorithm])
    elif isinstance(public, ec.EllipticCurvePublicKey) and algorithm == key.kind and algorithm in _ECDSA:
        reader = _Reader(raw)
        r, s = (int.from_bytes(reader.string(), "big") for _ in range(2))
        public.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(_ECDSA[algorithm]))
    else:
        raise SignatureError(f"the algorithm '{algorithm}' does not fit a key of the kind '{key.kind}'")


class _Reader:
    """Takes numbers and strings off SSH's wire format."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, size: int) -> bytes:
        if size > len(self._data):
            raise SignatureError("is cut off")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())


def _packed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise SignatureError("is not base64") from err
