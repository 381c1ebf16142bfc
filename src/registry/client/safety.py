"""Safety verdicts, as `RegistryClient.safety`."""

from collections.abc import Callable

import httpx

from registry.client.assessments import Verdict
from registry.client.transport import Transport, read
from registry.client.waiting import get_waited


class Safety:
    """What could run code in a package. Raises the errors of `registry.client.errors`."""

    def __init__(self, transport: Transport, path: Callable[[str], str]) -> None:
        self._transport = transport
        self._path = path

    async def get(self, package_id: str, *, wait_seconds: float = 0) -> Verdict | None:
        """The verdict on the package's content.

        None when there was none within `wait_seconds`. Raises NotFound, Conflict for a package without content.
        """
        path = f"{self._path(package_id)}/safety"
        response = await get_waited(self._transport, path, wait_seconds=wait_seconds)
        return read(response, Verdict.from_json) if response.status_code == httpx.codes.OK else None
