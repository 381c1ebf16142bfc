"""The memory that uploads may hold together, however many clients there are."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

from registry.domain.errors import Unavailable

STREAM_BYTES = 4 * 1024 * 1024
"""What one streamed body holds at most: a chunk coming in, one being written, and the connection's buffers."""
UNASKED_BYTES = 64 * 1024
"""The first bytes of a body need no admission: they hold no more than any other request."""
_BEGUN_BYTES = 1024 * 1024
"""Until so much has come, a body holds this much: a client that sends little cannot keep others out."""
_MAX_WAITING = 128
"""Each that waits may have a megabyte that is not counted."""
_RETRY_SECONDS = 5
_LOOK_SECONDS = 0.25
_SLOW_SECONDS = 2.0
_SLOW_BYTES_PER_SECOND = 64 * 1024
_Chunk = TypeVar("_Chunk")


class Hold:
    """The memory of one body, taken once its bytes flow. One event loop uses it."""

    __slots__ = (
        "_admission",
        "_client_seconds",
        "_client_since",
        "_revoked",
        "_timeout",
        "_wanted",
        "received",
        "taken",
    )

    def __init__(self, admission: "Admission", wanted: int) -> None:
        self._admission = admission
        self._wanted = wanted
        self._client_since: float | None = None
        self._client_seconds = 0.0
        self._timeout: asyncio.Timeout | None = None
        self._revoked = False
        self.taken = 0
        """Bytes that are held now."""
        self.received = 0
        """Bytes of the body so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.give_back(self)

    async def came(self, size: int) -> None:
        """Count bytes of the body, and hold the memory for as many. Raises Unavailable when none comes free in time."""
        self.received += size
        if self.taken < self._wanted and self.received > UNASKED_BYTES:
            needed = self._wanted if self.received > _BEGUN_BYTES else min(_BEGUN_BYTES, self._wanted)
            if self.taken < needed:
                # Nothing is held while waiting for more: bodies that wait for each other would wait for ever.
                self._admission.give_back(self)
                await self._admission.take(self, needed)

    async def coming(self, chunk: Awaitable[_Chunk]) -> _Chunk:
        """`chunk`, which the client has yet to send. Raises Unavailable when faster bodies need the memory."""
        self._client_since = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(None) as self._timeout:
                return await chunk
        except TimeoutError:
            if not self._revoked:
                raise
            raise Unavailable(
                "The body came slowly while others waited for its memory. Try again soon.",
                retry_after_seconds=_RETRY_SECONDS,
            ) from None
        finally:
            self._client_seconds += asyncio.get_running_loop().time() - self._client_since
            self._client_since = self._timeout = None

    def bytes_per_second(self, now: float) -> float | None:
        """How fast the client sends, the time of the stores left out; None while that cannot be judged yet."""
        if self._client_since is None or self._revoked:
            return None
        seconds = self._client_seconds + now - self._client_since
        return self.received / seconds if seconds >= _SLOW_SECONDS else None

    def revoke(self, now: float) -> None:
        """End the wait for the client's next bytes."""
        if self._timeout is not None:
            self._revoked = True
            self._timeout.reschedule(now)


class Admission:
    """Gives out bytes in the order of asking. While bodies wait, those that come slowly give way, the slowest first:
    a client cannot keep others out by holding memory that it does not fill.
    """

    def __init__(self, *, total_bytes: int, wait_seconds: float) -> None:
        self._total_bytes = total_bytes
        self._wait_seconds = wait_seconds
        self._free_bytes = total_bytes
        self._holds: set[Hold] = set()
        self._waiting: deque[tuple[Hold, int, asyncio.Future[None]]] = deque()

    def hold(self, wanted: int) -> Hold:
        """Memory for a body that will need `wanted` bytes: held as its bytes come, until the hold is left."""
        return Hold(self, min(wanted, self._total_bytes))

    async def take(self, hold: Hold, wanted: int) -> None:
        """Raises Unavailable when there is not so much in time."""
        if not self._waiting and wanted <= self._free_bytes:
            self._grant_to(hold, wanted)
            return
        if len(self._waiting) >= _MAX_WAITING:
            raise _busy()
        loop = asyncio.get_running_loop()
        granted = loop.create_future()
        entry = (hold, wanted, granted)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(self._wait_seconds):
                while not granted.done():
                    self._revoke_slow(loop.time())
                    await asyncio.wait({granted}, timeout=_LOOK_SECONDS)
        except BaseException as error:
            if granted.done():
                if not isinstance(error, TimeoutError):
                    raise
                return
            self._waiting.remove(entry)
            self._grant()
            if isinstance(error, TimeoutError):
                raise _busy() from None
            raise

    def give_back(self, hold: Hold) -> None:
        self._holds.discard(hold)
        self._free_bytes += hold.taken
        hold.taken = 0
        self._grant()

    def _grant_to(self, hold: Hold, size: int) -> None:
        self._free_bytes -= size
        hold.taken = size
        self._holds.add(hold)

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][1] <= self._free_bytes:
            hold, size, granted = self._waiting.popleft()
            self._grant_to(hold, size)
            granted.set_result(None)

    def _revoke_slow(self, now: float) -> None:
        missing = sum(wanted for _, wanted, _ in self._waiting) - self._free_bytes
        slow = [(rate, hold) for hold in self._holds if (rate := hold.bytes_per_second(now)) is not None]
        for rate, hold in sorted(slow, key=lambda pair: pair[0]):
            if missing <= 0 or rate >= _SLOW_BYTES_PER_SECOND:
                return
            hold.revoke(now)
            missing -= hold.taken


def _busy() -> Unavailable:
    return Unavailable("Too many uploads are under way. Try again soon.", retry_after_seconds=_RETRY_SECONDS)
