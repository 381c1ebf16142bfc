"""Replaces every container of the rendered compose file under load, and counts the requests that were lost.

    python -m deploy.aws.rolling_update [--build] [--signal-first] [--file FURTHER_COMPOSE_FILE]

Starts `deploy.aws.compose` with the engines, has clients publish and read, and replaces each api and worker container
as ECS does: a new one becomes healthy, an old one leaves the load balancer, what is under way there ends, then it gets
SIGTERM. Removes the project with its volumes. Ends with 1 if a request failed, bytes differ, or a container did not end
by itself. Needs Docker with the plugin compose (v2).

With `--signal-first` an old container gets SIGTERM while it is in the load balancer, which has to notice by its
readiness. Every request goes to a container that is ready when it is sent: one that reads an upload back, too, for the
container that took the upload does not listen any more.
"""

import argparse
import contextlib
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.aws.balancer import Balancer
from deploy.aws.compose import render
from deploy.aws.template import FOLDER
from deploy.aws.waiting import Failed, wait

_SMALL_CLIENTS = 3
_PAUSE_SECONDS = 0.1
"""Between two requests of a client: the update is tried, not how much the engines of one machine can take."""
_UPLOAD_BYTES = 6_000_000
_UPLOAD_SECONDS = 6.0
"""Longer than a stopping container takes new requests (`REGISTRY_LEAVE_SECONDS`): some are under way at its end."""
_ENDED_BY_ITSELF = (0, 128 + signal.SIGTERM)


@dataclass(slots=True)
class Counts:
    """What the clients saw. Lists and integers are changed under the interpreter's lock alone."""

    small: int = 0
    uploads: int = 0
    failures: list[str] = field(default_factory=list)


class Stack:
    """The project of the rendered compose file."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._compose = ["docker", "compose", "--progress", "quiet", "--project-directory", str(FOLDER.parents[1])]
        self._compose += [f"--file={file.absolute()}" for file in files]

    def up(self, *arguments: str) -> None:
        _run([*self._compose, "up", "--detach", "--no-recreate", *arguments])

    def down(self) -> None:
        _run([*self._compose, "down", "--volumes", "--timeout", "5"])

    def containers(self, service: str) -> list[str]:
        """The running ones, by id."""
        return _run([*self._compose, "ps", "--quiet", service]).split()

    def add(self, service: str, replicas: int) -> str:
        """One more container than `replicas`, once it is healthy."""
        before = set(self.containers(service))
        self.up("--no-deps", "--scale", f"{service}={replicas + 1}", service)
        (new,) = set(self.containers(service)) - before
        wait(lambda: _health(new) == "healthy", f"{service} {new[:12]} does not become healthy")
        return new

    def remove(self, service: str, old: str) -> str:
        """Stop it with the signal and the time of the task definition. Returns how it ended."""
        began = time.monotonic()
        _run(["docker", "stop", old])
        seconds = time.monotonic() - began
        code = int(_run(["docker", "inspect", "--format", "{{.State.ExitCode}}", old]))
        if code not in _ENDED_BY_ITSELF:
            raise Failed(f"{service} {old[:12]} ended with {code} after {seconds:.0f} s:\n{_logs(old)}")
        _run(["docker", "rm", "--volumes", old])
        return f"{old[:12]} ended after {seconds:.0f} s, exit code {code}"


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - docker, from PATH
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _health(container: str) -> str:
    return _run(["docker", "inspect", "--format", "{{.State.Health.Status}}", container]).strip()


def _logs(container: str) -> str:
    return _run(["docker", "logs", "--tail", "20", container])


def _address(container: str) -> str:
    """Where the container's port is on this machine."""
    return f"http://{_run(['docker', 'port', container, '8000']).split()[0]}"


def _metadata() -> dict[str, str]:
    return {"name": f"rolling-{secrets.token_hex(8)}", "version": "1.0.0", "type": "model"}


