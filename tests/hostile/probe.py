"""A client in a process of its own: asks for health and for one package until its input ends, then prints all times.

In the process of the test it would wait for the test's own work.
"""

import itertools
import json
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.api.support import connect

_PAUSE_SECONDS = 0.02
_ROOT = Path(__file__).parents[2]


@dataclass
class Latencies:
    """How long each answer took, in seconds; complete when the probing has ended."""

    seconds: list[float] = field(default_factory=list)

    @property
    def slow(self) -> float:
        """The 99th percentile."""
        return statistics.quantiles(self.seconds, n=100)[98]


@contextmanager
def probing(url: str, token: str, package_id: str) -> Iterator[Latencies]:
    """Ask while the block runs."""
    found = Latencies()
    command = [sys.executable, "-m", "tests.hostile.probe", url, token, package_id]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield found
        finally:
            output, _ = process.communicate()
    assert process.returncode == 0
    found.seconds = json.loads(output)


def main(url: str, token: str, package_id: str) -> None:
    taken = []
    with connect(url, token) as client:
        for path in itertools.cycle(("/health", f"/package/{package_id}")):
            began = time.monotonic()
            client.get(path).raise_for_status()
            taken.append(time.monotonic() - began)
            if select.select([sys.stdin], [], [], _PAUSE_SECONDS)[0]:
                break
    sys.stdout.write(json.dumps(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])
