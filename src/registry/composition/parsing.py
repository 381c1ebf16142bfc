"""The processes that parse untrusted bytes, shared out among the server's workers."""

from contextlib import AbstractAsyncContextManager

from registry.adapters.processes.sandbox import PoolPlan, ProcessSandbox, open_sandbox
from registry.settings import Settings

_URGENT_NICE, _BACKGROUND_NICE = 0, 5
_FOR_PUBLISHING = ("registry.formats.archives.reading",)
"""As little as can be: the more a template holds, the longer a fork takes."""
_FOR_MANIFESTS = 1
"""Requests wait for manifests: they have a process while scans and ratings hold the others."""
_IN_BACKGROUND = (
    "registry.formats.scanning.job",
    "registry.formats.manifests.job",
    "registry.formats.archives.inspecting",
    "registry.formats.card_reading",
    "registry.rating.scoring",
)


def open_parsing(settings: Settings) -> AbstractAsyncContextManager[ProcessSandbox]:
    """The sandbox of one worker: its part of the processes, one of each kind at least."""
    count = max(1, settings.parsing_processes // settings.workers)
    return open_sandbox(
        urgent=PoolPlan(count, _URGENT_NICE, _FOR_PUBLISHING),
        background=PoolPlan(
            max(count, settings.rating_workers, settings.scan_workers) + _FOR_MANIFESTS,
            _BACKGROUND_NICE,
            _IN_BACKGROUND,
        ),
    )
