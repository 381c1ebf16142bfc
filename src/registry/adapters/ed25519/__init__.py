"""Ed25519 signatures by the cryptography library."""

from registry.adapters.ed25519.signing import Ed25519Signer, verify

__all__ = ["Ed25519Signer", "verify"]
