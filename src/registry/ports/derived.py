"""What is made from stored contents and can be made again: manifests, and files unpacked from archives.

A record says where the bytes are and who uses them: a manifest is used by stored contents (by their blob keys), an
unpacked file by contents (by their SHA-256). When the last user goes, so does the record; what is lost costs time and
no data. Who makes something leases it first; a lease is a lease: one that is not extended ends by itself.

All methods raise Unavailable when the store cannot answer.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

MOST_USERS = 1_000
"""So many users are noted; when they are gone, the others have the bytes made again."""


class DerivedKind(StrEnum):
    """MANIFEST: the list of a content's files, by the content's SHA-256. FILE: unpacked bytes, by their own."""

    MANIFEST = "manifest"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class DerivedKey:
    kind: DerivedKind
    sha256: str


@dataclass(frozen=True, slots=True)
class DerivedRecord:
    """What came of making it.

    `blob_key` is where the bytes are, `blob_sha256` their digest; None where there are none to keep: the content is a
    single file with this `crc32`, or `problem` says why nothing can be made, `path` at which file, and `reader_version`
    by which reader. With both, the content is a single file unless its name calls it a tar.
    """

    key: DerivedKey
    users: frozenset[str]
    reader_version: int
    blob_key: str | None = None
    blob_sha256: str | None = None
    problem: str = ""
    path: str | None = None
    crc32: int | None = None


@dataclass(frozen=True, slots=True)
class DerivedLease:
    """The right to make something until the lease ends. `attempts` counts leases that ended without a record."""

    key: DerivedKey
    token: str
    attempts: int


class DerivedStore(Protocol):
    async def find(self, key: DerivedKey) -> DerivedRecord | None:
        """The record, None while there is none. One point read."""

    async def lease(self, key: DerivedKey, *, token: str, now: datetime, until: datetime) -> DerivedLease | None:
        """Take the making of something, for one of all who try; None for the others. A record does not prevent it."""

    async def extend(self, lease: DerivedLease, *, until: datetime) -> bool:
        """Hold on to a lease. False when it is void."""

    async def finish(self, lease: DerivedLease, record: DerivedRecord) -> str | None:
        """Keep the record and end the lease; from then on the record refers to its blob.

        A blob that it does not refer to (any more) is returned, to be deleted: that of an earlier record, whose users
        become users of this one; or where the lease is void and nothing was kept, this one's.
        """

    async def give_back(self, lease: DerivedLease, *, counted: bool) -> None:
        """End the lease without a record; `counted`: as an attempt. No effect when it is void."""

    async def add_user(self, key: DerivedKey, user: str) -> bool:
        """Note one more user. False when there is no record. No effect beyond MOST_USERS."""

    async def drop_users(self, key: DerivedKey, users: Collection[str]) -> str | None:
        """Forget users, and with the last one the record: then the key of its blob, if any, to be deleted."""

    async def remove(self, record: DerivedRecord) -> bool:
        """Drop a record whose bytes are damaged or gone. False when it has other bytes by now."""

    def list_records(self) -> AsyncIterator[DerivedRecord]:
        """Every record, in no order. Not for a request path."""
