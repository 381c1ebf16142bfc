"""redis-server (Debian's package), with a test in control: it can be stopped, paused and started again."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.engines import programs
from tests.engines.process import accepts_connections, free_port, stop, wait_until

DATABASES = 4096
"""So many registries can share a server without hearing of each other's jobs and attempts."""


find_missing = partial(programs.find_missing, "redis-server")
"""None when Redis can run here, else one line that says why not."""


class RedisServer:
    """A redis-server on a port of its own, which stays the same through stops and starts. It keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        log = self._folder / "log"
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--dir", str(self._folder), "--save", "", "--appendonly", "no", "--databases", str(DATABASES)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        wait_until(lambda: accepts_connections(self.port), process, log=log)
        self._process = process

    def stop(self) -> None:
        if self._process is not None:
            self.resume()
            stop(self._process)
            self._process = None

    def kill(self) -> None:
        """End it as a crash does: connections break, nothing is saved."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Answer nothing, but keep connections open: what a server does that hangs."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("the server is stopped")
        self._process.send_signal(number)


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    with TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
