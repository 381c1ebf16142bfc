"""Searches and pages over HTTP at several sizes, a restart, and reads by id while hostile patterns are searched for."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx

from bench.filling import fill
from bench.report import Measured, Row
from bench.search import row_name
from bench.servers import Server, data_folder, registry_server, signed_in, wait_for_search
from bench.suites import Options

_README_BYTES = 250 * 1024
_READMES = 40
_HOSTILE = [
    "(x+x+)+y",
    "(.*a){20}!",
    "x[ax]{190}y",
    "(?i)x\\w{150}\\W!",
    "(?s)x.{196}(?:a|y)$",
    "(?:x.{20}y|a.{30}y|.{40}z|(?:a|x){30}w)",
    "(?:[ax]{1,9}){20}y",
    "(?s).*(?s).*!",
]
_SEARCHERS = 2


def rows(options: Options) -> Iterator[Row]:
    for size in (1_000, 10_000) if options.quick else (1_000, 10_000, 100_000):
        yield from _by_size(size)
    yield from _undisturbed(options)


def _row(name: str, measured: Measured, unit: str = "ms", *, note: str = "") -> Row:
    return Row("searching", name, measured.value, unit, measured.spread, note=note)


def _by_size(size: int) -> Iterator[Row]:
    with data_folder() as folder:
        filled = fill(folder, size)
        with registry_server(folder) as server:
            yield _row(row_name("index filled after a first start", size), Measured(wait_for_search(server), 0.0), "s")
            with signed_in(server) as client:
                headers = dict(client.headers)
        with registry_server(folder) as server:
            path = f"/package/{filled.ids[-1]}"
            httpx.get(server.url + path, headers=headers, trust_env=False).raise_for_status()
            read = server.seconds_since_start()
            searched = read + wait_for_search(server)
            yield _row(row_name("restart to the first read", size), Measured(read, 0.0), "s")
            yield _row(row_name("restart to the first search", size), Measured(searched, 0.0), "s")
            megabytes = server.memory_bytes() / 1e6
            yield _row(row_name("memory of the server", size), Measured(megabytes, 0.0), "MB")
        with registry_server(folder) as server, signed_in(server) as client:
            wait_for_search(server)
            deep = filled.ids[size // 2]
            newest = client.get("/packages", params={"limit": 1}).json()["items"][0]["id"]
            assert newest == filled.ids[-1]
            cursor = _cursor_behind(client, deep)
            cases: dict[str, Callable[[], httpx.Response]] = {
                "list, first page": lambda: client.get("/packages"),
                "list, page in the middle": lambda: client.get("/packages", params={"limit": 200, "cursor": cursor}),
                "list, page of 200 for comparison": lambda: client.get("/packages", params={"limit": 200}),
                "regex over names, page of 50": lambda: _search(client, "model-[0-9]*7$"),
                "regex over names, no match": lambda: _search(client, "no-such-name"),
                "words, page of 50 (all match)": lambda: client.get("/search", params={"q": "small model"}),
            }
            for name, ask in cases.items():
                yield _row(row_name(name, size), _timed(ask))


def _cursor_behind(client: httpx.Client, package_id: str) -> str:
    """A cursor that leads to packages older than this one: walked to, since cursors are sealed."""
    cursor: str | None = None
    while True:
        parameters = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/packages", params=parameters).raise_for_status().json()
        if page["items"][-1]["id"] <= package_id or page["next_cursor"] is None:
            return str(cursor or page["next_cursor"])
        cursor = page["next_cursor"]


def _search(client: httpx.Client, regex: str) -> httpx.Response:
    return client.post("/package/byRegEx", json={"regex": regex, "in": ["name"]})


def _timed(ask: Callable[[], httpx.Response], *, runs: int = 15) -> Measured:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        ask().raise_for_status()
        times.append((time.perf_counter() - began) * 1e3)
    return Measured.of(times)


def _undisturbed(options: Options) -> Iterator[Row]:
    seconds = 3.0 if options.quick else 10.0
    with data_folder() as folder, registry_server(folder) as server, signed_in(server) as client:
        readme = "".join("ax"[(step * step // 7 ^ step >> 3) & 1] for step in range(_README_BYTES))
        metadata = {"version": "1.0.0", "type": "model", "readme": readme, "content_base64": ""}
        for number in range(_READMES):
            answer = client.post("/package", json=metadata | {"name": f"hostile-{number}"})
            path = f"/package/{answer.raise_for_status().json()['id']}/cost"
        headers = dict(client.headers)
        alone = _read_times(server, path, headers, seconds)
        with _searching(server, headers) as searches:
            during = _read_times(server, path, headers, seconds)
    yield _row("small read by id, p50", Measured(_percentile(alone, 50), 0.0))
    yield _row("small read by id, p99", Measured(_percentile(alone, 99), 0.0))
    note = f"{_SEARCHERS} connections search {_READMES} READMEs of 250 KB all the time"
    yield _row("the same during hostile searches, p50", Measured(_percentile(during, 50), 0.0), note=note)
    yield _row("the same during hostile searches, p99", Measured(_percentile(during, 99), 0.0), note=note)
    yield _row("hostile search, median", Measured(_percentile(searches, 50), 0.0))
    slowest = Measured(max(searches), 0.0)
    yield Row("searching", "hostile search, slowest", slowest.value, "ms", 0.0, goal=1000.0)


def _read_times(server: Server, path: str, headers: Mapping[str, str], seconds: float) -> list[float]:
    times = []
    with httpx.Client(base_url=server.url, headers=dict(headers), trust_env=False) as client:
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            client.get(path).raise_for_status()
            times.append((time.perf_counter() - began) * 1e3)
    return times


@contextmanager
def _searching(server: Server, headers: Mapping[str, str]) -> Iterator[list[float]]:
    """Searches go on until the block ends; the list holds the milliseconds of each."""
    times: list[float] = []
    done = threading.Event()

    def search(first: int) -> None:
        with httpx.Client(base_url=server.url, headers=dict(headers), timeout=60.0, trust_env=False) as client:
            for pattern in itertools.islice(itertools.cycle(_HOSTILE), first, None):
                if done.is_set():
                    return
                began = time.perf_counter()
                body = json.dumps({"regex": pattern, "in": ["readme"]})
                answer = client.post("/package/byRegEx", content=body, headers={"Content-Type": "application/json"})
                times.append((time.perf_counter() - began) * 1e3)
                answer.raise_for_status()

    threads = [threading.Thread(target=search, args=(number,)) for number in range(_SEARCHERS)]
    for thread in threads:
        thread.start()
    try:
        yield times
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
