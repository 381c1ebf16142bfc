"""Small blobs, stored in groups: one thread writes all that wait, then they are synced concurrently.

With a thread for each, the interpreter changed hands some twenty times a blob, and the event loop waited each time.
One fsync after the other is no way out: each waits for the disk, while those of one moment share a commit of the file
system's journal.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass

from registry.adapters.filesystem.errors import translated
from registry.adapters.filesystem.files import BlobWriter
from registry.adapters.filesystem.folders import FolderSync
from registry.ports.blobs import StoredBlob

SMALL_BYTES = 64 * 1024
"""To hash and write so much takes some 60 µs, which the others of a group can wait."""
_MOST_IN_GROUP = 64
_SYNCED_SIDE_BY_SIDE = 4
"""Threads that share a group's fsyncs. One for each file takes 15 % more CPU for a publish, and is no faster."""


@dataclass(slots=True, eq=False)
class SmallBlob:
    """A blob on its way, and what became of it."""

    writer: BlobWriter
    data: bytearray
    future: asyncio.Future[StoredBlob]
    error: Exception | None = None
    ended: bool = False
    on_end: Future[None] | None = None

    def write(self) -> None:
        self._attempt(lambda: self.writer.append(self.data))

    def sync(self) -> None:
        self._attempt(self.writer.sync)

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - it is for the caller, and must not end the turn
            self.error = error

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is None:
            self.future.set_result(self.writer.stored())
        else:
            self.future.set_exception(self.error)


def _sync_all(share: list[SmallBlob]) -> None:
    for small in share:
        small.sync()


def _settle_all(group: list[SmallBlob]) -> None:
    for small in group:
        small.settle()


class SmallBlobs:
    """Finishes blobs of at most SMALL_BYTES. One event loop calls `finish`; `close` waits for what is under way."""

    def __init__(self, folder_sync: FolderSync, threads: ThreadPoolExecutor) -> None:
        """The fsyncs of a group run in `threads`."""
        self._folder_sync = folder_sync
        self._threads = threads
        self._waiting: deque[SmallBlob] = deque()
        self._ending = threading.Lock()
        # One: while the disk works for a group, the next one grows. With two, groups were half as large and cost more.
        self._turns = ThreadPoolExecutor(1, thread_name_prefix="small blobs")

    def finish(self, writer: BlobWriter, data: bytearray) -> SmallBlob:
        """Do what `writer.finish(data)` does, together with others; the `future` has what it returns or raises.

        Whoever is cancelled while waiting for that discards the blob, after what `end_of` says.
        """
        loop = asyncio.get_running_loop()
        small = SmallBlob(writer, data, loop.create_future())
        self._waiting.append(small)
        # Otherwise the turn that was asked for by the first of those who wait takes this one along.
        if len(self._waiting) == 1:
            self._turns.submit(self._take_turn, loop)
        return small

    def end_of(self, small: SmallBlob) -> Future[None] | None:
        """Done when no thread works on the blob any more, None if none does."""
        with self._ending:
            if not small.ended:
                small.on_end = Future()
            return small.on_end

    def close(self) -> None:
        self._turns.shutdown()

    def _take_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        while group := self._next_group():
            self._store([small for small in group if not small.future.cancelled()])
            self._end(group)
            with suppress(RuntimeError):  # the loop has been closed, and nobody waits any more
                loop.call_soon_threadsafe(_settle_all, group)

    def _next_group(self) -> list[SmallBlob]:
        group: list[SmallBlob] = []
        while len(group) < _MOST_IN_GROUP:
            try:
                group.append(self._waiting.popleft())
            except IndexError:
                break
        return group

    def _store(self, group: list[SmallBlob]) -> None:
        for small in group:
            small.write()
        self._sync_files([small for small in group if small.error is None])
        self._sync_folders([small for small in group if small.error is None])

    def _end(self, group: list[SmallBlob]) -> None:
        with self._ending:
            for small in group:
                small.ended = True
        for small in group:
            if small.on_end is not None:
                small.on_end.set_result(None)

    def _sync_files(self, group: list[SmallBlob]) -> None:
        if not group:
            return
        shares = [group[place::_SYNCED_SIDE_BY_SIDE] for place in range(min(_SYNCED_SIDE_BY_SIDE, len(group)))]
        syncing = [self._threads.submit(_sync_all, share) for share in shares[1:]]
        _sync_all(shares[0])
        wait(syncing)

    def _sync_folders(self, group: list[SmallBlob]) -> None:
        for folder in {small.writer.folder for small in group}:
            try:
                with translated():
                    self._folder_sync.sync(folder)
            except Exception as error:  # noqa: BLE001 - as above
                for small in group:
                    if small.writer.folder == folder:
                        small.error = error
