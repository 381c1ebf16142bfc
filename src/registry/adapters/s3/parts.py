"""The parts of a multipart upload: how large each is, and one that is being gathered."""

import base64
import hashlib
import io

MIB = 1024 * 1024
FIRST_PART_BYTES = 8 * MIB
MAX_PARTS = 10_000
MAX_OBJECT_BYTES = 5 * 1024**4
_PARTS_OF_ONE_SIZE = 1000


def part_bytes(number: int) -> int:
    """How large the part with this number (from 1 on) is, unless it is the last.

    S3 takes 10,000 parts, and the length of a stream is unknown at its start. Parts of 8 MiB would end at 78 GiB; parts
    that double after each thousand reach 5 TiB with the 9,282nd, and hold little memory for the usual: 8 MiB up to
    7.8 GiB, 64 MiB from 55 to 117 GiB.
    """
    return FIRST_PART_BYTES << ((number - 1) // _PARTS_OF_ONE_SIZE)


class Part:
    """The bytes of one part while they come in."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.capacity = part_bytes(number)
        self.size = 0
        self.reserved = False
        self._buffer = io.BytesIO()

    @property
    def is_full(self) -> bool:
        return self.size >= self.capacity

    def take(self, data: memoryview) -> int:
        """Keep as much of `data` as has room; how many bytes that was."""
        taken = self._buffer.write(data[: self.capacity - self.size])
        self.size += taken
        return taken

    def body(self) -> io.BytesIO:
        """The bytes from their start, to be sent (again)."""
        self._buffer.seek(0)
        return self._buffer

    def digest(self, whole: "hashlib._Hash") -> str:
        """The part's SHA-256 in base64, as S3 wants it; adds the part to the digest of the whole. Blocks."""
        with self._buffer.getbuffer() as view:
            whole.update(view)
            return base64.b64encode(hashlib.sha256(view).digest()).decode()

    def drop(self) -> None:
        """Free the memory now: the SDK's objects refer to the body in circles, until the garbage collector comes."""
        self._buffer.close()
