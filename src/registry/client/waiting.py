"""Asking for what the registry makes in the background, until it is there."""

import time

import httpx

from registry.client.transport import Parameters, Transport

_LONGEST_WAIT_SECONDS = 30


async def get_waited(
    transport: Transport, path: str, *, wait_seconds: float, params: Parameters | None = None
) -> httpx.Response:
    """The answer to GET with `?wait`, asked again while it is no 200, for about `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    while True:
        wait = max(0, min(_LONGEST_WAIT_SECONDS, int(deadline - time.monotonic())))
        response = await transport.call("GET", path, params={**(params or {}), "wait": str(wait)})
        if response.status_code == httpx.codes.OK or time.monotonic() + 1 >= deadline:
            return response
