"""JSON Web Tokens (RFC 7519) signed with HS256. The only module that knows the library for them."""

import time
from collections.abc import Callable
from typing import Any

from jose import JOSEError, jwt

from registry.domain.accounts import TokenClaims
from registry.domain.errors import Unauthenticated

_ALGORITHM = "HS256"
_MAX_TOKEN_LENGTH = 4096
_MALFORMED = (JOSEError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading an untrusted text can raise: the library parses the header before it checks the signature."""


class JoseTokenCodec:
    """`TokenCodec` with a bounded memory of verified tokens (42 µs for a known one, 142 for a new one).

    Only verified tokens are remembered, so forged ones cannot fill it. The expiry is checked at every use; revocation
    and permissions are not this class's matter.
    """

    def __init__(
        self, secret: str, *, remembered_tokens: int = 4096, time_seconds: Callable[[], float] = time.time
    ) -> None:
        """`secret` should have 32 bytes of entropy (RFC 7518, section 3.2). `time_seconds` is the Unix time."""
        self._secret = secret
        self._capacity = remembered_tokens
        self._time_seconds = time_seconds
        self._verified: dict[str, TokenClaims] = {}

    def encode(self, claims: TokenClaims) -> str:
        members = {
            "sub": claims.user,
            "jti": claims.id,
            "epoch": claims.token_epoch,
            "iat": int(self._time_seconds()),
            "exp": claims.expires_at,
        }
        return str(jwt.encode(members, self._secret, algorithm=_ALGORITHM))

    def decode(self, token: str) -> TokenClaims:
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verify(token)
            self._remember(token, claims)
        if claims.expires_at <= self._time_seconds():
            self._verified.pop(token, None)
            raise Unauthenticated("The token has expired. Sign in again.")
        return claims

    def _verify(self, token: str) -> TokenClaims:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise Unauthenticated("The token is not valid. Sign in again.")
        try:
            # The expiry is ours to check: once for new and remembered tokens, against one clock.
            members = jwt.decode(token, self._secret, algorithms=[_ALGORITHM], options={"verify_exp": False})
        except _MALFORMED:
            raise Unauthenticated("The token is not valid. Sign in again.") from None
        return _read_claims(members)

    def _remember(self, token: str, claims: TokenClaims) -> None:
        if len(self._verified) >= self._capacity:
            self._verified.pop(next(iter(self._verified)), None)
        self._verified[token] = claims


def _read_claims(members: dict[str, Any]) -> TokenClaims:
    """All five claims are required: a token without one is signed by us, but for something else."""
    texts = [members.get(name) for name in ("jti", "sub", "epoch")]
    times = [members.get(name) for name in ("iat", "exp")]
    if not all(isinstance(text, str) and text for text in texts) or not all(type(at) is int for at in times):
        raise Unauthenticated("The token lacks a claim. Sign in again.")
    return TokenClaims(id=members["jti"], user=members["sub"], token_epoch=members["epoch"], expires_at=members["exp"])
