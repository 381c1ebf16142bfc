"""The job's side of the socket pair: the content as a file, the result as a frame."""

import io
import os
from typing import TYPE_CHECKING

from registry.adapters.processes.frames import JOB_HEADER, RANGE, READ, SERVER_HEADER, WINDOW_BYTES
from registry.domain.recent import Recent

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_WINDOWS = 8


class Channel:
    """Blocking frames over a file descriptor: `send` and `sendmsg` are refused to jobs, `write` is not."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, kind: int, data: bytes) -> None:
        view = memoryview(JOB_HEADER.pack(kind, len(data)) + data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def receive(self) -> bytes:
        """The next frame. Raises EOFError when the server has gone."""
        (length,) = SERVER_HEADER.unpack(self._exactly(SERVER_HEADER.size))
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            piece = os.read(self._descriptor, length - len(data))
            if not piece:
                raise EOFError("the server has gone")
            data += piece
        return bytes(data)


class Content(io.RawIOBase):
    """The stored bytes, fetched in windows; the last few stay at hand for readers that jump back and forth."""

    def __init__(self, channel: Channel, size: int) -> None:
        super().__init__()
        self._channel = channel
        self._size = size
        self._position = 0
        self._windows = Recent[int, bytes](_WINDOWS)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence] + offset
        if position < 0:
            raise ValueError("a position before the start")
        self._position = position
        return position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        if self._position >= self._size:
            return 0
        number, offset = divmod(self._position, WINDOW_BYTES)
        with memoryview(buffer) as view:
            data = self._window(number)[offset : offset + len(view)]
            view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _window(self, number: int) -> bytes:
        window = self._windows.get(number)
        if window is None:
            length = min(WINDOW_BYTES, self._size - number * WINDOW_BYTES)
            self._channel.send(READ, RANGE.pack(number * WINDOW_BYTES, length))
            window = self._channel.receive()
            if len(window) != length:
                raise EOFError("the stored content is shorter than its record says")
            self._windows.put(number, window)
        return window
