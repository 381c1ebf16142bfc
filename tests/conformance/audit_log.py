"""What every AuditLog does."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.audit_log import AuditFilter, digest_of, entry_members
from registry.domain.merkle import Frontier, hashes_in, inclusion_proof, proven_root, root_at
from registry.domain.packages import AuditAction, AuditEntry
from tests.conformance.records import RecordBackend, Records
from tests.factories import START, make_account, make_audit_entry, make_change, make_id, make_package


async def sequence_all(records: Records) -> int:
    placed = 0
    while count := await records.audit_log.sequence():
        placed += count
    return placed


async def log_of(records: Records) -> list[AuditEntry]:
    """Every entry by position; no page is longer than asked for, and none is empty before the end."""
    entries: list[AuditEntry] = []
    below: int | None = None
    while True:
        page = await records.audit_log.list_entries(AuditFilter(), limit=100, below=below)
        entries += page.entries
        if page.next_below is None:
            return entries[::-1]
        assert len(page.entries) == 100
        below = page.next_below


def digests(entries: Sequence[AuditEntry]) -> list[bytes]:
    """The digests of the whole log, as the domain defines them."""
    found: list[bytes] = []
    for position, entry in enumerate(entries):
        found.append(digest_of(entry_members(entry, position, found[-1] if found else bytes(32))))
    return found


class AuditLogContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_an_empty_log(self, records: Records) -> None:
        assert await records.audit_log.sequence() == 0
        assert (await records.audit_log.head()).size == 0
        assert (await records.audit_log.list_entries(AuditFilter(), limit=5, below=None)).entries == ()
        assert list(await records.audit_log.get_entries(0, limit=5)) == []
        assert await records.audit_log.read_tile(0, 0) == b""
        assert await records.audit_log.get_checkpoint() is None

    async def test_every_entry_gets_one_position(self, records: Records, others: Records) -> None:
        package_ids = [make_id() for _ in range(5)]
        entries = [
            make_audit_entry(
                package_ids[number % 5], user=None if number % 7 == 0 else "alice", action=AuditAction.RATE
            )
            for number in range(300)
        ]
        await records.audit.append(entries[:40])
        assert await sequence_all(records) == 40
        await records.audit.append(entries[40:])
        assert await sequence_all(others) == 260

        log = await log_of(records)
        assert log == entries
        assert [entry.position for entry in log] == list(range(300))
        expected, head = digests(log), await others.audit_log.head()
        assert (head.size, head.last) == (300, expected[-1])
        assert head.frontier == Frontier().extended(expected)
        assert hashes_in(await records.audit_log.read_tile(0, 0)) == expected[:256]
        assert hashes_in(await records.audit_log.read_tile(0, 1)) == expected[256:]
        assert await root_at(300, others.audit_log.read_tile) == head.frontier.root
        path = await inclusion_proof(123, 300, records.audit_log.read_tile)
        assert proven_root(expected[123], 123, 300, path) == head.frontier.root
        assert list(await records.audit_log.get_entries(250, limit=10)) == entries[250:260]
        trail = await records.audit.list_entries(package_ids[0], limit=2, after=None)
        assert [entry.position for entry in trail] == [295, 290]

    async def test_those_that_sequence_at_once_agree(self, records: Records, others: Records) -> None:
        entries = [make_audit_entry(make_id()) for _ in range(60)]
        await records.audit.append(entries)

        async def work(of: Records) -> None:
            while (await of.audit_log.head()).size < 60:
                await of.audit_log.sequence()

        await asyncio.gather(*(work((records, others)[number % 2]) for number in range(4)))

        log = await log_of(records)
        assert log == entries
        assert (await records.audit_log.head()).last == digests(log)[-1]

    async def test_entries_of_changes_are_in_it(self, records: Records) -> None:
        package = make_package()
        created, removed = make_change(package.id), make_change(package.id, action=AuditAction.DELETE)
        await records.packages.add(package, created)
        await records.packages.remove(package.id, removed, expected_revision=1)
        await sequence_all(records)
        assert await log_of(records) == [created.audit, removed.audit]

    async def test_an_entry_appended_again_keeps_its_position(self, records: Records) -> None:
        entry, later = make_audit_entry(make_id()), make_audit_entry(make_id())
        await records.audit.append([entry])
        await sequence_all(records)
        await records.audit.append([entry, later])
        await sequence_all(records)
        assert [(found.id, found.position) for found in await log_of(records)] == [(entry.id, 0), (later.id, 1)]

    @pytest.mark.parametrize(
        "wanted",
        [
            AuditFilter(user="bob"),
            AuditFilter(action=AuditAction.DELETE),
            AuditFilter(user="bob", action=AuditAction.DELETE),
            AuditFilter(since=START + timedelta(minutes=3)),
            AuditFilter(until=START + timedelta(minutes=3)),
            AuditFilter(user="bob", since=START + timedelta(minutes=2), until=START + timedelta(minutes=6)),
            AuditFilter(user="nobody"),
        ],
    )
    async def test_filters(self, records: Records, wanted: AuditFilter) -> None:
        entries = [
            make_audit_entry(
                make_id(),
                user=("alice", "bob", None)[number % 3],
                action=(AuditAction.CREATE, AuditAction.DELETE)[number % 2],
                at=START + timedelta(minutes=number),
            )
            for number in range(12)
        ]
        await records.audit.append(entries)
        await sequence_all(records)
        expected = [entry for entry in entries[::-1] if wanted.matches(entry)]

        found: list[AuditEntry] = []
        below: int | None = None
        while True:
            page = await records.audit_log.list_entries(wanted, limit=2, below=below)
            found += page.entries
            if (below := page.next_below) is None:
                break

        assert found == expected

    async def test_a_lease_is_one_holders(self, records: Records, others: Records, backend: RecordBackend) -> None:
        mine, theirs = [await each.audit_log.lease(name, seconds=10) for each, name in ((records, "a"), (others, "b"))]
        assert mine
        assert await records.audit_log.lease("a", seconds=10)
        backend.clock.advance(timedelta(seconds=11))
        assert await others.audit_log.lease("b", seconds=10)
        assert await records.audit_log.lease("a", seconds=10) == theirs

    async def test_the_checkpoint_of_the_larger_log_stays(self, records: Records, others: Records) -> None:
        await records.audit.append([make_audit_entry(make_id())])
        await sequence_all(records)
        for note, size in (("first", 1), ("second", 5), ("late", 3), ("third", 5)):
            await records.audit_log.put_checkpoint(note, size=size)
        assert await others.audit_log.get_checkpoint() == "third"

    async def test_a_reset_begins_another_log(self, records: Records) -> None:
        await records.audit.append([make_audit_entry(make_id())])
        await sequence_all(records)
        await records.maintenance.reset(make_account())
        assert (await records.audit_log.head()).size == 0
        entry = make_audit_entry(make_id())
        await records.audit.append([entry])
        await sequence_all(records)
        assert await log_of(records) == [replace(entry, position=0)]
