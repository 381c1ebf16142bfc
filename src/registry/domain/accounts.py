"""Accounts, their permissions, and the tokens that speak for them."""

import re
import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.domain.name_patterns import NamePatterns

USER_NAME_PATTERN = re.compile(r"[A-Za-z0-9._@-]{1,64}")
MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 1024


class Permission(StrEnum):
    UPLOAD = "upload"
    SEARCH = "search"
    DOWNLOAD = "download"
    ADMIN = "admin"


_ALL = frozenset(Permission)


def implied(permissions: AbstractSet[Permission]) -> frozenset[Permission]:
    """The permissions with what they imply: admin implies the rest."""
    return _ALL if Permission.ADMIN in permissions else frozenset(permissions)


@dataclass(frozen=True, slots=True)
class Account:
    """A user. `token_epoch` is random and changes with the password: tokens of another epoch are revoked.

    `id` names this account for ever: an account that is created again under the same name has another one. Whatever
    belongs to a user is bound to the id, so that nothing of it passes to a later user of the name. The id of an account
    from before ids existed is its name, so what was bound to that name then stays its own. `grant_epoch` is random too:
    it changes when all API tokens are revoked, and stays when only the password changes. `revision` guards changes.
    """

    name: str
    password_hash: str
    permissions: frozenset[Permission]
    token_epoch: str
    created_at: datetime
    id: str
    revision: int = 1
    grant_epoch: str = ""

    @property
    def is_admin(self) -> bool:
        return Permission.ADMIN in self.permissions

    @property
    def principal(self) -> str:
        return principal_of(self.name, self.id)


def principal_of(name: str, account_id: str) -> str:
    """Who owns something: the account, with its name for people to read. No name has a `#`."""
    return f"{name}#{account_id}"


def name_of(principal: str) -> str:
    """The name of a principal's account."""
    return principal.partition("#")[0]


def new_epoch() -> str:
    """An epoch that no token was made under."""
    return secrets.token_hex(8)


def new_account_id() -> str:
    """An id that no account had before."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a verified token says. `id` is the claim `jti`, `expires_at` in seconds since the epoch."""

    id: str
    user: str
    token_epoch: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Session:
    """An account as of this request (`account_id` as `Account.id`), and whether the token shown has been revoked."""

    user: str
    permissions: frozenset[Permission]
    token_epoch: str
    revoked: bool
    account_id: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token as it is stored: its `digest` (hex SHA-256) instead of its text.

    `beginning` is what lists show of the text. `grant_epoch` is the owner's account's when it was made: the token holds
    only while the account has the same. `expires_at` None: never. `last_used_at` is up to five minutes late.
    """

    id: str
    digest: str
    beginning: str
    user: str
    grant_epoch: str
    name: str
    permissions: frozenset[Permission]
    packages: NamePatterns
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """An API token with its owner's account as of this request."""

    token: ApiToken
    owner_permissions: frozenset[Permission]
    owner_epoch: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, with the permissions of this moment, implied ones included.

    What belongs to the caller is found by `account_id` (see `Account.id`), never by the name alone. An anonymous reader
    has the empty name, which no user can have, no account and no token.
    """

    name: str
    permissions: frozenset[Permission]
    token: TokenClaims | ApiToken | None
    account_id: str

    @property
    def user(self) -> str | None:
        """The name for the audit trail: None for anonymous readers."""
        return self.name or None

    @property
    def principal(self) -> str:
        """As whom the caller owns names; an anonymous reader is nobody."""
        return principal_of(self.name, self.account_id)

    @property
    def is_admin(self) -> bool:
        return Permission.ADMIN in self.permissions

    @property
    def names(self) -> NamePatterns | None:
        """The only names that exist for the caller; None: all do."""
        if not isinstance(self.token, ApiToken) or self.is_admin or self.token.packages.covers_all:
            return None
        return self.token.packages

    def may_name(self, name: str) -> bool:
        """Whether packages of this name exist for the caller."""
        names = self.names
        return names is None or names.covers(name)
