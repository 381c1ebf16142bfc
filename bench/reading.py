"""Small answers: how much CPU of the server they cost, against a bare Starlette route of the same size.

The registry's process and the bare one run at the same time in alternating rounds, so that both meet the same machine.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx

from bench.filling import Filled, fill
from bench.load import request, send_all
from bench.publishing import multipart
from bench.report import Row
from bench.servers import Server, bare_server, data_folder, registry_server, signed_in, wait_for_search
from bench.suites import Options

_CHAIN_LENGTH = 10
_AUDIT_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    path: str
    goal: float | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    weight: int = 1
    """About how many simple requests one of these costs; so many fewer are sent."""


def rows(options: Options) -> Iterator[Row]:
    with data_folder() as folder:
        filled = fill(folder, 10_000 if options.quick else 100_000)
        with registry_server(folder) as subject, signed_in(subject) as client:
            wait_for_search(subject)
            cases = _cases(client, filled)
            sizes = [len(_answer(client, case).content) for case in cases]
            with bare_server(list(dict.fromkeys(sizes))) as bare:
                for case, size in zip(cases, sizes, strict=True):
                    yield _measure(case, size, subject, bare, dict(client.headers), options)


def _cases(client: httpx.Client, filled: Filled) -> list[_Case]:
    one = f"/package/{filled.ids[len(filled.ids) // 2]}"
    for number in range(_AUDIT_ENTRIES - 1):
        client.patch(one, json={"description": f"change {number}"}).raise_for_status()
    tag = client.get(one).headers["ETag"]
    count = f"{len(filled.ids):,} packages"
    return [
        _Case("health", "/health", goal=2.5),
        _Case("read by id", one, goal=2.5),
        _Case("read by id, unchanged (304)", one, status=304, headers={"If-None-Match": tag}),
        _Case(f"page of 50 among {count}", "/packages?limit=50", goal=8.0, weight=4),
        _Case(f"page of 50 with a name among {count}", f"/packages?limit=50&name={filled.common_name}", weight=4),
        _Case(f"page of {_AUDIT_ENTRIES} audit entries", f"{one}/audit?limit={_AUDIT_ENTRIES}", weight=4),
        _Case(f"lineage of a chain of {_CHAIN_LENGTH}", f"/package/{_chain(client)}/lineage", weight=16),
    ]


def _chain(client: httpx.Client) -> str:
    """The id of the last of packages that depend each on the one before, by name."""
    package_id, dependencies = "", list[dict[str, str]]()
    for number in range(_CHAIN_LENGTH):
        name = f"chain-{number}"
        metadata = {"name": name, "version": "1.0.0", "type": "model", "dependencies": dependencies}
        body, content_type = multipart(metadata, b"content")
        answer = client.post("/package", content=body, headers={"Content-Type": content_type})
        package_id = answer.raise_for_status().json()["id"]
        dependencies = [{"relation": "base_model", "name": name, "version": "^1.0.0"}]
    return package_id


def _answer(client: httpx.Client, case: _Case) -> httpx.Response:
    answer = client.get(case.path, headers=case.headers)
    if answer.status_code != case.status:
        raise RuntimeError(f"GET {case.path}: {answer.status_code} {answer.text[:500]}")
    return answer


def _measure(
    case: _Case, size: int, subject: Server, bare: Server, headers: Mapping[str, str], options: Options
) -> Row:
    rounds, count = (3, 2_000) if options.quick else (7, 6_000)
    weighted = count // case.weight
    sent = {"Authorization": headers["authorization"], **case.headers}
    asked = request("GET", case.path, sent)
    plain = request("GET", "/304" if case.status == 304 else f"/{size}", sent)
    _cost(subject, asked, weighted // 4, case.status)  # warm
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(_cost(bare, plain, count, case.status))
        ours.append(_cost(subject, asked, weighted, case.status))
    baseline = f"bare, {size:,} bytes"
    return Row.beside(
        ours, theirs, suite="reading", name=case.name, unit="µs CPU", baseline_name=baseline, goal=case.goal
    )


def _cost(server: Server, asked: bytes, count: int, status: int) -> float:
    """CPU of the server in µs for each of `count` requests."""
    before = server.cpu_seconds()
    answered = send_all(server.port, itertools.repeat(asked, count), expected_status=status)
    return (server.cpu_seconds() - before) / answered.count * 1e6
