"""Publishing small packages: 16 clients at a time, each acknowledged when it is durable."""

import itertools
import json
from collections.abc import Iterator, Mapping

from bench.load import CONNECTIONS, request, send_all
from bench.machine import durable_files_rate, fsync_rate
from bench.report import Measured, Row
from bench.servers import data_folder, registry_server, signed_in
from bench.suites import Options

_CONTENT = bytes(range(256)) * 4
_BOUNDARY = "registry-bench-boundary"


def multipart(metadata: Mapping[str, object], content: bytes) -> tuple[bytes, str]:
    """A multipart/form-data body with the parts `metadata` and `content`, and its Content-Type."""
    head, tail = multipart_frame(metadata)
    return head + content + tail, f"multipart/form-data; boundary={_BOUNDARY}"


def multipart_frame(metadata: Mapping[str, object]) -> tuple[bytes, bytes]:
    """What stands before and after the content in such a body."""
    head = (
        f"--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
        f"{json.dumps(metadata)}\r\n--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="content"; filename="file.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()


def rows(options: Options) -> Iterator[Row]:
    rounds, count = (3, 300) if options.quick else (7, 1_500)
    with (
        data_folder() as folder,
        data_folder() as beside,
        registry_server(folder) as server,
        signed_in(server) as client,
    ):
        authorization = {"Authorization": client.headers["Authorization"]}
        numbers = itertools.count()
        rates, costs, fsyncs, files = [], [], [], []
        for _ in range(rounds):
            bodies = [_request(next(numbers), authorization) for _ in range(count)]
            fsyncs.append(fsync_rate(seconds=0.3))
            files.append(durable_files_rate(beside, threads=CONNECTIONS, seconds=0.3))
            before = server.cpu_seconds()
            answered = send_all(server.port, iter(bodies), expected_status=201)
            costs.append((server.cpu_seconds() - before) / answered.count * 1e6)
            rates.append(answered.count / answered.seconds)
    rate, cost, fsync, file = (Measured.of(found) for found in (rates, costs, fsyncs, files))
    yield Row(
        suite="publishing",
        name=f"publish 1 KiB, {CONNECTIONS} connections",
        value=rate.value,
        unit="/s",
        spread=rate.spread,
        goal=1_000,
        more_is_better=True,
        note=(
            f"between the rounds the disk does {fsync.value:,.0f} fsyncs/s (±{fsync.spread:.0%}) one by one, and "
            f"{file.value:,.0f} new files/s (±{file.spread:.0%}), file and folder synced, from {CONNECTIONS} threads"
        ),
    )
    yield Row("publishing", "publish 1 KiB, CPU of the server", cost.value, "µs CPU", cost.spread)


def _request(number: int, headers: Mapping[str, str]) -> bytes:
    body, content_type = multipart({"name": f"small-{number}", "version": "1.0.0", "type": "model"}, _CONTENT)
    return request("POST", "/package", {**headers, "Content-Type": content_type}, body)
