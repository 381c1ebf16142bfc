"""Two checkouts in alternating rounds: what a request costs each of them in CPU of the server, and the ratio.

    python -m bench.against OTHER [CASE…]

`OTHER` is another checkout of this repository with its own `.venv`, such as a worktree of an older commit. Both servers
run at the same time and alternate in short rounds, so that both meet the same machine: on one that is busy with other
work the ratio of the two can be trusted while the figures cannot.
"""

import contextlib
import itertools
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.load import request, send_all
from bench.publishing import multipart
from bench.servers import (
    Server,
    data_folder,
    end_in_order_on_sigterm,
    registry_server,
    signed_in,
    wait_for_search,
)

_ROUNDS = 15
_PACKAGES = 200
_IDLE_SECONDS = 0.03
"""CPU of a server in a second with nothing to do."""
_COUNTS = {"health": 1_000, "read": 1_000, "rating": 1_000, "content": 500, "list": 250, "publish": 150}


@dataclass(slots=True)
class _Side:
    """One of the two checkouts, with packages of its own."""

    server: Server
    client: httpx.Client
    package_id: str
    authorization: dict[str, str]
    numbers: Iterator[int]

    def requests(self, case: str, count: int) -> Iterator[bytes]:
        if case == "publish":
            return iter([self._publish() for _ in range(count)])
        path = {
            "health": "/health",
            "read": f"/package/{self.package_id}",
            "rating": f"/package/{self.package_id}/rate",
            "content": f"/package/{self.package_id}/content",
            "list": "/packages?limit=50",
        }[case]
        return itertools.repeat(request("GET", path, self.authorization), count)

    def cost(self, case: str) -> float:
        """CPU of the server in µs for a request."""
        count = _COUNTS[case]
        asked = self.requests(case, count)
        before = self.server.cpu_seconds()
        send_all(self.server.port, asked, expected_status=201 if case == "publish" else 200)
        return (self.server.cpu_seconds() - before) / count * 1e6

    def settle(self) -> None:
        """Return once ratings and scans of what was published no longer take CPU."""
        before = -1.0
        while self.server.cpu_seconds() - before > _IDLE_SECONDS:
            before = self.server.cpu_seconds()
            time.sleep(1)

    def _publish(self) -> bytes:
        metadata = {"name": f"small-{next(self.numbers)}", "version": "1.0.0", "type": "model"}
        body, content_type = multipart(metadata, bytes(range(256)) * 4)
        return request("POST", "/package", {**self.authorization, "Content-Type": content_type}, body)


@contextlib.contextmanager
def _side(checkout: Path) -> Iterator[_Side]:
    python = str(checkout / ".venv" / "bin" / "python")
    with (
        data_folder() as folder,
        registry_server(folder, python=python) as server,
        signed_in(server) as client,
    ):
        side = _Side(server, client, "", {"Authorization": client.headers["Authorization"]}, itertools.count())
        send_all(server.port, side.requests("publish", _PACKAGES), expected_status=201)
        side.package_id = client.get("/packages?limit=50").json()["items"][-1]["id"]
        wait_for_search(server)
        client.get(f"/package/{side.package_id}/rate", timeout=120)
        yield side


def main(other: str, *cases: str) -> None:
    """Print a line for each case."""
    end_in_order_on_sigterm()
    with _side(Path(other)) as theirs, _side(Path(__file__).parent.parent) as ours:
        for case in cases or _COUNTS:
            theirs.settle()
            ours.settle()
            theirs.cost(case), ours.cost(case)  # warm
            pairs = [(theirs.cost(case), ours.cost(case)) for _ in range(_ROUNDS)]
            # Others on the machine make rounds dearer, never cheaper: the cheapest are nearest to the truth.
            before, after = (min(found) for found in zip(*pairs, strict=True))
            middle = statistics.median(after / before for before, after in pairs)
            shown = f"{before:7.1f} µs {after:7.1f} µs  × {after / before:.2f}"
            print(f"{case:8} {shown}   (median of the rounds' ratios × {middle:.2f})", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
