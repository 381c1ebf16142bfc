"""Running the server, in this process or in several on the same sockets, until a signal ends it.

What this needs of uvicorn's inside is held by `tests/unit/test_uvicorn_internals.py`.
"""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable

from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

_LOOK_SECONDS = 0.1


class _Announcing(Server):
    announce: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announce()


class _Supervisor(Multiprocess):
    """Also closes its own copies of the sockets when the processes stop listening.

    As long as a socket listens anywhere, the system completes new connections, and their clients would wait for an
    answer that never comes. A second signal to stop is passed on.
    """

    announce: Callable[[], None]
    leave_seconds: float
    _announced = False

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if not self._announced and not self.should_exit.is_set() and any(each.is_ready() for each in self.processes):
            self._announced = True
            self.announce()

    def join_all(self) -> None:
        """Wait until all processes have ended."""
        closes_at = time.monotonic() + self.leave_seconds
        while any(each.process.is_alive() for each in self.processes):
            if self.signal_queue:
                self.signal_queue.clear()
                closes_at = time.monotonic()
                self._pass_on()
            if time.monotonic() >= closes_at:
                for each in self.sockets:
                    each.close()
            time.sleep(_LOOK_SECONDS)
        super().join_all()

    def _pass_on(self) -> None:
        for each in self.processes:
            if each.pid is not None and each.process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each.pid, signal.SIGTERM)


def serve_until_signal(
    config: Config, sockets: list[socket.socket], *, announce: Callable[[], None], leave_seconds: float
) -> bool:
    """Serve on `sockets`; `announce` is called once, when the first request can be answered.

    Several processes serve where `config.workers` says so; asked to stop, they go on listening for `leave_seconds`.
    Returns whether a server of this process has started.
    """
    if config.workers > 1:
        supervisor = _Supervisor(config, sockets)
        supervisor.announce, supervisor.leave_seconds = announce, leave_seconds
        supervisor.run()
        return True
    server = _Announcing(config)
    server.announce = announce
    with contextlib.suppress(KeyboardInterrupt):  # after a graceful stop the signal is raised again
        server.run(sockets)
    return server.started
