"""Puts together accounts, their sessions and tokens."""

from dataclasses import dataclass

from registry.adapters.jose.tokens import JoseTokenCodec
from registry.composition.backends import Records, Stores
from registry.composition.secrets import Secrets
from registry.ports.clock import Clock, IdSource
from registry.ports.passwords import PasswordHasher
from registry.services.accounts.accounts import Accounts
from registry.services.accounts.api_tokens import ApiTokens, TokenUse
from registry.services.accounts.attempts import AttemptRules, LoginAttempts
from registry.services.accounts.bootstrap import Bootstrap
from registry.services.accounts.sessions import Sessions
from registry.settings import Settings


@dataclass(frozen=True, slots=True)
class AccountServices:
    sessions: Sessions
    accounts: Accounts
    api_tokens: ApiTokens
    token_use: TokenUse
    bootstrap: Bootstrap


def assemble_accounts(
    settings: Settings,
    stores: Stores,
    records: Records,
    hasher: PasswordHasher,
    kept: Secrets,
    *,
    clock: Clock,
    ids: IdSource,
) -> AccountServices:
    """The services over these stores."""
    codec = JoseTokenCodec(kept.signing_key, time_seconds=lambda: clock.now().timestamp())
    token_use = TokenUse(records.api_tokens, clock)
    sessions = Sessions(
        codec,
        records.accounts,
        records.api_tokens,
        use=token_use,
        clock=clock,
        anonymous=settings.anonymous_permissions,
    )
    bootstrap = Bootstrap(
        records.accounts, hasher=hasher, clock=clock, name=settings.admin_username, password=kept.admin_password
    )
    return AccountServices(
        sessions=sessions,
        accounts=Accounts(
            records.accounts,
            records.api_tokens,
            hasher=hasher,
            codec=codec,
            attempts=LoginAttempts(
                stores.shared.attempts,
                AttemptRules(
                    settings.login_window_seconds, settings.login_attempts_per_name, settings.login_attempts_per_address
                ),
            ),
            clock=clock,
            token_lifetime_seconds=settings.token_lifetime_seconds,
        ),
        api_tokens=ApiTokens(records.api_tokens, records.accounts, clock=clock, ids=ids),
        token_use=token_use,
        bootstrap=bootstrap,
    )
