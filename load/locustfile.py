"""Locust's users: the mix of load/mix.json, from the same `User` that the light generator has.

    REGISTRY_TOKEN=… locust -f load/locustfile.py --host http://127.0.0.1:8000 --users 100 --spawn-rate 100 \\
        --headless --run-time 30s                            (add --processes 2 for a master and two workers)

Environment: LOAD_IDS (a file with one id per line; default: the first page of the listing), LOAD_RESULT (a file for
the raw result), LOAD_TARGET (the target of mix.json that sets the exit code; default floor).
"""

import itertools
import json
import os
import uuid
from pathlib import Path
from typing import Any

from gevent.lock import BoundedSemaphore
from locust import FastHttpUser, constant, events, task

from load.histogram import Distribution
from load.results import MIX
from load.traffic import User, weights

_RUN = uuid.uuid4().hex[:8]
_NUMBERS = itertools.count()
_WEIGHTS: dict[str, int] = {}
_IDS: list[str] = []
_PREPARING = BoundedSemaphore()


class Client(FastHttpUser):
    """One of the clients; it sends its next request at once."""

    wait_time = constant(0)

    def on_start(self) -> None:
        self._token = {"Authorization": f"Bearer {os.environ['REGISTRY_TOKEN']}"}
        with _PREPARING:
            if not _WEIGHTS:
                _IDS.extend(self._ids())
                _WEIGHTS.update(weights(self.client.get("/openapi.json", name="(prepare)").json()["paths"]))
        self._user = User(f"locust-{_RUN}-{os.getpid()}-{next(_NUMBERS)}", _IDS, _WEIGHTS)

    @task
    def send(self) -> None:
        call = self._user.next_call()
        with self.client.request(
            call.method,
            call.path,
            name=call.operation,
            data=call.body or None,
            headers={**self._token, **call.headers},
            catch_response=True,
            allow_redirects=False,
        ) as response:
            response.request_meta["name"] = call.operation_of(response.status_code)
            if response.status_code not in call.expected:
                response.failure(f"status {response.status_code}")
                return
            response.success()
            if call.operation == "publish":
                self._user.published(call, response.json()["id"])

    def _ids(self) -> list[str]:
        if file := os.environ.get("LOAD_IDS"):
            return Path(file).read_text().split()
        listing = self.client.get("/packages?limit=200", headers=self._token, name="(prepare)").json()
        return [package["id"] for package in listing["items"]]


@events.quitting.add_listener
def _keep(environment: Any, **_: object) -> None:
    """Write what was counted, and judge it; workers of a distributed run leave that to their master."""
    stats = environment.runner.stats if environment.runner else environment.stats
    entries = [entry for entry in stats.entries.values() if not entry.name.startswith("(")]
    if not entries or type(environment.runner).__name__ == "WorkerRunner":
        return
    kept = {name: _kept(entries, limits) for name, limits in MIX["targets"].items()}
    if path := os.environ.get("LOAD_RESULT"):
        Path(path).write_text(json.dumps(_result(entries, stats.errors.values(), _span(entries)) | {"kept": kept}))
    environment.process_exit_code = 0 if kept[os.environ.get("LOAD_TARGET", "floor")] else 1


def _kept(entries: list[Any], limits: dict[str, float]) -> bool:
    """Whether the limits of a target are."""
    count = sum(entry.num_requests for entry in entries)
    times = Distribution.joined(_times(entry) for entry in entries)
    failed = sum(entry.num_failures for entry in entries)
    return (
        times.mean_ms < limits["mean_ms"]
        and times.percentile_ms(0.95) < limits["p95_ms"]
        and failed / count <= limits["error_share"]
        and count / _span(entries) > limits["per_second"]
    )


def _span(entries: list[Any]) -> float:
    """Seconds from the first request to the last."""
    first = min(min(entry.num_reqs_per_sec) for entry in entries)
    last = max(entry.last_request_timestamp for entry in entries)
    return max(1.0, float(last - first))


def _times(entry: Any) -> Distribution:
    # Locust rounds to whole milliseconds, and above 100 ms to two digits.
    bins = tuple(sorted((float(value), count) for value, count in entry.response_times.items()))
    return Distribution(bins, entry.total_response_time, entry.max_response_time)


def _result(entries: list[Any], errors: Any, seconds: float) -> dict[str, Any]:
    by_second: dict[int, int] = {}
    for entry in entries:
        for second, count in entry.num_reqs_per_sec.items():
            by_second[second] = by_second.get(second, 0) + count
    began = min(by_second)
    return {
        "seconds": round(seconds, 2),
        "operations": {
            entry.name: {
                "bins": _times(entry).bins,
                "sum_ms": entry.total_response_time,
                "most_ms": entry.max_response_time,
                "errors": {str(error.error): error.occurrences for error in errors if error.name == entry.name},
            }
            for entry in entries
        },
        "timeline": [by_second.get(second, 0) for second in range(began, max(by_second) + 1)],
    }
