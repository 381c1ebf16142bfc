"""Pages of the web interface: how much CPU of the server one costs, signed in."""

import itertools
from collections.abc import Iterator

import httpx

from bench.load import request, send_all
from bench.publishing import multipart
from bench.report import Measured, Row
from bench.servers import Server, data_folder, registry_server, signed_in
from bench.suites import Options

_PACKAGES = 30
_README = "# A model\n\nText with a [link](https://example.org).\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n" * 20
_UNITS_OF_A_SECOND = 1_000_000
_PACKAGE_GOAL_US, _LIST_GOAL_US = 5_000.0, 4_000.0


def rows(options: Options) -> Iterator[Row]:
    with data_folder() as folder, registry_server(folder) as server, signed_in(server) as client:
        package = f"/ui/package/{_publish(client)}"
        token = client.headers["Authorization"].removeprefix("Bearer ")
        headers = {"Cookie": f"registry_session={token}"}
        for name, path, goal in (
            ("package page", package, _PACKAGE_GOAL_US),
            ("rating page", f"{package}/rating", _PACKAGE_GOAL_US),
            ("list of 25 packages", "/ui/packages", _LIST_GOAL_US),
            ("start page", "/ui", None),
        ):
            yield _measure(server, name, request("GET", path, headers), goal, options)


def _publish(client: httpx.Client) -> str:
    """Publish packages with a README, and return the id of the last one once all are rated."""
    package_id = ""
    for number in range(_PACKAGES):
        metadata = {"name": f"acme/model-{number}", "version": "1.0.0", "type": "model", "readme": _README}
        body, content_type = multipart(metadata, b"content %d" % number)
        answer = client.post("/package", content=body, headers={"Content-Type": content_type})
        package_id = answer.raise_for_status().json()["id"]
        client.get(f"/package/{package_id}/rate", params={"wait": 30}).raise_for_status()
    return package_id


def _measure(server: Server, name: str, asked: bytes, goal: float | None, options: Options) -> Row:
    rounds, count = (3, 100) if options.quick else (7, 500)
    _cost(server, asked, count // 4)  # warm
    measured = Measured.of([_cost(server, asked, count) for _ in range(rounds)])
    return Row(suite="web", name=name, value=measured.value, unit="µs CPU", spread=measured.spread, goal=goal)


def _cost(server: Server, asked: bytes, count: int) -> float:
    """CPU of the server in µs for each of `count` requests."""
    before = server.cpu_seconds()
    answered = send_all(server.port, itertools.repeat(asked, count), expected_status=200)
    return (server.cpu_seconds() - before) / answered.count * _UNITS_OF_A_SECOND
