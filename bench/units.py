"""What each operation costs at scale: engine calls, read and write units by AWS's rules, and CPU of the API.

The records are in the engine of `bench/engine`, which costs next to nothing and counts; bytes and cache in those of the
tests. What the process does by itself meanwhile (it follows the changes) is measured first, and taken off.
"""

import contextlib
import itertools
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from bench.engines import measuring_engine, missing_engines, scaled_engines
from bench.load import request, send_all
from bench.publishing import multipart
from bench.report import Measured, Row
from bench.servers import Server, data_folder, registry_server, signed_in
from bench.suites import Options

_IDLE_SECONDS = 4.0
_RATING_SECONDS = 120.0
_SETTLE_SECONDS = 120.0
_BUSY_SHARE = 0.05
"""CPU of the process in a second with nothing to do but to follow the changes is a third of that."""
_QUIET_SECONDS = 3
_PREPARED = 120
_README = "# A model\n\n" + "It has a README of a usual length, some three kilobytes. " * 55
_names = (f"acme/units-{secrets.token_hex(4)}-{number}" for number in itertools.count())

Make = Callable[[str, dict[str, str]], bytes]
"""The next request's bytes, from the id of a package and the headers."""


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of one request, or of one second with nothing to do."""

    calls: float
    read: float
    write: float
    cpu_us: float


@dataclass(frozen=True, slots=True)
class _Operation:
    """`once`: each package bears it once."""

    name: str
    status: int
    make: Make
    weight: int = 1
    once: bool = False
    goal_us: float | None = None


def _get(path: str) -> Make:
    return lambda package_id, sent: request("GET", path.format(package_id), sent)


def _publish(_: str, sent: dict[str, str]) -> bytes:
    metadata = {"name": next(_names), "version": "1.0.0", "type": "model", "tags": ["nlp"], "readme": _README}
    body, content_type = multipart(metadata, bytes(1024))
    return request("POST", "/package", sent | {"Content-Type": content_type}, body)


def _change(package_id: str, sent: dict[str, str]) -> bytes:
    body = json.dumps({"description": secrets.token_hex(4)}).encode()
    return request("PATCH", f"/package/{package_id}", sent | {"Content-Type": "application/json"}, body)


def _delete(package_id: str, sent: dict[str, str]) -> bytes:
    return request("DELETE", f"/package/{package_id}", sent)


_OPERATIONS = (
    _Operation("read by id", 200, _get("/package/{}"), goal_us=230),
    _Operation("page of 50", 200, _get("/packages?limit=50"), weight=4, goal_us=1_900),
    _Operation("page of 50 by tag", 200, _get("/packages?limit=50&tag=nlp"), weight=4),
    _Operation("download, redirected to S3", 307, _get("/package/{}/content"), weight=2),
    _Operation("audit of a package", 200, _get("/package/{}/audit?limit=10"), weight=2),
    _Operation("change of a package", 200, _change, weight=8, once=True),
    _Operation("deletion", 204, _delete, weight=8, once=True, goal_us=1_900),
    _Operation("publish 1 KiB with a README", 201, _publish, weight=8, goal_us=1_800),
)
_LEASED = _OPERATIONS[:4]
_RATED = _Operation("cached rating", 200, _get("/package/{}/rate"), goal_us=500)


def rows(options: Options) -> Iterator[Row]:
    if missing_engines("units"):
        return
    rounds, count = (3, 200) if options.quick else (5, 800)
    with scaled_engines(measuring_engine) as settings:
        with _Backend(settings) as backend:
            idle = backend.idle()
            yield from _shown("nothing, a second", [idle], None)
            for operation in _OPERATIONS:
                costs = [backend.measure(operation, count // operation.weight, idle) for _ in range(rounds)]
                yield from _shown(operation.name, costs, operation.goal_us)
        with _Backend(settings | {"REGISTRY_SESSION_LEASE_SECONDS": "1"}) as backend:
            idle = backend.idle()
            for operation in _LEASED:
                costs = [backend.measure(operation, count // operation.weight, idle) for _ in range(rounds)]
                yield from _shown(f"{operation.name}, with a session lease", costs, operation.goal_us)
        # In a process that makes ratings itself.
        with _Backend(settings | {"REGISTRY_JOBS": "local"}) as backend:
            backend.rate()
            idle = backend.idle()
            costs = [backend.measure(_RATED, count, idle) for _ in range(rounds)]
            yield from _shown(_RATED.name, costs, _RATED.goal_us)


def _shown(name: str, costs: list[_Cost], goal_us: float | None) -> Iterator[Row]:
    shown: tuple[tuple[str, Callable[[_Cost], float]], ...] = (
        ("calls", lambda cost: cost.calls),
        ("RCU", lambda cost: cost.read),
        ("WCU", lambda cost: cost.write),
    )
    for unit, value in shown:
        measured = Measured.of([value(cost) for cost in costs])
        yield Row("units", f"{name}, {unit}", measured.value, unit, measured.spread)
    measured = Measured.of([cost.cpu_us for cost in costs])
    yield Row("units", f"{name}, CPU", measured.value, "µs CPU", measured.spread, goal=goal_us)


class _Backend(contextlib.ExitStack):
    """A server at scale, with packages to work on."""

    def __init__(self, settings: dict[str, str]) -> None:
        super().__init__()
        self._engine = settings["REGISTRY_DYNAMODB_ENDPOINT_URL"]
        self._server: Server = self.enter_context(registry_server(self.enter_context(data_folder()), settings))
        self._client: httpx.Client = self.enter_context(signed_in(self._server))
        self._sent = {"Authorization": self._client.headers["Authorization"]}
        self._packages: list[str] = []
        self._publish(_PREPARED)

    def rate(self) -> None:
        """Have the package that is read rated."""
        deadline = time.monotonic() + _RATING_SECONDS
        while self._client.get(f"/package/{self._packages[0]}/rate?wait=5").raise_for_status().status_code != 200:
            if time.monotonic() > deadline:
                raise RuntimeError("the package does not get rated")

    def idle(self) -> _Cost:
        """What a second costs in which nobody asks, once what was published before is scanned and rated.

        That is so when nothing was written for a while: work that waits for its time takes no CPU.
        """
        deadline, quiet_seconds = time.monotonic() + _SETTLE_SECONDS, 0
        while quiet_seconds < _QUIET_SECONDS and time.monotonic() < deadline:
            before, cpu_seconds = self._counted(), self._server.cpu_seconds()
            time.sleep(1)
            second = self._cost(before, cpu_seconds, 1)
            is_busy = second.write > 0 or second.cpu_us > _BUSY_SHARE * 1e6
            quiet_seconds = 0 if is_busy else quiet_seconds + 1
        before, cpu_seconds = self._counted(), self._server.cpu_seconds()
        time.sleep(_IDLE_SECONDS)
        return self._cost(before, cpu_seconds, _IDLE_SECONDS)

    def measure(self, operation: _Operation, count: int, idle: _Cost) -> _Cost:
        """What one request costs, of `count`."""
        if operation.once:
            self._publish(count)
            ids = [self._packages.pop() for _ in range(count)]
        else:
            ids = [self._packages[0]] * count
        asked = [operation.make(package_id, self._sent) for package_id in ids]
        before, cpu_seconds = self._counted(), self._server.cpu_seconds()
        answered = send_all(self._server.port, iter(asked), expected_status=operation.status)
        cost, seconds = self._cost(before, cpu_seconds, count), answered.seconds / count
        return _Cost(
            max(0.0, cost.calls - idle.calls * seconds),
            max(0.0, cost.read - idle.read * seconds),
            max(0.0, cost.write - idle.write * seconds),
            max(0.0, cost.cpu_us - idle.cpu_us * seconds),
        )

    def _publish(self, count: int) -> None:
        for _ in range(count):
            answer = self._client.send(_as_httpx(self._client, _publish("", self._sent)))
            self._packages.append(answer.raise_for_status().json()["id"])

    def _cost(self, before: dict[str, Any], cpu_seconds: float, by: float) -> _Cost:
        after = self._counted()
        calls, read, write = (
            (sum(after[kind].values()) - sum(before[kind].values())) / by for kind in ("calls", "read", "write")
        )
        return _Cost(calls, read, write, (self._server.cpu_seconds() - cpu_seconds) / by * 1e6)

    def _counted(self) -> dict[str, Any]:
        counted: dict[str, Any] = httpx.get(self._engine, trust_env=False).raise_for_status().json()
        return counted


def _as_httpx(client: httpx.Client, raw: bytes) -> httpx.Request:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    given = dict(line.split(": ", 1) for line in lines)
    given.pop("Host")
    return client.build_request(method, path, headers=given, content=body)
