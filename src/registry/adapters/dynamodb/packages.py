"""Packages in DynamoDB: a change is one transaction, a read by id one query."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from registry.adapters.dynamodb import keys, name_keys, records, safety_keys
from registry.adapters.dynamodb.audit import audit_item
from registry.adapters.dynamodb.changes import change_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.idempotency import read_idempotency_record
from registry.adapters.dynamodb.keys import Item, number
from registry.adapters.dynamodb.listing import still_wanted, walk
from registry.adapters.dynamodb.naming import NameReservation, Unsure
from registry.adapters.dynamodb.outbox import event_items
from registry.adapters.dynamodb.ratings import rating_request_item
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.release_ending import end_release
from registry.adapters.dynamodb.release_view import read_released
from registry.adapters.dynamodb.relisting import ListingUpgrade
from registry.adapters.dynamodb.reservations import reserved
from registry.adapters.dynamodb.scan_requests import follow_content, read_safety, request_item
from registry.adapters.dynamodb.transaction import ABSENT, Transaction
from registry.adapters.dynamodb.uploads import add_idempotency_record, already_answered, end_upload
from registry.adapters.dynamodb.usage import count_bytes, grown
from registry.adapters.dynamodb.versions import write_versions
from registry.domain.errors import AlreadyExists, NotFound, RevisionConflict, Unavailable
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.listing import Order, PackageFilter
from registry.domain.names import NamedVersion
from registry.domain.packages import Change, Package, PackageType
from registry.domain.rating_requests import can_be_rated
from registry.domain.verdicts import PackageSafety
from registry.domain.versions import Version
from registry.ports.clock import Clock
from registry.ports.packages import PackageDocument, PackageSummary, SummaryPage

_Found = tuple[Item, Item | None, Item | None]

TRIES = 8
"""How often what others wrote about a name is read before giving up."""
_EXPECTED = "revision = :expected AND attribute_not_exists(to_be)"
READS = 4
"""How often a record and its README are read before giving up on finding both of one write."""


class DynamoPackageStore:
    """Implements `PackageStore`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self.names = NameReservation(table)
        self._listings = ListingUpgrade(table)

    async def add(self, package: Package, change: Change) -> None:
        await self.names.check_migrated()
        reserve = partial(self.names.first_try, package=package, change=change)
        for _ in range(TRIES):
            try:
                await self._add(package, change, reserve)
            except Unsure:
                seen = await self.names.look(package, change)
                reserve = partial(self.names.second_try, package=package, change=change, seen=seen)
            else:
                self.names.remember(package)
                return
        raise Unavailable("The name is being published by many others; try again.")

    async def _add(self, package: Package, change: Change, reserve: Callable[[Transaction], None]) -> None:
        blob = package.content.blob_key if package.content else None
        transaction = self._begin(change, revision=package.revision, blob=blob)
        reserve(transaction)
        readme = records.readme_item(package)
        record = records.record_item(package, readme_revision=package.revision if readme else 0)
        transaction.put_if(record, ABSENT, otherwise=lambda _: AlreadyExists(f"The id {package.id} is taken."))
        if readme is not None:
            transaction.put(readme)
        self._write_rest(transaction, None, package, old_score=None)
        self._mark(transaction, package, change)
        if (request := request_item(package, change, now=self._clock.now())) is not None:
            transaction.put(request)
        counted = change.upload.size if change.upload else 0
        await self._commit(transaction, change, added=grown(None, package) - counted)

    async def replace(self, package: Package, change: Change, *, expected_revision: int) -> None:
        await self._by_owner(
            package.type, package.name, lambda: self._replace(package, change, expected_revision=expected_revision)
        )

    async def _by_owner(self, kind: PackageType, name: str, write: Callable[[], Awaitable[None]]) -> None:
        for _ in range(TRIES):
            try:
                await write()
            except Unsure:  # the name changed meanwhile, or is from before names had owners
                if not await self.names.adopt(kind, name):
                    raise
            else:
                return
        raise Unavailable("The name is being changed by many others; try again.")

    async def _replace(self, package: Package, change: Change, *, expected_revision: int) -> None:
        record, old_readme = await self._read_expected(package.id, change, expected_revision=expected_revision)
        old = records.read_package(record, old_readme)
        transaction = self._begin(change, revision=package.revision)
        retired = False
        if package.version != old.version:
            retired = await self.names.leave(transaction, old, change)
        elif not change.overrides_owners:
            self.names.check_owner(transaction, old, change)
        readme = records.readme_item(package)
        readme_revision = package.revision if readme else 0
        if package.readme == old.readme:
            readme_revision = int(attribute(record, "readme_revision", "N"))
        elif readme is not None:
            transaction.put(readme)
        else:
            transaction.delete(keys.readme_key(package.id))
        replaced = records.record_item(package, readme_revision=readme_revision)
        if "in_release" in record:
            replaced["in_release"] = record["in_release"]
        transaction.put_if(
            replaced,
            _EXPECTED,
            {":expected": number(expected_revision)},
            otherwise=lambda found: _stale(package.id, found),
        )
        self._write_rest(transaction, old, package, old_score=records.read_score(record), retired=retired)
        self._mark(transaction, package, change)
        follow_content(transaction, old, package, change, now=self._clock.now())
        await self._commit(transaction, change, added=grown(old, package))

    async def remove(self, package_id: str, change: Change, *, expected_revision: int) -> None:
        record, readme = await self._read_expected(package_id, change, expected_revision=expected_revision)
        old = records.read_package(record, readme)
        score = records.read_score(record)
        await self._by_owner(old.type, old.name, lambda: self._remove(old, change, score=score))
        await self._drop_receipt(package_id)

    async def _remove(self, old: Package, change: Change, *, score: int | None) -> None:
        package_id, expected_revision = old.id, old.revision
        transaction = self._begin(change, revision=expected_revision)
        retired = await self.names.leave(transaction, old, change)
        transaction.delete_if(
            keys.record_key(package_id),
            _EXPECTED,
            {":expected": number(expected_revision)},
            otherwise=lambda found: _stale(package_id, found),
        )
        if old.readme is not None:
            transaction.delete(keys.readme_key(package_id))
        transaction.delete(keys.rating_request_key(package_id))
        transaction.delete(keys.rating_key(package_id))
        transaction.delete(safety_keys.safety_key(package_id))
        self._write_rest(transaction, old, None, old_score=score, retired=retired)
        await transaction.commit()

    async def get(self, package_id: str) -> Package:
        found = await self._read(package_id)
        if found is None:
            raise _absent(package_id)
        return records.read_package(*found[:2])

    async def get_judged(self, package_id: str) -> tuple[Package, PackageSafety]:
        found = await self._read(package_id)
        if found is None:
            raise _absent(package_id)
        record, readme, safety = found
        return records.read_package(record, readme), read_safety(safety)

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        wanted = dict.fromkeys(package_ids)
        places = [key(package_id) for package_id in wanted for key in (keys.record_key, keys.readme_key)]
        items = await read_released(self._table, lambda: self._table.batch_get(places))
        found = {(attribute(item, "pk"), attribute(item, "sk")): item for item in items}
        packages: list[Package] = []
        for package_id in wanted:
            record = found.get((f"P#{package_id}", "record"))
            readme = found.get((f"P#{package_id}", "readme"))
            if record is None:
                continue
            pair = (record, readme, None) if records.fits(record, readme) else await self._read(package_id)
            if pair is not None:
                packages.append(records.read_package(*pair[:2]))
        return packages

    async def find_summaries(self, package_ids: Sequence[str]) -> list[PackageSummary]:
        wanted = dict.fromkeys(package_ids)
        places = [keys.record_key(package_id) for package_id in wanted]
        items = await read_released(self._table, lambda: self._table.batch_get(places))
        found = {attribute(item, "id"): item for item in items}
        return [records.read_summary(found[package_id]) for package_id in wanted if package_id in found]

    async def find_document(self, package_id: str) -> PackageDocument | None:
        found = await self._read(package_id)
        return None if found is None else records.read_document(*found[:2])

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        """Costs a query for each partition (four by status or type, one by name, owner or tag) and a BatchGetItem.

        A page may have fewer items than `limit` and still a `next_after`: see `listing`.
        """
        if wanted.order in (Order.NAME, Order.SCORE):
            await self._listings.check_done()
        ids: list[str] = []
        next_after: str | None = None

        async def read() -> list[Item]:
            nonlocal ids, next_after
            ids, next_after = await walk(self._table, wanted, limit=limit, after=after)
            return await self._table.batch_get([keys.record_key(package_id) for package_id in ids])

        found = {attribute(item, "id"): item for item in await read_released(self._table, read)}
        # The index may be late and a record may have changed since: what the records say counts.
        page = [found[package_id] for package_id in ids if package_id in found]
        current = await still_wanted(self._table, page, wanted)
        return SummaryPage(tuple(map(records.read_summary, current)), next_after)

    async def find_version(self, kind: PackageType, name: str, version: Version) -> str | None:
        item = await self._table.get(name_keys.version_key(kind, name, version))
        return None if item is None else attribute(item, "id")

    async def list_versions(self, names: Sequence[str]) -> dict[str, list[NamedVersion]]:
        unique = list(dict.fromkeys(names))

        async def read() -> list[Item]:
            partitions = await asyncio.gather(*(self._table.query_all(f"N#{name}") for name in unique))
            return [item for items in partitions for item in items if "id" in item and "version" in item]

        found: dict[str, list[Item]] = {name: [] for name in unique}
        for item in await read_released(self._table, read):
            found[attribute(item, "pk").removeprefix("N#")].append(item)
        return {
            name: sorted(
                map(records.read_named_version, items), key=lambda named: (named.version, named.id), reverse=True
            )
            for name, items in found.items()
            if items
        }

    def _begin(self, change: Change, *, revision: int, blob: str | None = None) -> Transaction:
        """A transaction with what every change writes. The answer comes first: its condition is judged first.

        `revision` is the package's after the change, or its last.
        """
        transaction = Transaction(self._table)
        if change.idempotency is not None:
            add_idempotency_record(transaction, change.idempotency, now=self._clock.now())
        if change.upload is not None:
            end_upload(transaction, change.upload, kept_blob=blob)
        transaction.put(audit_item(change.audit))
        transaction.put(change_item(change.audit.package_id, now=self._clock.now()))
        for event in event_items(change.events, revision=revision):
            transaction.put(event)
        return transaction

    async def _commit(self, transaction: Transaction, change: Change, *, added: int) -> None:
        async with reserved(self._table, change.quota, added=added, now=self._clock.now) as room:
            if room is not None:
                room.become(transaction)
            await transaction.commit()

    def _mark(self, transaction: Transaction, package: Package, change: Change) -> None:
        """Have the package rated, once it has what there is to rate. A lease on the request becomes void."""
        if can_be_rated(package.status):
            request = rating_request_item(package.id, asked_by=change.audit.user or "", due_at=self._clock.now())
            transaction.put(request)

    def _write_rest(
        self,
        transaction: Transaction,
        old: Package | None,
        new: Package | None,
        *,
        old_score: int | None,
        retired: bool = False,
    ) -> None:
        """The actions that turn what is kept beside the old record into what belongs beside the new, unrated one."""
        write_versions(self._table, transaction, old, new, retired=retired)
        _write_blob(transaction, old, new)
        count_bytes(transaction, old, new)
        before = {} if old is None else records.entries(old, old_score)
        after = {} if new is None else records.entries(new, None)
        for place, entry in after.items():
            if new is not None and before.get(place) != entry:
                transaction.put({**entry, "revision": number(new.revision)})
        if old is not None:
            stale = [keys.key(*place) for place in before if place not in after]
            transaction.delete_stale(stale, revision=old.revision)

    async def _drop_receipt(self, package_id: str) -> None:
        # Behind the transaction: a receipt without its rating shows nowhere, so one that stays does no harm.
        with contextlib.suppress(Unavailable):
            parts = await self._table.query_all(f"R#{package_id}")
            await self._table.batch_write([{"DeleteRequest": {"Key": keys.key_of(part)}} for part in parts])

    async def _read(self, package_id: str) -> _Found | None:
        """The record and its README of one write, as a reader sees them, and the package's safety."""
        return await self._read_pair(lambda: read_released(self._table, lambda: self._query(package_id)), package_id)

    async def _query(self, package_id: str) -> list[Item]:
        items, _last = await self._table.query(f"P#{package_id}")
        return items

    async def _query_settled(self, package_id: str) -> list[Item]:
        """As the items are stored; a release that has prepared them has ended."""
        while True:
            items = await self._query(package_id)
            prepared = [attribute(item, "in_release") for item in items if "to_be" in item]
            if not prepared:
                return items
            await end_release(self._table, prepared[0])

    async def _read_pair(self, query: Callable[[], Awaitable[list[Item]]], package_id: str) -> _Found | None:
        for _ in range(READS):
            found = {attribute(item, "sk"): item for item in await query()}
            record, readme = found.get("record"), found.get("readme")
            if record is None:
                return None
            if records.fits(record, readme):
                return record, readme, found.get("safety")
        raise Unavailable(f"The package {package_id} is being changed; try again.")

    async def _read_expected(
        self, package_id: str, change: Change, *, expected_revision: int
    ) -> tuple[Item, Item | None]:
        found = await self._read_pair(lambda: self._query_settled(package_id), package_id)
        if found is not None and int(attribute(found[0], "revision", "N")) == expected_revision:
            return found[:2]
        if change.idempotency is not None and await self._was_answered(change.idempotency):
            raise already_answered()
        raise _stale(package_id, found[0] if found else {})

    async def _was_answered(self, record: IdempotencyRecord) -> bool:
        item = await self._table.get(keys.idempotency_key(record.key))
        return read_idempotency_record(record.key, item, now=self._clock.now()) is not None


def _write_blob(transaction: Transaction, old: Package | None, new: Package | None) -> None:
    before = records.blob_item(old) if old else None
    after = records.blob_item(new) if new else None
    if before == after:
        return
    if before is not None:
        transaction.delete(keys.key_of(before))
    if after is not None:
        transaction.put(after)


def _absent(package_id: str) -> NotFound:
    return NotFound(f"There is no package {package_id}.")


def _stale(package_id: str, found: Item) -> NotFound | RevisionConflict:
    return RevisionConflict("The package changed since you read it; read it again.") if found else _absent(package_id)
