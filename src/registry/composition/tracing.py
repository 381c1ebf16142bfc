"""Traces, where the settings name a collector."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from registry import __version__
from registry.settings import Settings

if TYPE_CHECKING:
    from registry.telemetry.tracing import Tracing

TracedJob = Callable[[str, Callable[[str], Awaitable[None]]], Callable[[str], Awaitable[None]]]
"""Gives the same work in a span with this name."""


def untraced(_name: str, work: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    """The work itself: no traces are made."""
    return work


def make_tracing(settings: Settings, *, service: str) -> "Tracing | None":
    """What makes spans, for one process. OpenTelemetry is imported here and nowhere else."""
    if not settings.otlp_url:
        return None
    from registry.telemetry.tracing import Tracing

    return Tracing(settings.otlp_url, service=service, version=__version__)


@asynccontextmanager
async def until_closed(tracing: "Tracing | None") -> AsyncIterator[None]:
    """Send the last spans at the end."""
    try:
        yield
    finally:
        if tracing is not None:
            await asyncio.to_thread(tracing.close)
