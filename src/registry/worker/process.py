"""A worker's life: until SIGTERM or SIGINT."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from registry.services.background import run_loops

_log = structlog.get_logger(__name__)


async def run_worker(rate: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Make ratings until the process is asked to end. What is under way then is due again when its lease ends."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    working = asyncio.create_task(run_loops({"ratings": rate}))
    _log.info("worker_started")
    await asked.wait()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    _log.info("worker_stopped")
