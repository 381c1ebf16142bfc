"""All audit entries: listed, exported, signed, and proven one by one."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from registry.domain.audit_log import LATENESS, NO_DIGEST, AuditFilter, Checkpoint, LogHead, entry_members, open_note
from registry.domain.errors import AuditLogDamaged, NotFound, RegistryError
from registry.domain.merkle import TILE_HASHES, hashes_in, inclusion_proof, root_at
from registry.domain.packages import AuditEntry
from registry.ports.audit import AuditStore
from registry.ports.audit_log import AuditLog
from registry.ports.signing import Signer, Verify

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 1.0
_LEASE_SECONDS = 10.0
_ROUNDS_OF_A_REQUEST = 20
_PACKAGE_PAGES = 5
_EXPORT_ENTRIES = 200

Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries as they are served, newest first. `next_after` is where the next page begins, None at the end."""

    items: tuple[Members, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with its signed note. `public_key` verifies it."""

    checkpoint: Checkpoint
    note: str
    public_key: bytes


class GlobalAudit:
    """`sequence_in_background` gives entries their positions; a request for the log does so too, for what it shows."""

    def __init__(self, log: AuditLog, trails: AuditStore, signer: Signer, verify: Verify) -> None:
        self._log = log
        self._trails = trails
        self._signer = signer
        self._verify = verify

    async def list_page(
        self, wanted: AuditFilter, *, package_id: str | None, limit: int, after: str | None
    ) -> AuditPage:
        """The next entries that match, of one package or of all. A page may be short, even empty, and have a next."""
        await self._catch_up()
        if package_id is not None:
            return await self._page_of_package(wanted, package_id, limit=limit, after=after)
        below = int(after) if after is not None else await self._end_of(wanted.until)
        page = await self._log.list_entries(wanted, limit=limit, below=below)
        next_after = None if page.next_below is None else str(page.next_below)
        return AuditPage(await self._described(page.entries), next_after)

    async def export(self, wanted: AuditFilter, *, package_id: str | None) -> AsyncIterator[Members]:
        """All entries that match, newest first, some hundred in memory at a time."""
        after: str | None = None
        while True:
            page = await self.list_page(wanted, package_id=package_id, limit=_EXPORT_ENTRIES, after=after)
            for item in page.items:
                yield item
            if page.next_after is None:
                return
            after = page.next_after

    async def checkpoint(self) -> SignedCheckpoint:
        """The signed checkpoint of the log as it is now.

        Raises AuditLogDamaged where what was signed before is no beginning of it: then nothing is signed.
        """
        await self._catch_up()
        head = await self._log.head()
        checkpoint = Checkpoint(head.size, head.frontier.root)
        await self._check_history(head)
        note = checkpoint.note(self._signer.sign(checkpoint.body.encode()), self._signer.public_key)
        await self._log.put_checkpoint(note, size=head.size)
        return SignedCheckpoint(checkpoint, note, self._signer.public_key)

    async def prove(self, position: int) -> Members:
        """An entry with what proves its place under a signed checkpoint, without the other entries. Raises NotFound."""
        signed = await self.checkpoint()
        size = signed.checkpoint.size
        entries = await self._log.get_entries(position, limit=1) if position < size else []
        if not entries or entries[0].position != position:
            raise NotFound(f"There is no entry {position}; the log has {size}.")
        path = await inclusion_proof(position, size, self._log.read_tile)
        (entry,) = await self._described(entries)
        return {"entry": entry, "proof": [hash_.hex() for hash_ in path], "checkpoint": signed.note}

    async def run(self) -> None:
        """Give entries their positions until cancelled. Processes agree on one that does by a lease."""
        holder = secrets.token_hex(8)
        while True:
            try:
                if await self._log.lease(holder, seconds=_LEASE_SECONDS):
                    while await self._log.sequence():
                        pass
            except RegistryError as error:
                _log.warning("audit_log_waits", reason=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _catch_up(self) -> None:
        """Let the log have what was recorded before this request. Bounded: what is more is there a moment later."""
        for _ in range(_ROUNDS_OF_A_REQUEST):
            if not await self._log.sequence():
                return

    async def _check_history(self, head: LogHead) -> None:
        note = await self._log.get_checkpoint()
        if note is None:
            return
        try:
            before = open_note(note, self._signer.public_key, self._verify)
        except ValueError:
            _log.warning("audit_checkpoint_of_another_key")
            return
        if before.size > head.size or await root_at(before.size, self._log.read_tile) != before.root:
            raise AuditLogDamaged(f"The first {before.size} entries are not those that were signed.")
        if await root_at(head.size, self._log.read_tile) != head.frontier.root:
            raise AuditLogDamaged("The tree of the log does not have the root that its head says.")

    async def _page_of_package(
        self, wanted: AuditFilter, package_id: str, *, limit: int, after: str | None
    ) -> AuditPage:
        found: list[AuditEntry] = []
        for _ in range(_PACKAGE_PAGES):
            entries = await self._trails.list_entries(package_id, limit=_EXPORT_ENTRIES, after=after)
            for entry in entries:
                if wanted.matches(entry):
                    if len(found) == limit:
                        return AuditPage(await self._described(found), found[-1].id)
                    found.append(entry)
            if len(entries) < _EXPORT_ENTRIES:
                return AuditPage(await self._described(found), None)
            after = entries[-1].id
        return AuditPage(await self._described(found), after)

    async def _end_of(self, until: datetime | None) -> int | None:
        """A position that all entries up to a time are under, found by halving: times rise with positions, nearly."""
        if until is None:
            return None
        low, high = 0, (await self._log.head()).size
        while low < high:
            middle = (low + high) // 2
            entries = await self._log.get_entries(middle, limit=1)
            if entries and entries[0].at > until + LATENESS:
                high = middle
            else:
                low = middle + 1
        return low

    async def _described(self, entries: Sequence[AuditEntry]) -> tuple[Members, ...]:
        """The entries with their digests, which the tree has, and those of the entries before them."""
        tiles: dict[int, list[bytes]] = {}

        async def digest(position: int) -> bytes:
            number, place = divmod(position, TILE_HASHES)
            if number not in tiles:
                tiles[number] = hashes_in(await self._log.read_tile(0, number))
            return tiles[number][place] if place < len(tiles[number]) else NO_DIGEST

        items: list[Members] = []
        for entry in entries:
            position = entry.position
            if position is None:
                waiting = entry_members(entry, 0, NO_DIGEST) | {"position": None, "previous": None, "digest": None}
                items.append(waiting)
                continue
            previous = NO_DIGEST if position == 0 else await digest(position - 1)
            members = entry_members(entry, position, previous)
            items.append({**members, "digest": (await digest(position)).hex()})
        return tuple(items)
