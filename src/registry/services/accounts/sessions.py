"""From a token to the caller it speaks for."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from registry.domain.accounts import ApiToken, Caller, Grant, Permission, Session, TokenClaims, implied
from registry.domain.api_tokens import PREFIX, digest_of, is_well_formed
from registry.domain.errors import PermissionDenied, Unauthenticated
from registry.ports.accounts import AccountStore
from registry.ports.api_tokens import ApiTokenStore
from registry.ports.clock import Clock
from registry.ports.passwords import TokenCodec
from registry.services.accounts.api_tokens import TokenUse

_NO_TOKEN = "A token is needed. Get one from POST /auth/token and send it as a Bearer token."  # noqa: S105


@dataclass(frozen=True, slots=True)
class TokenDigest:
    """A well-formed API token, as it is looked up."""

    value: str


def caller_of(claims: TokenClaims, session: Session | None) -> Caller:
    """The caller as of this moment. Raises Unauthenticated for a revoked token or a user that is gone."""
    if session is None or session.revoked or session.token_epoch != claims.token_epoch:
        raise Unauthenticated("The token was revoked. Sign in again.")
    return Caller(session.user, implied(session.permissions), claims, session.account_id)


def require(caller: Caller, permission: Permission) -> None:
    """Raises PermissionDenied unless the caller has the permission, Unauthenticated where a token might have it."""
    if permission in caller.permissions:
        return
    if caller.token is None:
        raise Unauthenticated(_NO_TOKEN)
    if isinstance(caller.token, ApiToken):
        raise PermissionDenied(f"This API token, or its owner, does not have the permission {permission.value!r}.")
    raise PermissionDenied(f"This needs the permission {permission.value!r}. Ask an admin for it.")


def require_account(caller: Caller, *, by_session: bool = False) -> None:
    """Raises Unauthenticated for anonymous readers; with `by_session` PermissionDenied for API tokens."""
    if caller.token is None:
        raise Unauthenticated(_NO_TOKEN)
    if by_session and isinstance(caller.token, ApiToken):
        raise PermissionDenied("An API token may not do this. Sign in with a name and password.")


class Sessions:
    """Authenticates tokens. Permissions and revocations are read for each request, never remembered.

    `anonymous`: the permissions of a request without a token. Where it is empty, such a request is refused.
    """

    def __init__(
        self,
        codec: TokenCodec,
        accounts: AccountStore,
        api_tokens: ApiTokenStore,
        *,
        use: TokenUse,
        clock: Clock,
        anonymous: AbstractSet[Permission] = frozenset(),
    ) -> None:
        self._codec = codec
        self._accounts = accounts
        self._api_tokens = api_tokens
        self._use = use
        self._clock = clock
        self._anonymous = Caller("", frozenset(anonymous), None, "") if anonymous else None

    def credential_of(self, token: str | None) -> TokenClaims | TokenDigest | None:
        """What has to be looked up for a token, its form, signature and expiry checked; None without one.

        Raises Unauthenticated, without a token only where nobody may come without.
        """
        if token is None:
            if self._anonymous is None:
                raise Unauthenticated(_NO_TOKEN)
            return None
        if not token.startswith(PREFIX):
            return self._codec.decode(token)
        if not is_well_formed(token):
            raise Unauthenticated("The API token is not complete, or mistyped. Copy it again.")
        return TokenDigest(digest_of(token))

    @property
    def anonymous(self) -> Caller:
        """Who comes without a token. Raises Unauthenticated where nobody may."""
        if self._anonymous is None:
            raise Unauthenticated(_NO_TOKEN)
        return self._anonymous

    def caller_of_grant(self, grant: Grant | None) -> Caller:
        """The caller behind an API token as of this moment. Raises Unauthenticated for one that holds no more."""
        if grant is None or grant.token.grant_epoch != grant.owner_epoch:
            raise Unauthenticated("The API token was revoked. Make another one by POST /tokens.")
        token = grant.token
        if token.expires_at is not None and token.expires_at <= self._clock.now():
            raise Unauthenticated("The API token has expired. Make another one by POST /tokens.")
        self._use.noticed(token)
        permissions = implied(token.permissions) & implied(grant.owner_permissions)
        return Caller(token.user, permissions, token, grant.account_id)

    async def authenticate(self, token: str | None) -> Caller:
        """The caller behind a token. Raises Unauthenticated."""
        credential = self.credential_of(token)
        if credential is None:
            return self.anonymous
        if isinstance(credential, TokenDigest):
            return self.caller_of_grant(await self._api_tokens.find_grant(credential.value))
        return caller_of(credential, await self._accounts.find_session(credential.user, credential.id))
