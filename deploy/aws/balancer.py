"""A load balancer as far as a rolling update needs one: it asks targets for readiness and lets them drain."""

import contextlib
import threading
import time
from collections.abc import Iterator
from itertools import count

import httpx

from deploy.aws.waiting import LOOK_SECONDS, wait


class Balancer:
    """The api containers that are ready, in turn, and how many requests each has."""

    def __init__(self) -> None:
        self._targets: dict[str, int] = {}
        self._leaving: set[str] = set()
        self._ready: list[str] = []
        self._next = count()
        self._changing = threading.Lock()
        self._over = threading.Event()

    @contextlib.contextmanager
    def chosen(self) -> Iterator[str]:
        """The address for a client's next requests, which are under way until the block ends."""
        while (url := self._choose()) is None:
            time.sleep(0.05)
        try:
            yield url
        finally:
            with self._changing:
                self._targets[url] -= 1

    def _choose(self) -> str | None:
        with self._changing:
            if not self._ready:
                return None
            url = self._ready[next(self._next) % len(self._ready)]
            self._targets[url] += 1
            return url

    def ready(self) -> int:
        return len(self._ready)

    def register(self, url: str) -> None:
        with self._changing:
            self._targets[url] = 0

    def deregister(self, url: str) -> None:
        """No more requests go there; those under way end."""
        with self._changing:
            self._leaving.add(url)
            self._ready = [ready for ready in self._ready if ready != url]
        wait(lambda: self._targets[url] == 0, f"requests at {url} do not end")
        with self._changing:
            del self._targets[url]
            self._leaving.discard(url)

    def look(self) -> None:
        """Until `stop`."""
        while not self._over.wait(LOOK_SECONDS):
            ready = [url for url in list(self._targets) if _is_ready(url)]
            with self._changing:
                self._ready = [url for url in ready if url in self._targets and url not in self._leaving]

    def stop(self) -> None:
        self._over.set()


def _is_ready(url: str) -> bool:
    """As a load balancer asks: each time by a connection of its own."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
