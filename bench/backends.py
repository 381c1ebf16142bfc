"""Both storage backends, operation by operation: calls per second, CPU of the API, engine calls per request.

The engines are those of the tests and run on the same machine, which flatters the network and burdens the processor:
calls per second say how the backends compare here, CPU and engine calls hold anywhere. Where an engine is missing there
are no rows.
"""

import contextlib
import itertools
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.engines import missing_engines, scaled_engines
from bench.load import CONNECTIONS, request, send_all
from bench.publishing import multipart
from bench.report import Measured, Row
from bench.servers import Server, data_folder, registry_server, signed_in
from bench.suites import Options

_names = (f"acme/backends-{secrets.token_hex(4)}-{number}" for number in itertools.count())


@dataclass(frozen=True, slots=True)
class _Operation:
    """`make` gives the next request's bytes from the id of a package and the headers."""

    name: str
    status: int
    make: Callable[[str, dict[str, str]], bytes]
    weight: int = 1


@dataclass(frozen=True, slots=True)
class _Cost:
    rate: float
    cpu_us: float
    engine_calls: float


def _publish(_: str, sent: dict[str, str]) -> bytes:
    body, content_type = multipart({"name": next(_names), "version": "1.0.0", "type": "model"}, bytes(1024))
    return request("POST", "/package", sent | {"Content-Type": content_type}, body)


def _patch(package_id: str, sent: dict[str, str]) -> bytes:
    body = json.dumps({"description": secrets.token_hex(4)}).encode()
    return request("PATCH", f"/package/{package_id}", sent | {"Content-Type": "application/json"}, body)


def _get(rest: str, **parameters: str) -> Callable[[str, dict[str, str]], bytes]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return lambda package_id, sent: request("GET", f"{rest.format(package_id)}{'?' if query else ''}{query}", sent)


_OPERATIONS = (
    _Operation("read by id", 200, _get("/package/{}")),
    _Operation("page of 50", 200, _get("/packages", limit="50"), weight=8),
    _Operation("download of 1 KiB through the service", 200, _get("/package/{}/content", redirect="false"), weight=4),
    _Operation("audit", 200, _get("/package/{}/audit", limit="10"), weight=2),
    _Operation("publish 1 KiB", 201, _publish, weight=8),
    _Operation("change of one package, one after the other", 200, _patch, weight=8),
)


def rows(options: Options) -> Iterator[Row]:
    if missing_engines("backends"):
        return
    rounds, count = (3, 300) if options.quick else (5, 2_000)
    with contextlib.ExitStack() as stack:
        embedded = _Backend(stack, {})
        scaled = _Backend(stack, stack.enter_context(scaled_engines()))
        for operation in _OPERATIONS:
            ours: list[_Cost] = []
            theirs: list[_Cost] = []
            for _ in range(rounds):
                theirs.append(embedded.measure(operation, count // operation.weight))
                ours.append(scaled.measure(operation, count // operation.weight))
            yield from _rows(operation.name, ours, theirs)


def _rows(name: str, ours: list[_Cost], theirs: list[_Cost]) -> Iterator[Row]:
    shown: tuple[tuple[str, bool, Callable[[_Cost], float]], ...] = (
        ("/s", True, lambda cost: cost.rate),
        ("µs CPU", False, lambda cost: cost.cpu_us),
        ("engine calls", False, lambda cost: cost.engine_calls),
    )
    for unit, better, value in shown:
        mine, other = Measured.of([value(cost) for cost in ours]), Measured.of([value(cost) for cost in theirs])
        yield Row(
            suite="backends",
            name=f"{name}, at scale",
            value=mine.value,
            unit=unit,
            spread=mine.spread,
            baseline_name="embedded",
            baseline_value=other.value,
            ratio=mine.value / other.value if other.value else None,
            more_is_better=better,
        )


class _Backend:
    """A server with one backend with a package to read."""

    def __init__(self, stack: contextlib.ExitStack, settings: dict[str, str]) -> None:
        folder = stack.enter_context(data_folder())
        self._server: Server = stack.enter_context(registry_server(folder, settings))
        self._client: httpx.Client = stack.enter_context(signed_in(self._server))
        self._sent = {"Authorization": self._client.headers["Authorization"]}
        for _ in range(50):
            body, content_type = multipart({"name": next(_names), "version": "1.0.0", "type": "model"}, bytes(1024))
            answer = self._client.post("/package", content=body, headers={"Content-Type": content_type})
            self._package = answer.raise_for_status().json()["id"]

    def measure(self, operation: _Operation, count: int) -> _Cost:
        asked = [operation.make(self._package, self._sent) for _ in range(count)]
        calls, cpu_seconds = self._engine_calls(), self._server.cpu_seconds()
        connections = 1 if operation.make is _patch else CONNECTIONS
        answered = send_all(self._server.port, iter(asked), expected_status=operation.status, connections=connections)
        return _Cost(
            answered.count / answered.seconds,
            (self._server.cpu_seconds() - cpu_seconds) / answered.count * 1e6,
            (self._engine_calls() - calls) / answered.count,
        )

    def _engine_calls(self) -> float:
        """Calls of the stores so far; a probe every fifteen seconds is among them."""
        text = self._client.get("/metrics").raise_for_status().text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "registry_store_call_seconds_count"
        )
