"""Requests to webhooks' receivers."""

import asyncio
import contextlib
from collections.abc import Mapping

import httpx

from registry.adapters.outbound.guarded import GuardedResolver, RefusedAddress, pinned_request
from registry.domain.errors import InvalidInput
from registry.domain.redaction import redacted
from registry.ports.webhooks import Answered, SendError

_MAX_READ_BYTES = 16 * 1024
"""Read so that a short answer ends in peace; what is longer is cut off. Nobody looks at it."""
_CHECK_SECONDS = 3.0
_HEADERS = {"Content-Type": "application/json", "User-Agent": "registry-webhooks", "Accept-Encoding": "identity"}


class HttpWebhookSender:
    """Implements `WebhookSender`. Each request goes to an address that was judged a moment before."""

    def __init__(self, client: httpx.AsyncClient, resolver: GuardedResolver, *, timeout_seconds: float) -> None:
        """`client` keeps no connection open and no cookie: they would pass from one receiver to another.

        `timeout_seconds` bounds a whole attempt, from the name's resolution to the answer's head.
        """
        self._client = client
        self._resolver = resolver
        self._timeout_seconds = timeout_seconds

    async def check(self, url: str) -> None:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._resolver.pin(httpx.URL(url))
        except RefusedAddress as error:
            raise InvalidInput(str(error), pointer="/url") from None
        except (httpx.InvalidURL, ValueError):
            raise InvalidInput("not a URL that can be reached; check its host", pointer="/url") from None
        except OSError:  # no address at the moment, TimeoutError included
            return

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> Answered:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                target = httpx.URL(url)
                address = await self._resolver.pin(target)
                request = pinned_request(
                    self._client, "POST", target, address, headers={**_HEADERS, **headers}, content=body
                )
                response = await self._client.send(request, stream=True, follow_redirects=False)
        except TimeoutError:
            raise SendError(f"no answer within {self._timeout_seconds:g} s") from None
        except (RefusedAddress, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise SendError(redacted(f"{type(error).__name__}: {error}")) from None
        try:
            return Answered(response.status_code, _retry_after(response))
        finally:
            await self._drain(response)

    async def _drain(self, response: httpx.Response) -> None:
        with contextlib.suppress(httpx.HTTPError, OSError):
            async with asyncio.timeout(1):
                read = 0
                async for chunk in response.aiter_raw(_MAX_READ_BYTES):
                    read += len(chunk)
                    if read >= _MAX_READ_BYTES:
                        break
        with contextlib.suppress(httpx.HTTPError, OSError):
            await response.aclose()


def _retry_after(response: httpx.Response) -> int | None:
    # The form in seconds only; receivers that send a date (RFC 9110) get the usual waits.
    text: str = response.headers.get("retry-after", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
