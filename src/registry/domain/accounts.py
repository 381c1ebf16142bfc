"""Accounts, their permissions, and the tokens that speak for them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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

    A deleted and recreated user has a new epoch, so old tokens do not come back to life. `revision` guards changes.
    """

    name: str
    password_hash: str
    permissions: frozenset[Permission]
    token_epoch: str
    created_at: datetime
    revision: int = 1


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a verified token says. `id` is the claim `jti`, `expires_at` in seconds since the epoch."""

    id: str
    user: str
    token_epoch: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Session:
    """An account as of this request, and whether the token that was shown has been revoked."""

    user: str
    permissions: frozenset[Permission]
    token_epoch: str
    revoked: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a user with the permissions of this moment, implied ones included."""

    name: str
    permissions: frozenset[Permission]
    token: TokenClaims

    @property
    def is_admin(self) -> bool:
        return Permission.ADMIN in self.permissions
