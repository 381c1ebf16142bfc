"""A server to which hostile contents are published goes on serving, rating and ending as if nothing happened."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from registry.domain.ratings import MetricName
from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer, process_environment
from tests.api.support import Person, connect, log_in, problem, unique
from tests.hostile.inputs import HostileInput, hostile_inputs, zipped
from tests.hostile.probe import Latencies, probing

_MIB = 1024 * 1024
_SETTINGS = {"REGISTRY_ARCHIVE_SECONDS": "2", "REGISTRY_INSPECTION_SECONDS": "2", "REGISTRY_RATING_SWEEP_SECONDS": "1"}
_CLIENTS = 4
_GROWTH_BYTES = 200 * _MIB


def publish(client: httpx.Client, data: bytes, filename: str) -> httpx.Response:
    metadata = {"name": unique("hostile"), "version": "1.0.0", "type": "model"}
    parts = {"metadata": (None, json.dumps(metadata).encode(), "application/json"), "content": (filename, data, "")}
    return client.post("/package", files=parts)


def test_others_do_not_notice_and_every_input_has_an_end(start: ServerFactory) -> None:
    server, other = start(**_SETTINGS), start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    honest = publish(admin.client, b"honest", "content.bin").raise_for_status().json()["id"]
    inputs = [(each, each.make()) for each in hostile_inputs()]
    assert len(inputs) >= 120
    with probing(server.url, admin.token, honest) as quiet:
        time.sleep(3)
    before = _memory_bytes(server)
    with probing_other(other) as control, probing(server.url, admin.token, honest) as loud, ExitStack() as stack:
        clients = [stack.enter_context(connect(server.url, _user(admin, server))) for _ in range(_CLIENTS)]
        threads = stack.enter_context(ThreadPoolExecutor(_CLIENTS))
        sent = [threads.submit(send, client, inputs[number::_CLIENTS]) for number, client in enumerate(clients)]
        # Meanwhile another user's package is rated.
        fresh = publish(admin.client, b"fresh", "content.bin").raise_for_status().json()["id"]
        assert admin.client.get(f"/package/{fresh}/rate", params={"wait": 30}).status_code == httpx.codes.OK
        ends = {name: package_id for each in sent for name, package_id in each.result().items()}
        unrated = _wait_for_ratings(admin.client, ends)
    assert not unrated, f"neither rated nor refused: {unrated}\n{server.output()}"
    # On a machine of its own all are below 0.1 s; other programs slow down a server that nobody attacks, too.
    assert loud.slow < max(0.1, 10 * quiet.slow, 3 * control.slow)
    assert max(loud.seconds) < max(2.0, 10 * max(quiet.seconds), 3 * max(control.seconds))
    assert _memory_bytes(server) - before < _GROWTH_BYTES
    admin.client.close()
    assert server.stop() == 0
    assert not _processes_about(server)


@contextmanager
def probing_other(server: RunningServer) -> Iterator[Latencies]:
    """The probe of a server to which nothing hostile is sent."""
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        package_id = publish(client, b"honest", "content.bin").raise_for_status().json()["id"]
        with probing(server.url, admin.token, package_id) as probe:
            yield probe


def send(client: httpx.Client, inputs: list[tuple[HostileInput, bytes]]) -> dict[str, str]:
    """Publish these; the id of each by its name, without those that are refused with a clear error."""
    ends = {}
    for each, data in inputs:
        answer = publish(client, data, each.filename)
        if answer.status_code == httpx.codes.CREATED:
            ends[each.name] = answer.json()["id"]
        else:
            problem(answer, 413, 422)
    return ends


def _wait_for_ratings(client: httpx.Client, packages: dict[str, str]) -> list[str]:
    """The names of those that have no rating in the end."""
    deadline = time.monotonic() + 120
    waiting = dict(packages)
    while waiting and time.monotonic() < deadline:
        for name, package_id in tuple(waiting.items()):
            answer = client.get(f"/package/{package_id}/rate", params={"wait": 1 if len(waiting) < 10 else 0})
            if answer.status_code == httpx.codes.OK:
                assert set(answer.json()["metrics"]) == {metric.value for metric in MetricName}
                del waiting[name]
        time.sleep(0.2)
    return list(waiting)


def test_sigterm_ends_a_server_in_the_middle_of_hostile_jobs(start: ServerFactory) -> None:
    server = start()
    publish_slow_files(server)
    _wait_for_jobs(server)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 15
    assert not _processes_about(server)


def test_sigterm_ends_a_worker_in_the_middle_of_hostile_jobs(start: ServerFactory, tmp_path: Path) -> None:
    server = start()
    publish_slow_files(server)
    server.kill()
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "registry", "worker"],
            env=process_environment(server.environment | {"REGISTRY_RATING_LEASE_SECONDS": "2"}),
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for_jobs(server, of=worker.pid)
        worker.terminate()
        assert worker.wait(15) == 0
    finally:
        worker.kill()
        worker.wait()


def publish_slow_files(server: RunningServer) -> None:
    """Content that keeps any parser of Python at work for seconds, several times."""
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        for number in range(4):
            slow = zipped({f"p/m{n}.py": "x = [" + f"{number}," * 230_000 + "]" for n in range(16)})
            publish(client, slow, "content.zip").raise_for_status()


def _user(admin: Person, server: RunningServer) -> str:
    name, password = unique("eve"), "correct horse battery"
    body = {"name": name, "password": password, "permissions": ["upload", "search"]}
    admin.client.post("/users", json=body).raise_for_status()
    return log_in(server.url, name, password).token


def _memory_bytes(server: RunningServer) -> int:
    """What the serving process holds."""
    assert server.process is not None
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _descendants(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if parent == pid:
                found += [int(folder.name), *_descendants(int(folder.name))]
    return found


def _wait_for_jobs(server: RunningServer, *, of: int | None = None) -> None:
    """Until a job has taken CPU time: it is in the middle of something."""
    root = of if of is not None else server.process.pid if server.process else 0
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        folders = [Path(f"/proc/{pid}") for pid in _descendants(root)]
        if any(_is_busy_job(folder) for folder in folders):
            return
        time.sleep(0.05)
    raise AssertionError(f"no job has begun\n{server.output()}")


def _is_busy_job(folder: Path) -> bool:
    """Whether a process is the fork of a template that has worked for a quarter of a second."""
    try:
        fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        parent = Path(f"/proc/{fields[1]}/cmdline").read_bytes()
        is_job = parent == (folder / "cmdline").read_bytes() and b"processes.template" in parent
    except OSError:
        return False
    return is_job and int(fields[11]) + int(fields[12]) > os.sysconf("SC_CLK_TCK") / 4


def _processes_about(server: RunningServer) -> list[str]:
    """Template processes and jobs whose server has gone."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
            parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1] if command else ""
        except OSError:
            continue
        if b"processes.template" in command and parent == "1":
            found.append(command.decode())
    return found
