"""What Hugging Face clients ask most: HEAD and GET of files, and a whole snapshot."""

import io
import itertools
import zipfile
from collections.abc import Iterator

import httpx

from bench.load import Answered, request, send_all
from bench.publishing import multipart
from bench.report import Measured, Row
from bench.servers import Server, bare_server, data_folder, registry_server, signed_in
from bench.suites import Options

_FILES = 1_000
_FILE_BYTES = 1_000
_GOAL_SECONDS = 2.0


def rows(options: Options) -> Iterator[Row]:
    with data_folder() as folder, registry_server(folder) as subject, signed_in(subject) as client:
        commit = _publish(client)
        headers = {"Authorization": client.headers["authorization"]}
        path = f"/hf/bench/model/resolve/{commit}/f{_FILES // 2}.txt"
        with bare_server([0, _FILE_BYTES]) as bare:
            for method, size in (("HEAD", 0), ("GET", _FILE_BYTES)):
                asked = request(method, path, headers)
                yield _speed(f"{method} of a file by commit", asked, size, (subject, bare), headers, options)
        yield _snapshot(commit, subject, headers, options)


def _publish(client: httpx.Client) -> str:
    """A model of many small files; its commit."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(_FILES):
            archive.writestr(f"f{number}.txt", f"{number:09d}\n" * (_FILE_BYTES // 10))
    metadata = {"name": "bench/model", "version": "1.0.0", "type": "model"}
    body, content_type = multipart(metadata, stream.getvalue())
    client.post("/package", content=body, headers={"Content-Type": content_type}).raise_for_status()
    info = client.get("/hf/api/models/bench/model").raise_for_status().json()
    return str(info["sha"])


def _speed(
    name: str, asked: bytes, size: int, servers: tuple[Server, Server], headers: dict[str, str], options: Options
) -> Row:
    rounds, count = (3, 1_000) if options.quick else (7, 6_000)
    subject, bare = servers
    plain = request("GET", f"/{size}", headers)
    ours, theirs = [], []
    _send(subject, asked, count // 4)  # warm
    for _ in range(rounds):
        theirs.append(_per_second(_send(bare, plain, count)))
        ours.append(_per_second(_send(subject, asked, count)))
    baseline = f"bare GET, {size:,} bytes"
    return Row.beside(
        ours, theirs, suite="hub", name=name, unit="requests/s", baseline_name=baseline, more_is_better=True
    )


def _send(server: Server, asked: bytes, count: int) -> Answered:
    return send_all(server.port, itertools.repeat(asked, count), expected_status=200)


def _per_second(answered: Answered) -> float:
    return answered.count / answered.seconds


def _snapshot(commit: str, subject: Server, headers: dict[str, str], options: Options) -> Row:
    """All that `snapshot_download` sends for a model of so many files: info, tree, then HEAD and GET of each."""
    api = "/hf/api/models/bench/model"
    first = [f"{api}/revision/main", f"{api}/tree/{commit}?recursive=true&expand=false"]
    files = [f"/hf/bench/model/resolve/{commit}/f{number}.txt" for number in range(_FILES)]
    asked = [request("GET", path, headers) for path in first]
    asked += [request(method, path, headers) for path in files for method in ("HEAD", "GET")]
    costs = []
    for _ in range(2 if options.quick else 5):
        before = subject.cpu_seconds()
        send_all(subject.port, iter(asked), expected_status=200, connections=8)
        costs.append(subject.cpu_seconds() - before)
    cost = Measured.of(costs)
    return Row(
        suite="hub",
        name=f"snapshot of {_FILES:,} files",
        value=cost.value,
        unit="s CPU",
        spread=cost.spread,
        goal=_GOAL_SECONDS,
        note=f"{len(asked):,} requests, {_FILE_BYTES:,} bytes a file",
    )
