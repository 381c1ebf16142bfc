"""Signed tokens (JSON Web Tokens)."""

from registry.adapters.jose.tokens import JoseTokenCodec

__all__ = ["JoseTokenCodec"]
