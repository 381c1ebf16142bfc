"""Real servers for tests: started as an operator starts them, spoken to over HTTP only."""

import asyncio
import contextlib
import os
import secrets
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.engines.process import free_port
from tests.engines.s3 import stored_in_bucket
from tests.engines.startup_environment import CHEAP_PASSWORDS

START_SECONDS = 120.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.05
TLS = ssl.create_default_context()
"""For all clients: to make one takes 20 ms, and httpx makes one for each client that is not given any."""


def server_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The settings of a server in the embedded backend with a known admin; `settings` add to them or replace them."""
    return {
        "REGISTRY_DATA_DIR": str(data_dir),
        "REGISTRY_ADMIN_USERNAME": "admin",
        "REGISTRY_ADMIN_PASSWORD": secrets.token_urlsafe(16),
        # Ratings ask nobody outside.
        "REGISTRY_GITHUB_API_URL": "",
        "REGISTRY_HUGGINGFACE_URL": "",
        **CHEAP_PASSWORDS,
        **settings,
    }


@dataclass(slots=True)
class RunningServer:
    """A server that answers at `url`. Those that no test started (`process` is None) cannot be stopped or killed."""

    url: str
    admin_name: str
    admin_password: str
    environment: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    process: subprocess.Popen[bytes] | None = None
    worker_url: str | None = None
    program: str = "registry"
    """The module that is run as the `registry` command."""

    @property
    def rater_url(self) -> str:
        """Where the process that makes ratings tells its metrics."""
        return self.worker_url or self.url

    @property
    def data_dir(self) -> Path:
        return Path(self.environment["REGISTRY_DATA_DIR"])

    @property
    def log_path(self) -> Path:
        return self.data_dir.with_suffix(".log")

    def output(self) -> str:
        """The end of what the server printed, for the message of a failure."""
        return self.log_path.read_text(errors="replace")[-8000:] if self.log_path.exists() else ""

    def start(self) -> None:
        """Start on the same folder and port, and return when it is ready. Raises RuntimeError with its output."""
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", self.program, "serve", "--host", "127.0.0.1", "--port", port]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", str(self.workers)],
                env=process_environment(self.environment),
                cwd=self.data_dir.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A process group of its own, so that kill() reaches the workers too.
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self.process)
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(base_url=self.url, timeout=5.0, trust_env=False, verify=TLS) as client:
            while time.monotonic() < deadline:
                if process.poll() is not None:
                    raise RuntimeError(f"the server ended with {process.returncode}:\n{self.output()}")
                try:
                    if client.get("/health/ready").status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(POLL_SECONDS)
        raise RuntimeError(f"the server was not ready within {START_SECONDS:.0f} s:\n{self.output()}")

    def stop(self) -> int:
        """End it as an operator does (SIGTERM); the exit code. Kills it and raises when it does not end."""
        process = self._own_process()
        process.terminate()
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not end on SIGTERM:\n{self.output()}") from None
        self.process = None
        return code

    def kill(self) -> None:
        """End the server and its workers with SIGKILL: no handler runs, no buffer is flushed."""
        process = self._own_process()
        # The server itself may have ended already, some or all of its workers too.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
        self.process = None

    def sweep(self) -> None:
        """Remove what no record refers to, as `registry maintenance sweep` does, without a grace time."""
        done = subprocess.run(
            [sys.executable, "-m", "registry", "maintenance", "sweep", "--grace-seconds", "0"],
            env=process_environment(self.environment),
            cwd=self.data_dir.parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def stored(self) -> list[str]:
        """Every blob, whole or unfinished, in any backend."""
        if "REGISTRY_S3_BUCKET" not in self.environment:
            return [path.name for path in self.blob_files()]
        return asyncio.run(stored_in_bucket(self.environment))

    def blob_files(self) -> list[Path]:
        """Every file that holds bytes of a package, whole or unfinished (embedded backend only)."""
        return sorted(path for path in (self.data_dir / "blobs").rglob("*") if path.is_file())

    def memory_peak_bytes(self) -> int:
        """The most resident memory of the server's process so far."""
        status = Path(f"/proc/{self._own_process().pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def _own_process(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError("no test started this server, or it has ended")
        return self.process


def process_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The tests' own environment without any setting of the registry (it refuses unknown ones), and `settings`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    return {**inherited, **settings}


def start_server(environment: Mapping[str, str], *, workers: int = 1) -> RunningServer:
    """Start a server with these settings on a free port and return when it is ready.

    `environment` comes from `server_environment`. The caller ends it with `stop` or `kill`; after that, `start` starts
    it again on the same data folder. Raises RuntimeError with the server's output when it does not come up.
    """
    port = free_port()
    server = RunningServer(
        url=f"http://127.0.0.1:{port}",
        admin_name=environment["REGISTRY_ADMIN_USERNAME"],
        admin_password=environment["REGISTRY_ADMIN_PASSWORD"],
        environment={**environment, "REGISTRY_PORT": str(port)},
        workers=workers,
    )
    server.data_dir.parent.mkdir(parents=True, exist_ok=True)
    server.start()
    return server


@contextlib.contextmanager
def worker(server: RunningServer) -> Iterator[subprocess.Popen[bytes]]:
    """`registry worker` beside a server, on the same stores; killed at the end."""
    port = free_port()
    log = server.data_dir.with_suffix(".worker.log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "registry", "worker", "--port", str(port)],
            env=process_environment(server.environment),
            cwd=server.data_dir.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server.worker_url = f"http://127.0.0.1:{port}"
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
