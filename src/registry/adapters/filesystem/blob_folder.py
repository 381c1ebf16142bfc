"""The folder that blobs and uploads share: keys, their places, and threads that work there."""

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from registry.adapters.filesystem.errors import translated
from registry.adapters.filesystem.folders import SHARDS, FolderSync, Fsync, make_shards
from registry.domain.errors import NotFound

KEY = re.compile(r"[0-9a-f]{32}")

T = TypeVar("T")


class BlobFolder:
    """A folder and the threads that one store has for it. Several stores and processes may share the folder."""

    def __init__(self, root: Path, *, threads: int, name: str, fsync: Fsync = os.fsync) -> None:
        """Use `open` where the folder may be missing. `fsync` is the system call: tests count it and let it fail."""
        self.root = root
        self._shards = {shard: root / shard for shard in SHARDS}
        self.fsync = fsync
        self.folder_sync = FolderSync(fsync=fsync)
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    @classmethod
    def open(cls, root: Path, *, threads: int, name: str, fsync: Fsync = os.fsync) -> Self:
        """The folder, which is created when missing. Blocks for some ms. Raises Unavailable."""
        with translated():
            make_shards(root, fsync=fsync)
        return cls(root, threads=threads, name=name, fsync=fsync)

    def path(self, key: str) -> Path:
        """Where the bytes under a key are. Raises NotFound for what is no key."""
        return self.shard(key) / key

    def shard(self, key: str) -> Path:
        """The folder in which the bytes under a key are. Raises NotFound for what is no key."""
        if not KEY.fullmatch(key):
            raise NotFound("The stored bytes are gone.")
        return self._shards[key[:2]]

    async def run(self, call: Callable[[], T]) -> T:
        """The result of a blocking call, made in a thread. Raises Unavailable for this host's errors."""

        def translating() -> T:
            with translated():
                return call()

        return await asyncio.wrap_future(self.threads.submit(translating))

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self.threads.shutdown()
