"""Signatures that others can verify."""

from collections.abc import Callable
from typing import Protocol


class Signer(Protocol):
    """Ed25519 (RFC 8032)."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""


Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature is good: takes the public key, the message and the signature."""
