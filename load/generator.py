"""The light generator: raw connections on one event loop, closed users or open arrivals."""

import asyncio
import json
import random
import time
from collections.abc import Iterator, Mapping

import uvloop

from bench.load import request
from load.connection import Connection
from load.recording import Recording
from load.traffic import Call, User

_SPREAD_SECONDS = 0.5


def closed(port: int, token: Mapping[str, str], users: list[User], *, seconds: float) -> Recording:
    """Each user sends its next request when the last is answered."""
    return uvloop.run(_closed(port, token, users, seconds))


def opened(port: int, token: Mapping[str, str], users: list[User], *, per_second: float, seconds: float) -> Recording:
    """Requests arrive at random moments (a Poisson process), whether or not earlier ones are answered.

    A latency counts from the moment of arrival: a request for which no connection (one for each user) is free waits,
    and its waiting is not hidden.
    """
    return uvloop.run(_opened(port, token, users, per_second, seconds))


def together(port: int, token: Mapping[str, str], path: str, *, clients: int, length: int) -> Recording:
    """All clients send the same GET at the same moment, once; an answer of another length is an error."""
    return uvloop.run(_together(port, token, path, clients, length))


async def _closed(port: int, token: Mapping[str, str], users: list[User], seconds: float) -> Recording:
    recording = Recording()
    deadline = recording.began + seconds

    async def run(user: User, delay: float) -> None:
        line = _Line(port, token)
        await asyncio.sleep(delay)
        while (began := time.perf_counter()) < deadline:
            await line.measure(user, recording, began)
        line.close()

    pause = min(_SPREAD_SECONDS, seconds / 10) / len(users)
    await asyncio.gather(*(run(user, number * pause) for number, user in enumerate(users)))
    return recording


async def _opened(
    port: int, token: Mapping[str, str], users: list[User], per_second: float, seconds: float
) -> Recording:
    lines = [_Line(port, token) for _ in users]
    await asyncio.gather(*(line.connect() for line in lines))
    recording = Recording()
    arrivals = _arrivals(recording.began, per_second, seconds)

    async def run(user: User, line: _Line) -> None:
        for arrival in arrivals:
            await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
            await line.measure(user, recording, arrival)
        line.close()

    await asyncio.gather(*(run(user, line) for user, line in zip(users, lines, strict=True)))
    return recording


def _arrivals(began: float, per_second: float, seconds: float) -> Iterator[float]:
    chance, at = random.Random(7), began
    while (at := at + chance.expovariate(per_second)) < began + seconds:
        yield at


async def _together(port: int, token: Mapping[str, str], path: str, clients: int, length: int) -> Recording:
    connections = [await Connection.opened(port) for _ in range(clients)]
    asked = request("GET", path, token)
    recording = Recording()

    async def fetch(connection: Connection) -> None:
        error = None
        try:
            answer = await connection.send(asked, timeout_seconds=300)
            if (answer.status, answer.length) != (200, length):
                error = f"status {answer.status}, {answer.length} bytes"
        except (OSError, TimeoutError) as failure:
            error = type(failure).__name__
        recording.add("download together", time.perf_counter() - recording.began, error=error)

    await asyncio.gather(*(fetch(connection) for connection in connections))
    for connection in connections:
        connection.close()
    return recording


class _Line:
    """A connection that is opened again after it broke."""

    def __init__(self, port: int, token: Mapping[str, str]) -> None:
        self._port = port
        self._token = token
        self._connection: Connection | None = None

    async def connect(self) -> Connection:
        if self._connection is None:
            self._connection = await Connection.opened(self._port)
        return self._connection

    async def measure(self, user: User, recording: Recording, began: float) -> None:
        call, error = user.next_call(), None
        operation = call.operation
        try:
            answer = await (await self.connect()).send(_bytes(call, self._token))
            operation = call.operation_of(answer.status)
            if answer.status not in call.expected:
                error = f"status {answer.status}"
            elif call.operation == "publish":
                user.published(call, json.loads(answer.body)["id"])
        except (OSError, TimeoutError) as failure:
            error = type(failure).__name__
            self.close()
        recording.add(operation, time.perf_counter() - began, error=error)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


def _bytes(call: Call, token: Mapping[str, str]) -> bytes:
    return request(call.method, call.path, {**token, **call.headers}, call.body)
