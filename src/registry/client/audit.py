"""The log of all audit entries; for administrators."""

import json
from collections.abc import AsyncIterator
from datetime import datetime

from registry.client.errors import InvalidAnswer
from registry.client.models import Document
from registry.client.transport import Transport, read


class AuditLog:
    """`client.audit_log`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def export(
        self,
        *,
        user: str | None = None,
        action: str | None = None,
        package_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncIterator[Document]:
        """Every entry that fits, newest first, as the registry sends them. Raises InvalidRequest."""
        given = {
            "user": user,
            "action": action,
            "package": package_id,
            "since": None if since is None else since.isoformat(),
            "until": None if until is None else until.isoformat(),
        }
        params = {name: value for name, value in given.items() if value is not None}
        async with self._transport.lines("/audit", params=params, accept="application/x-ndjson") as lines:
            async for line in lines:
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise InvalidAnswer("the registry sent a line that is no entry") from error

    async def checkpoint(self) -> Document:
        """The log's size and root, signed."""
        return read(await self._transport.call("GET", "/audit/checkpoint"), dict)

    async def prove(self, position: int) -> Document:
        """An entry, with what proves its place without the others. Raises NotFound."""
        return read(await self._transport.call("GET", f"/audit/proof/{position}"), dict)
