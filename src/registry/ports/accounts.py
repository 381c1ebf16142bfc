"""Where accounts and revoked tokens are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.accounts import Account, Session


class AccountStore(Protocol):
    """Accounts by name. Changes are durable when they return and seen by every process from then on."""

    async def add(self, account: Account) -> None:
        """Add an account. Raises AlreadyExists."""

    async def add_first(self, account: Account) -> bool:
        """Add the first admin, on the condition that the store never held an account. Whether it was added.

        Of many that try at once one succeeds. That accounts existed is remembered even when they were removed since
        (but a reset ends that memory with all else).
        """

    async def get(self, name: str) -> Account:
        """The account. Raises NotFound."""

    async def replace(self, account: Account, *, expected_revision: int) -> None:
        """Put `account` in place. Raises NotFound, RevisionConflict, and LastAdmin where no admin would be left.

        However many admins lose the permission or are removed at once, one of them stays.
        """

    async def remove(self, name: str) -> None:
        """Remove an account. Raises NotFound, and LastAdmin as `replace`."""

    async def list_accounts(self, *, limit: int, after: str | None) -> Sequence[Account]:
        """The next accounts by name, after the name `after`."""

    async def find_session(self, name: str, token_id: str) -> Session | None:
        """The account's state of this moment and whether the token is revoked, in one read; None without account."""

    async def revoke_token(self, token_id: str, *, expires_at: datetime) -> None:
        """Remember that a token is revoked, until it would have expired anyway."""