class _Client(contextlib.ExitStack):
    """Sends each request to a container that is ready, over connections that it keeps."""

    def __init__(self, balancer: Balancer, token: str) -> None:
        super().__init__()
        self._balancer = balancer
        self._headers = {"Authorization": f"Bearer {token}"}
        self._clients: dict[str, httpx.Client] = {}

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The response. Raises httpx.HTTPError, also for an error that was answered."""
        with self._balancer.chosen() as url:
            if url not in self._clients:
                client = httpx.Client(base_url=url, headers=self._headers, timeout=60, trust_env=False)
                self._clients[url] = self.enter_context(client)
            return self._clients[url].request(method, path, **request).raise_for_status()


def _small(client: _Client, counts: Counts) -> None:
    """Publishes a package and reads it."""
    made = client.send("POST", "/package", json=_metadata() | {"content_base64": "YQ=="})
    client.send("GET", made.headers["location"])
    counts.small += 2
    time.sleep(_PAUSE_SECONDS)


def _slow_upload(client: _Client, counts: Counts) -> None:
    """Publishes some megabytes, slowly, and reads them back."""
    content, edge = secrets.token_bytes(_UPLOAD_BYTES), secrets.token_hex(16)
    part = f"--{edge}\r\nContent-Disposition: form-data; name="
    head = (
        f'{part}"metadata"\r\nContent-Type: application/json\r\n\r\n{json.dumps(_metadata())}\r\n'
        f'{part}"content"; filename="m.bin"\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()

    def parts() -> Iterator[bytes]:
        step = len(body) // 50
        for start in range(0, len(body), step):
            yield body[start : start + step]
            time.sleep(_UPLOAD_SECONDS / 50)

    headers = {"Content-Type": f"multipart/form-data; boundary={edge}", "Content-Length": str(len(body))}
    made = client.send("POST", "/package", content=parts(), headers=headers)
    read = client.send("GET", f"{made.headers['location']}/content", params={"redirect": "false"})
    if hashlib.sha256(read.content).digest() != hashlib.sha256(content).digest():
        raise Failed("other bytes")
    counts.uploads += 1


def _reason(error: Exception) -> str:
    said = error.response.text[:300] if isinstance(error, httpx.HTTPStatusError) else repr(error)
    return f"{error.request.method} {error.request.url}: {said}" if isinstance(error, httpx.RequestError) else said


@contextlib.contextmanager
def _load(balancer: Balancer, token: str) -> Iterator[Counts]:
    """Clients that ask until the block ends."""
    counts, over = Counts(), threading.Event()

    def work(ask: Callable[[_Client, Counts], None]) -> None:
        with _Client(balancer, token) as client:
            while not over.is_set():
                try:
                    ask(client, counts)
                except (httpx.HTTPError, Failed) as error:
                    counts.failures.append(f"{ask.__name__}: {_reason(error)}")

    with ThreadPoolExecutor(_SMALL_CLIENTS + 2) as pool:
        running = [pool.submit(work, ask) for ask in (*[_small] * _SMALL_CLIENTS, _slow_upload, _slow_upload)]
        try:
            yield counts
        finally:
            over.set()
        for each in running:
            each.result()


def _signed_in(url: str) -> str:
    password = os.environ.get("REGISTRY_ADMIN_PASSWORD", "local-only-password")
    given = {"username": "admin", "password": password}
    answer = httpx.post(f"{url}/auth/token", data=given, timeout=60, trust_env=False)
    token: str = answer.raise_for_status().json()["access_token"]
    return token


def _rated(url: str, token: str) -> bool:
    """Whether a worker of the new ones rates a package."""
    sent = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=sent, timeout=60, trust_env=False) as client:
        made = client.post("/package", json=_metadata() | {"content_base64": "YQ=="})
        path = f"{made.raise_for_status().headers['location']}/rate"
        return any(client.get(path, params={"wait": 30}).status_code == httpx.codes.OK for _ in range(4))


def _replace(stack: Stack, balancer: Balancer, service: str, old: str, replicas: int, *, signal_first: bool) -> None:
    new, address = stack.add(service, replicas), _address(old) if service == "api" else None
    if address is not None:
        balancer.register(_address(new))
        wait(lambda: balancer.ready() > replicas, "the new api is not ready")
        if not signal_first:
            balancer.deregister(address)
    ended = stack.remove(service, old)
    if address is not None and signal_first:
        balancer.deregister(address)
    print(f"{service}: {new[:12]} is healthy, {ended}", flush=True)  # noqa: T201


def _update(stack: Stack, balancer: Balancer, *, signal_first: bool) -> Counts:
    replicas = {name: render()["services"][name]["deploy"]["replicas"] for name in ("api", "worker")}
    for container in stack.containers("api"):
        balancer.register(_address(container))
    wait(lambda: balancer.ready() == replicas["api"], "the api is not ready")
    with balancer.chosen() as url:
        token = _signed_in(url)
    with _load(balancer, token) as counts:
        for service, number in replicas.items():
            for old in stack.containers(service):
                _replace(stack, balancer, service, old, number, signal_first=signal_first)
    with balancer.chosen() as url:
        if not _rated(url, token):
            raise Failed("the new worker makes no rating")
    return counts


def main(*, build: bool, signal_first: bool, files: Sequence[Path]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        rendered = Path(folder) / "compose.yaml"
        document = render()
        document["services"]["dynamodb"]["command"] = ["-sharedDb", "-inMemory"]  # nothing is kept afterwards
        for service in ("api", "worker"):  # the engines share this machine with clients and containers
            document["services"][service]["environment"]["REGISTRY_ENGINE_PATIENCE"] = "4"
        rendered.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        stack = Stack([rendered, *files])
        balancer = Balancer()
        try:
            stack.up(*["--build"] if build else [])
            with ThreadPoolExecutor(1) as pool:
                looking = pool.submit(balancer.look)
                try:
                    counts = _update(stack, balancer, signal_first=signal_first)
                finally:
                    balancer.stop()
                looking.result()
        except Failed as error:
            sys.stderr.write(f"{error}\n")
            return 1
        finally:
            stack.down()
    lost = counts.failures
    print(f"{counts.small} small requests, {counts.uploads} slow uploads read back: {len(lost)} lost")  # noqa: T201
    sys.stdout.writelines(f"{failure}\n" for failure in lost[:20])
    return 1 if lost or not counts.uploads else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--build", action="store_true", help="build the images first")
    parser.add_argument(
        "--signal-first", action="store_true", help="send SIGTERM to a container that is still in the load balancer"
    )
    parser.add_argument(
        "--file", action="append", default=[], type=Path, help="a compose file that changes the rendered one"
    )
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    sys.exit(main(build=given.build, signal_first=given.signal_first, files=given.file))
