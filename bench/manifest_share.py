"""What the job that makes manifests adds to a publish: CPU of all processes of two servers, one of them without it."""

import io
import itertools
import random
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench.load import request, send_all
from bench.publishing import multipart
from bench.report import Row
from bench.servers import Server, data_folder, registry_server, signed_in
from bench.suites import Options

_SIZES = {"1 KiB": 1_024, "128 KiB": 128 * 1024}
_GOALS = {"1 KiB": 1.1, "128 KiB": None}
_ROOT = str(Path(__file__).parent.parent)
_QUIET_SECONDS, _MOST_QUIET_CPU, _MOST_LOOKS = 0.5, 0.03, 240


def share_rows(options: Options) -> Iterator[Row]:
    """One row for each size. A publish is over when the server and its jobs are quiet again."""
    rounds, count = (3, 20) if options.quick else (7, 20)
    numbers, chance = itertools.count(), random.Random(2)
    with ExitStack() as stack:
        servers = [_started(stack, program) for program in ("registry", "bench.unlisted")]
        for size, length in _SIZES.items():
            costs: tuple[list[float], list[float]] = ([], [])
            for turn in range(rounds + 1):
                for (server, client), found in zip(servers, costs, strict=True):
                    bodies = [_publish(next(numbers), chance.randbytes(length), client) for _ in range(count)]
                    before = _quiet_cpu(server)
                    send_all(server.port, iter(bodies), expected_status=201, connections=4)
                    if turn:  # the first warms up
                        found.append((_quiet_cpu(server) - before) / count * 1000)
            yield Row.beside(
                *costs,
                suite="files",
                name=f"publish a zip of {size}, with all jobs after it",
                unit="ms CPU",
                baseline_name="without the job for manifests",
                goal=_GOALS[size],
            )


def _started(stack: ExitStack, program: str) -> tuple[Server, httpx.Client]:
    folder = stack.enter_context(data_folder())
    server = stack.enter_context(registry_server(folder, {"PYTHONPATH": _ROOT}, program=program))
    return server, stack.enter_context(signed_in(server))


def _publish(number: int, data: bytes, client: httpx.Client) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("data.bin", data)
    metadata = {"name": f"share-{number}", "version": "1.0.0", "type": "model"}
    body, content_type = multipart(metadata, archive.getvalue())
    headers = {"Authorization": client.headers["Authorization"], "Content-Type": content_type}
    return request("POST", "/package", headers, body)


def _quiet_cpu(server: Server) -> float:
    """The CPU of the server's processes so far, once they do next to nothing. Raises RuntimeError for one that never
    rests."""
    before = server.tree_cpu_seconds()
    for _ in range(_MOST_LOOKS):
        time.sleep(_QUIET_SECONDS)
        after = server.tree_cpu_seconds()
        if after - before <= _MOST_QUIET_CPU:
            return after
        before = after
    raise RuntimeError("the server does not come to rest")
