"""Where idempotency records are read. PackageStore and UploadStore write them with the change itself."""

from typing import Protocol

from registry.domain.idempotency import IdempotencyRecord


class IdempotencyStore(Protocol):
    async def find(self, key: str) -> IdempotencyRecord | None:
        """The record of the first request with this key, None when there is none or it has expired."""
