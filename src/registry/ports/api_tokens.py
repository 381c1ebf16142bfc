"""Where API tokens are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.accounts import ApiToken, Grant


class ApiTokenStore(Protocol):
    """API tokens by digest and by id. Changes are durable when they return and seen by every process from then on.

    Whether a token has expired, or is of another epoch than its owner's account, is for the caller to judge.
    """

    async def add(self, token: ApiToken) -> None:
        """Add a token. Its digest and id are new."""

    async def find_grant(self, digest: str) -> Grant | None:
        """The token with its owner's state of this moment; None without token or account.

        One read, and one more where a process meets the token for the first time.
        """

    async def get(self, token_id: str) -> ApiToken:
        """The token. Raises NotFound."""

    async def list_tokens(self, user: str, *, limit: int, after: str | None) -> Sequence[ApiToken]:
        """The next tokens of a user, newest first, after the id `after`."""

    async def remove(self, token: ApiToken) -> None:
        """Remove a token: it is good no more. One that is gone already is no error."""

    async def drop(self, user: str, *, grant_epoch: str) -> None:
        """Remove the tokens of a user that were made under this epoch, in as many steps as it takes: they are void."""

    async def record_use(self, used: Mapping[str, datetime]) -> None:
        """Note when tokens (by digest) were last used. Never goes back, and brings no token back that was removed."""
