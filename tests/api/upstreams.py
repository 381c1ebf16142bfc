"""The imitated GitHub, Hugging Face and text model, for servers that run as processes of their own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.upstreams.server import Upstreams, serve_upstreams

START_SECONDS = 30.0


@contextmanager
def upstreams_beside(port: int = 0) -> Iterator[Upstreams]:
    """The imitation on an event loop of its own, in a thread. Its `faults` may be changed at any time."""
    ready, loops, served = threading.Event(), list[asyncio.AbstractEventLoop](), list[Upstreams]()
    ended = asyncio.Event()

    async def serve() -> None:
        async with serve_upstreams(port) as upstreams:
            loops.append(asyncio.get_running_loop())
            served.append(upstreams)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="upstreams")
    thread.start()
    assert ready.wait(START_SECONDS), "the imitated services did not start"
    try:
        yield served[0]
    finally:
        loops[0].call_soon_threadsafe(ended.set)
        thread.join()


def settings_for(upstreams: Upstreams) -> dict[str, str]:
    """Settings of a server that asks the imitation, and has little patience with what was cut off."""
    return settings_at(upstreams.base_url)


def settings_at(url: str) -> dict[str, str]:
    """The same for an imitation that may not be there yet."""
    return {
        "REGISTRY_GITHUB_API_URL": f"{url}/github",
        "REGISTRY_HUGGINGFACE_URL": f"{url}/hub",
        "REGISTRY_TEXT_MODEL_URL": f"{url}/v1",
        "REGISTRY_RATING_LEASE_SECONDS": "2",
        "REGISTRY_RATING_SWEEP_SECONDS": "1",
        "REGISTRY_RATING_RETRY_SECONDS": "1",
    }
