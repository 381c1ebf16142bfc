"""From a token to the caller it speaks for."""

from registry.domain.accounts import Caller, Permission, Session, TokenClaims, implied
from registry.domain.errors import PermissionDenied, Unauthenticated
from registry.ports.accounts import AccountStore
from registry.ports.passwords import TokenCodec


def caller_of(claims: TokenClaims, session: Session | None) -> Caller:
    """The caller as of this moment. Raises Unauthenticated for a revoked token or a user that is gone."""
    if session is None or session.revoked or session.token_epoch != claims.token_epoch:
        raise Unauthenticated("The token was revoked. Sign in again.")
    return Caller(session.user, implied(session.permissions), claims, session.account_id)


def require(caller: Caller, permission: Permission) -> None:
    """Raises PermissionDenied unless the caller has the permission."""
    if permission not in caller.permissions:
        raise PermissionDenied(f"This needs the permission {permission.value!r}. Ask an admin for it.")


class Sessions:
    """Authenticates tokens. Permissions and revocations are read anew for each request, never remembered."""

    def __init__(self, codec: TokenCodec, accounts: AccountStore) -> None:
        self._codec = codec
        self._accounts = accounts

    def claims_of(self, token: str | None) -> TokenClaims:
        """What a token says, its signature and expiry checked. Raises Unauthenticated."""
        if token is None:
            raise Unauthenticated("A token is needed. Get one from POST /auth/token and send it as a Bearer token.")
        return self._codec.decode(token)

    async def authenticate(self, token: str | None) -> Caller:
        """The caller behind a token. Raises Unauthenticated."""
        claims = self.claims_of(token)
        return caller_of(claims, await self._accounts.find_session(claims.user, claims.id))
