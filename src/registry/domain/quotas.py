"""How much a user may store."""

from dataclasses import dataclass

from registry.domain.errors import QuotaReached, Throttled

_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Quota:
    """What `user` may have: `bytes` of all contents and open uploads together, and so many `uploads` open.

    A write that is given a quota compares with it in the same atomic step, however many others write at once.
    """

    user: str
    bytes: int
    uploads: int

    def check_bytes(self, others: int, added: int) -> None:
        """Raises QuotaReached where `added` bytes do not fit beside `others`."""
        if others + added > self.bytes:
            room = max(self.bytes - others, 0)
            raise QuotaReached(f"Your quota has room for {room} bytes more. Delete packages, or ask an admin for more.")

    def check_uploads(self, count: int) -> None:
        """Raises Throttled where `count` open uploads, the new one included, are too many."""
        if count > self.uploads:
            raise Throttled(
                f"You have {self.uploads} uploads under way. Complete or delete one of them first.",
                retry_after_seconds=_RETRY_SECONDS,
            )
