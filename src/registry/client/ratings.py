"""Ratings, their receipts and license checks, as `RegistryClient.ratings`."""

import asyncio
import time
from collections.abc import Callable

import httpx

from registry.client.assessments import LicenseCheck, Rating
from registry.client.models import Document
from registry.client.transport import Transport, read
from registry.client.waiting import get_waited

_LOOK_SECONDS = 0.5


class Ratings:
    """What a package is worth, and why. Raises the errors of `registry.client.errors`."""

    def __init__(self, transport: Transport, path: Callable[[str], str]) -> None:
        self._transport = transport
        self._path = path

    async def get(self, package_id: str, *, wait_seconds: float = 0) -> Rating | None:
        """The rating of the package's revision. None when it was not made within `wait_seconds`.

        Asking starts it where there is none. Raises NotFound.
        """
        response = await get_waited(self._transport, self._rate(package_id), wait_seconds=wait_seconds)
        return read(response, Rating.from_json) if response.status_code == httpx.codes.OK else None

    async def again(self, package_id: str, *, wait_seconds: float = 0) -> Rating | None:
        """Have the package rated again; the new rating, None when it was not made in time. Raises NotFound."""
        path = self._rate(package_id)
        before = (await get_waited(self._transport, path, wait_seconds=0)).headers.get("ETag")
        await self._transport.call("POST", path, repeatable=True)
        deadline = time.monotonic() + wait_seconds
        while True:
            response = await get_waited(self._transport, path, wait_seconds=0)
            if response.status_code == httpx.codes.OK and response.headers.get("ETag") != before:
                return read(response, Rating.from_json)
            if time.monotonic() >= deadline:
                return None
            await asyncio.sleep(_LOOK_SECONDS)

    async def receipt(self, package_id: str) -> bytes:
        """The evidence of the rating, to be computed again offline. Raises NotFound while there is no rating."""
        return (await self._transport.call("GET", f"{self._path(package_id)}/rate/receipt")).content

    async def receipt_keys(self) -> Document:
        """The public keys that check receipts, as a JWK set; the one that signs now comes first."""
        return read(await self._transport.call("GET", "/receipts/keys"), dict)

    async def license_check(
        self,
        package_id: str,
        *,
        license: str | None = None,  # noqa: A002 – the field's name
        url: str | None = None,
    ) -> LicenseCheck:
        """Whether a project may use the package: one under `license` (SPDX), or the one at `url`.

        Raises NotFound, InvalidRequest, ProblemError
        (502) when the license at `url` cannot be read.
        """
        body = {name: value for name, value in (("license", license), ("url", url)) if value is not None}
        path = f"{self._path(package_id)}/license-check"
        return read(await self._transport.call("POST", path, json=body, repeatable=True), LicenseCheck.from_json)

    def _rate(self, package_id: str) -> str:
        return f"{self._path(package_id)}/rate"
