"""Where the records of open uploads are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.events import Event
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.quotas import Quota
from registry.domain.uploads import Upload


class UploadStore(Protocol):
    """Open uploads by id. A change is durable when it returns, and seen by every process from then on.

    An upload ends once: by `PackageStore.add` with it in the change, or by `remove`. Whichever comes second finds it
    gone, so bytes are never dropped under a package. All methods raise Unavailable.
    """

    async def add(
        self, upload: Upload, idempotency: IdempotencyRecord | None = None, *, quota: Quota | None = None
    ) -> None:
        """Add an upload with its idempotency record, all or nothing. Raises AlreadyAnswered.

        With a `quota`, the same write raises QuotaReached or Throttled where the upload does not fit into it.
        """

    async def get(self, upload_id: str) -> Upload:
        """The upload, whether or not it has expired. Raises NotFound."""

    async def move(self, upload_id: str, key: str, *, before: str) -> None:
        """Note that the parts, under the key `before` until now, are gathered under another one from now on.

        Raises NotFound when the upload is gone, or gathered under another key than `before`.
        """

    async def remove(self, upload_id: str, *, event: Event | None = None) -> bool:
        """Remove an upload, and record `event` where it was there, in one write. Whether it was there."""

    async def list_open(self, user: str, *, limit: int) -> Sequence[Upload]:
        """The first `limit` uploads that `user` created, oldest first."""

    async def list_expired(self, now: datetime, *, limit: int) -> Sequence[Upload]:
        """The first `limit` uploads whose time is over, those that expired first at the head."""
