"""Fetching a large content by concurrent ranges, each written at its place in `NAME.registry-part`.

`NAME.registry-part.ranges` says which ranges are there: a first line that names the content, then a number for each,
appended when its bytes are in the file. So a killed download goes on without them. The file gets its name only after
all of it was read once more for its SHA-256.
"""

import asyncio
import json
import os
from pathlib import Path

import httpx

from registry.client.errors import InvalidAnswer, Unreachable
from registry.client.models import Content
from registry.client.multipart import FileDigest
from registry.client.partial_names import partial_path
from registry.client.progress import Progress
from registry.client.transfers import Transfers
from registry.client.transport import Transport, reason_of


class NoRanges(Exception):
    """The content's address does not serve ranges of these bytes: fetch it in one piece."""


class RangesFile:
    """The file that is being filled, and the record of what is in it."""

    def __init__(self, destination: Path, content: Content, *, range_bytes: int) -> None:
        self.destination = destination
        self.content = content
        self.part = partial_path(destination)
        self._record = partial_path(destination, ".ranges")
        self._head = json.dumps({"sha256": content.sha256, "size": content.size, "range_bytes": range_bytes})
        self._range_bytes = range_bytes
        self.missing = self._resume()
        self._descriptor = os.open(self.part, os.O_RDWR | os.O_CREAT, 0o666)

    def _resume(self) -> list[int]:
        count = -(-self.content.size // self._range_bytes)
        try:
            head, *numbers = self._record.read_text().split("\n")[:-1]
            if head == self._head and self.part.exists():
                there = {int(number) for number in numbers if number}
                return [number for number in range(count) if number not in there]
        except (OSError, ValueError):
            pass
        # A part file without this record is the sequential download's, or another content's.
        self.part.unlink(missing_ok=True)
        self._record.write_text(self._head + "\n")
        return list(range(count))

    def span(self, number: int) -> tuple[int, int]:
        """Offset and length of a range."""
        offset = number * self._range_bytes
        return offset, min(self._range_bytes, self.content.size - offset)

    def write(self, data: bytes, offset: int) -> None:
        while data:
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written

    def note(self, number: int) -> None:
        """Note that a range is in the file. A killed process leaves both to the system to write."""
        with self._record.open("a") as record:
            record.write(f"\n{number}\n")

    def finish(self) -> None:
        """Give the file its name, durably."""
        os.fsync(self._descriptor)
        self.close()
        self.part.replace(self.destination)
        self._record.unlink(missing_ok=True)

    def throw_away(self) -> None:
        self.close()
        self.part.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class RangedDownload:
    """One content on its way. Raises as `download_content` does, and NoRanges."""

    def __init__(
        self, transport: Transport, path: str, file: RangesFile, *, transfers: Transfers, progress: Progress
    ) -> None:
        self._transport = transport
        self._path = path
        self._file = file
        self._transfers = transfers
        self._progress = progress
        self._done_bytes = file.content.size - sum(file.span(number)[1] for number in file.missing)

    async def fetch(self) -> str:
        """Fetch what is missing; the SHA-256 of the whole file."""
        self._told(0)
        waiting = list(reversed(self._file.missing))

        async def work() -> None:
            while waiting:
                await self._fetch_range(waiting.pop())

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(self._transfers.download_streams, len(waiting))):
                    tasks.create_task(work())
        except ExceptionGroup as group:
            first = group.exceptions[0]
            raise first from first.__cause__
        return (await FileDigest.of(self._file.part, progress=self._progress)).sha256

    async def _fetch_range(self, number: int) -> None:
        offset, left = self._file.span(number)
        failures = 0
        while left:
            before = left
            try:
                async with self._transport.content(self._path, self._headers(offset, left)) as response:
                    self._check(response, offset)
                    async for chunk in response.aiter_bytes(1024 * 1024):
                        data = chunk[:left]
                        await asyncio.to_thread(self._file.write, data, offset)
                        offset, left = offset + len(data), left - len(data)
                        self._told(len(data))
                        if len(data) < len(chunk):
                            break
                if left:
                    raise httpx.ReadError("the answer ended early")
            except httpx.RequestError as error:
                failures = 1 if left < before else failures + 1
                if failures >= self._transport.retries.attempts:
                    raise Unreachable(f"the download broke off: {reason_of(error)}; run it again to go on") from error
                await self._transport.retries.pause(failures)
        self._file.note(number)

    def _headers(self, offset: int, length: int) -> dict[str, str]:
        return {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Range": f"bytes={offset}-{offset + length - 1}",
        }

    def _check(self, response: httpx.Response, offset: int) -> None:
        if response.status_code == 200:
            raise NoRanges
        expected = f"bytes {offset}-"
        found = response.headers.get("Content-Range", "")
        if not (found.startswith(expected) and found.endswith(f"/{self._file.content.size}")):
            raise InvalidAnswer("the content's address answered with another range than was asked for")

    def _told(self, count: int) -> None:
        self._done_bytes += count
        self._progress("download", done=self._done_bytes, total=self._file.content.size)
