"""Checks of the way to a registry, as `RegistryClient.checks`. They leave nothing behind."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from email.utils import parsedate_to_datetime

from registry.client.errors import InvalidRequest
from registry.client.transport import Transport, read

_VERIFYING = 202
_PROBE_NAME = "registry-doctor"
_PATIENCE_SECONDS = 30.0


class Checks:
    """Raises the errors of `registry.client.errors`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def address(self) -> str:
        """The registry's address, without a slash at its end."""
        return self._transport.origin

    async def server_time(self) -> datetime | None:
        """What the registry's clock says, to the second; None where it does not say."""
        date = (await self._transport.call("GET", "/health")).headers.get("Date")
        return None if date is None else parsedate_to_datetime(date)

    async def refuses_other_bytes(self, data: bytes, *, announced_sha256: str) -> bool:
        """Whether the registry takes `data`, and refuses it for its SHA-256. The upload is ended in any case."""
        request = {
            "metadata": {"name": _PROBE_NAME, "version": "0.0.1", "type": "code"},
            "size": len(data),
            "sha256": announced_sha256,
        }
        opened = await self._transport.call("POST", "/uploads", json=request)
        upload_id, url = read(opened, lambda members: (str(members["id"]), str(members["parts"][0]["url"])))

        async def body() -> AsyncIterator[bytes]:
            yield data

        try:
            await self._transport.put(url, body, size=len(data))
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while time.monotonic() < deadline:
                answer = await self._transport.call("POST", f"/uploads/{upload_id}/complete")
                if answer.status_code != _VERIFYING:
                    break
                await asyncio.sleep(1)
        except InvalidRequest as error:
            return error.slug == "digest-mismatch"
        else:
            return False
        finally:
            await self._transport.call("DELETE", f"/uploads/{upload_id}", expected=(404, 409))
