"""Server processes to measure: started as an operator starts them, observed through /proc."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.005
ADMIN_PASSWORD = secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Server:
    """A server of one process on 127.0.0.1."""

    port: int
    pid: int
    start_seconds: float
    started_at: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seconds_since_start(self) -> float:
        return time.perf_counter() - self.started_at

    def cpu_seconds(self) -> float:
        """CPU time of the process so far, its threads and the kernel's work for it included."""
        # The clock of another process's CPU, to the nanosecond; /proc/PID/stat counts in steps of 10 ms (Linux, where
        # clock_getcpuclockid(3) is this arithmetic).
        return time.clock_gettime((~self.pid << 3) | 2)

    def tree_cpu_seconds(self) -> float:
        """The same of the process and all that it started, those that have ended included; in steps of 10 ms."""
        found: dict[int, tuple[int, int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                found[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
        own = {self.pid}
        while more := {pid for pid, (parent, _) in found.items() if parent in own} - own:
            own |= more
        return sum(found[pid][1] for pid in own if pid in found) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """Resident memory now."""
        return self._status("VmRSS")

    def forget_memory_peak(self) -> None:
        """From here on, `memory_peak_bytes` begins again (see clear_refs in proc(5))."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def memory_peak_bytes(self) -> int:
        """The most resident memory since `forget_memory_peak`."""
        return self._status("VmHWM")

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == field:
                return int(rest.split()[0]) * 1024
        raise LookupError(field)


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for a registry's data, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def server_and_files(settings: Mapping[str, str]) -> Iterator[tuple["Server", str, Path]]:
    """A registry with the settings, its admin's token, and a folder for files that are sent there."""
    with data_folder() as folder, registry_server(folder, settings) as server, signed_in(server) as admin:
        token = admin.headers["Authorization"].removeprefix("Bearer ")
        with tempfile.TemporaryDirectory(prefix="registry-bench-files-") as files:
            yield server, token, Path(files)


@contextlib.contextmanager
def registry_server(
    data_dir: Path,
    settings: Mapping[str, str] | None = None,
    *,
    workers: int = 1,
    python: str = sys.executable,
    program: str = "registry",
) -> Iterator[Server]:
    """`registry serve` on `data_dir`; but for its sources of ratings, with the default settings, or `settings`.

    `python` is an interpreter that has the registry installed; `program` the module with its commands.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    environment = inherited | {
        "REGISTRY_DATA_DIR": str(data_dir),
        "REGISTRY_ADMIN_PASSWORD": ADMIN_PASSWORD,
        # What is measured is this machine: ratings ask nobody outside.
        "REGISTRY_GITHUB_API_URL": "",
        "REGISTRY_HUGGINGFACE_URL": "",
    }
    environment |= settings or {}
    port = free_port()
    command = [program, "serve", "--port", str(port), "--workers", str(workers)]
    with _running(command, port, "/health", data_dir, environment, python) as server:
        yield server


@contextlib.contextmanager
def bare_server(sizes: list[int]) -> Iterator[Server]:
    """Bare Starlette with a route for each size of answer (see bare.py)."""
    port, here = free_port(), Path(__file__).parent.parent
    with _running(["bench.bare", str(port), *map(str, sizes)], port, "/304", here, dict(os.environ)) as server:
        yield server


@contextlib.contextmanager
def signed_in(server: Server) -> Iterator[httpx.Client]:
    """A client of the admin, for preparing what is measured."""
    with httpx.Client(base_url=server.url, timeout=60.0, trust_env=False) as client:
        answer = client.post("/auth/token", data={"username": "admin", "password": ADMIN_PASSWORD})
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


def wait_for_search(server: Server) -> float:
    """Return when the server's search index is filled, and seconds until then. It is filled in the background, which
    would disturb what is measured."""
    with httpx.Client(base_url=server.url, timeout=60.0, trust_env=False) as client:
        return wait_until_searchable(client)


def wait_until_searchable(client: httpx.Client) -> float:
    """As `wait_for_search`, of the server that a client speaks to."""
    began = time.perf_counter()
    while client.get("/health/ready").json()["components"]["search"]["status"] != "ok":
        time.sleep(_POLL_SECONDS * 10)
    return time.perf_counter() - began


@contextlib.contextmanager
def _running(
    command: list[str], port: int, path: str, folder: Path, environment: dict[str, str], python: str = sys.executable
) -> Iterator[Server]:
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [python, "-m", *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while not answering(port, path):
                if process.poll() is not None or time.perf_counter() - began > _START_SECONDS:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} does not answer:\n{log.read().decode(errors='replace')[-4000:]}")
                time.sleep(_POLL_SECONDS)
            yield Server(port, process.pid, time.perf_counter() - began, began)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def end_in_order_on_sigterm() -> None:
    """Have SIGTERM end this program by an exception, so that the servers and engines that it has started end, too."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def answering(port: int, path: str) -> bool:
    """Whether a server gives 200 or 304 on 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 304")
    except OSError:
        return False


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
