"""Signing and verifying by Ed25519 (RFC 8032)."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Ed25519Signer:
    """Implements `Signer`. The key is derived from a secret text, so that it can be kept as other secrets are.

    `purpose` makes the keys for different purposes differ where they come from one secret.
    """

    def __init__(self, secret: str, *, purpose: str) -> None:
        seed = hashlib.sha256(purpose.encode() + b"\n" + secret.encode()).digest()
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key's owner signed this message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
