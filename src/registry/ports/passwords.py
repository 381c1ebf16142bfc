"""Password hashes and tokens."""

from typing import Protocol

from registry.domain.accounts import TokenClaims


class PasswordHasher(Protocol):
    async def hash(self, password: str) -> str:
        """A salted hash with its parameters, as text."""

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits. None (no such user) takes the same time and is False."""


class TokenCodec(Protocol):
    def encode(self, claims: TokenClaims) -> str:
        """A signed token."""

    def decode(self, token: str) -> TokenClaims:
        """The claims of a token. Raises Unauthenticated when the signature, the form or the expiry is wrong."""
