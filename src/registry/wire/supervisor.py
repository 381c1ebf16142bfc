"""Several server processes on one port, and their end."""

import contextlib
import os
import signal
import time

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

_LOOK_SECONDS = 0.1


class Supervisor(Multiprocess):
    """uvicorn's, which also closes its own copy of the port when the processes stop listening.

    As long as the port is open anywhere, the system completes new connections, and their clients would wait for an
    answer that never comes. A second signal to stop is passed on. Used by `serve_by_processes` only; what it needs of
    uvicorn's inside is held by `tests/unit/test_uvicorn_internals.py`.
    """

    leave_seconds = 0.0

    def join_all(self) -> None:
        """Wait until all processes have ended."""
        closes_at = time.monotonic() + self.leave_seconds
        while any(each.process.is_alive() for each in self.processes):
            if self.signal_queue:
                self.signal_queue.clear()
                closes_at = time.monotonic()
                self._pass_on()
            if time.monotonic() >= closes_at:
                for port in self.sockets:
                    port.close()
            time.sleep(_LOOK_SECONDS)
        super().join_all()

    def _pass_on(self) -> None:
        for each in self.processes:
            if each.pid is not None and each.process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each.pid, signal.SIGTERM)


def serve_by_processes(config: Config, *, leave_seconds: float) -> None:
    """Serve until asked to stop; for `leave_seconds` after that the port stays open."""
    supervisor = Supervisor(config, sockets=[config.bind_socket()])
    supervisor.leave_seconds = leave_seconds
    supervisor.run()
