"""Where accounts and revoked tokens are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.accounts import Account, Session


class AccountStore(Protocol):
    """Accounts by name. Changes are durable when they return and seen by every process from then on."""

    async def add(self, account: Account) -> None:
        """Add an account. Raises AlreadyExists."""

    async def get(self, name: str) -> Account:
        """The account. Raises NotFound."""

    async def replace(self, account: Account, *, expected_revision: int) -> None:
        """Put `account` in place. Raises NotFound, RevisionConflict."""

    async def remove(self, name: str) -> None:
        """Remove an account. Raises NotFound."""

    async def list_accounts(self, *, limit: int, after: str | None) -> Sequence[Account]:
        """The next accounts by name, behind the name `after`."""

    async def find_session(self, name: str, token_id: str) -> Session | None:
        """The account's state of this moment and whether the token is revoked, in one read; None without account."""

    async def revoke_token(self, token_id: str, *, expires_at: datetime) -> None:
        """Remember that a token is revoked, until it would have expired anyway."""
