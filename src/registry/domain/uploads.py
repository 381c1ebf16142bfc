"""Uploads in parts: what is known of one while it is open."""

from dataclasses import dataclass
from datetime import datetime

MAX_PARTS = 10_000
"""As many as S3 takes."""
MAX_UPLOAD_BYTES = 5 * 1024**4
"""The largest object of S3."""
_USUAL_PARTS = 1_000
_LARGEST_PART_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Upload:
    """An open upload of `size` bytes with the hex digest `sha256`, in parts of `part_size` (the last may be shorter).

    `key` is where the part store gathers the bytes; `metadata` is what the package will say of itself, as JSON that
    only the service reads. `filename` and `media_type` are the client's, None where it gave none. `account_id` is the
    creator's, empty for an upload from before accounts had ids.
    """

    id: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    size: int
    sha256: str
    part_size: int
    key: str
    metadata: bytes
    filename: str | None = None
    media_type: str | None = None
    account_id: str = ""

    @property
    def owner_id(self) -> str:
        """The id of the account that the upload belongs to (see `Account.id`)."""
        return self.account_id or self.created_by

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_size)

    def part_bytes(self, number: int) -> int:
        """How long the part with this number (from 1 on) is."""
        return min(self.part_size, self.size - self.part_offset(number))

    def part_offset(self, number: int) -> int:
        return (number - 1) * self.part_size


def part_size_for(size: int, *, smallest: int) -> int:
    """The length of parts for `size` bytes: at least `smallest`, doubled until a thousand are enough.

    A part is what a broken connection costs, so it stays small; a thousand parts keep their list small. Above 1 GiB
    there are more parts instead: 5,120 for 5 TiB.
    """
    part_size = smallest
    while size > part_size * _USUAL_PARTS and part_size < _LARGEST_PART_BYTES:
        part_size *= 2
    return max(part_size, -(-size // MAX_PARTS))
