"""Accounts, their permissions, and the tokens that speak for them."""

import re
import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
    from before ids existed is its name, so what was bound to that name then stays its own. `revision` guards changes.
    """

    name: str
    password_hash: str
    permissions: frozenset[Permission]
    token_epoch: str
    created_at: datetime
    id: str
    revision: int = 1

    @property
    def is_admin(self) -> bool:
        return Permission.ADMIN in self.permissions


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
class Caller:
    """Who is asking: a user with the permissions of this moment, implied ones included.

    What belongs to the caller is found by `account_id` (see `Account.id`), never by the name alone.
    """

    name: str
    permissions: frozenset[Permission]
    token: TokenClaims
    account_id: str

    @property
    def is_admin(self) -> bool:
        return Permission.ADMIN in self.permissions
