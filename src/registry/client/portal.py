"""An event loop in a thread of its own, by which synchronous programs use the asynchronous client."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()


class Portal:
    """Runs coroutines one after the other for each calling thread; several threads may call at once.

    Since the loop is in another thread, callers may run within a loop of their own (a notebook).
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="registry-client", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`. It is cancelled when the caller is interrupted. Raises what it raises."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The items, each asked for when it is wanted."""
        try:
            while (item := self.call(_next(items))) is not _END:
                yield item
        finally:
            self.call(_close(items))

    def close(self) -> None:
        """End the loop and its thread. Nothing may be under way."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items, _END)  # type: ignore[arg-type]


async def _close(items: AsyncIterator[Any]) -> None:
    if (close := getattr(items, "aclose", None)) is not None:
        await close()
