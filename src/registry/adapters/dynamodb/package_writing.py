"""The writes of package records, each one transaction."""

import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from registry.adapters.dynamodb import keys, records, safety_keys
from registry.adapters.dynamodb.audit import audit_item
from registry.adapters.dynamodb.changes import change_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.idempotency import read_idempotency_record
from registry.adapters.dynamodb.keys import Item, number
from registry.adapters.dynamodb.naming import NameReservation, Unsure
from registry.adapters.dynamodb.outbox import event_items
from registry.adapters.dynamodb.package_reading import ReadmeItems, query_package, read_pair
from registry.adapters.dynamodb.ratings import rating_request_item
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.release_ending import read_settled
from registry.adapters.dynamodb.reservations import reserved
from registry.adapters.dynamodb.scan_requests import follow_content, request_item
from registry.adapters.dynamodb.transaction import ABSENT, Transaction
from registry.adapters.dynamodb.uploads import add_idempotency_record, already_answered, end_upload
from registry.adapters.dynamodb.usage import count_bytes, grown
from registry.adapters.dynamodb.versions import write_versions
from registry.domain.errors import AlreadyExists, NotFound, RevisionConflict, Unavailable
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.packages import Change, Package, PackageType
from registry.domain.rating_requests import can_be_rated
from registry.domain.visibility import absent
from registry.ports.clock import Clock

TRIES = 8
"""How often what others wrote about a name is read before giving up."""
_EXPECTED = "revision = :expected AND attribute_not_exists(to_be)"


class PackageWriter:
    """`add`, `replace` and `remove` of `PackageStore`."""

    def __init__(self, table: DynamoTable, readmes: ReadmeItems, *, clock: Clock) -> None:
        self._table = table
        self._readmes = readmes
        self._clock = clock
        self.names = NameReservation(table)

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
        record, readme = records.package_items(package)
        transaction.put_if(record, ABSENT, otherwise=lambda _: AlreadyExists(f"The id {package.id} is taken."))
        if readme is not None:
            transaction.put(readme)
        self._write_rest(transaction, None, package, old_score=None)
        self._request_rating(transaction, package, change)
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
            retired, _ = await self.names.leave(transaction, old, change)
        elif not change.overrides_owners:
            self.names.check_owner(transaction, old, change)
        replaced, readme = records.package_items(package)
        if readme is not None and old_readme is not None and package.readme == old.readme:
            replaced = records.with_readme_of(replaced, record)
        elif readme is not None:
            transaction.put(readme)
        elif old_readme is not None:
            transaction.delete(keys.readme_key(package.id))
        if "in_release" in record:
            replaced["in_release"] = record["in_release"]
        transaction.put_if(
            replaced,
            _EXPECTED,
            {":expected": number(expected_revision)},
            otherwise=_stale,
        )
        self._write_rest(transaction, old, package, old_score=records.read_score(record), retired=retired)
        self._request_rating(transaction, package, change)
        follow_content(transaction, old, package, change, now=self._clock.now())
        await self._commit(transaction, change, added=grown(old, package))

    async def remove(self, package_id: str, change: Change, *, expected_revision: int) -> None:
        record, readme = await self._read_expected(package_id, change, expected_revision=expected_revision)
        old = records.read_package(record, readme)
        score = records.read_score(record)
        await self._by_owner(old.type, old.name, lambda: self._remove(old, readme, change, score=score))

    async def _remove(self, old: Package, readme: Item | None, change: Change, *, score: int | None) -> None:
        package_id, expected_revision = old.id, old.revision
        transaction = self._begin(change, revision=expected_revision)
        retired, rating = await self.names.leave(transaction, old, change, beside=keys.rating_key(package_id))
        transaction.delete_if(
            keys.record_key(package_id),
            _EXPECTED,
            {":expected": number(expected_revision)},
            otherwise=_stale,
        )
        if readme is not None:
            transaction.delete(keys.key_of(readme))
        transaction.delete(keys.rating_request_key(package_id))
        transaction.delete(keys.rating_key(package_id))
        transaction.delete(safety_keys.safety_key(package_id))
        self._write_rest(transaction, old, None, old_score=score, retired=retired)
        await transaction.commit()
        if rating is not None:
            await self._drop_receipt(package_id)

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
        async with reserved(self._table, change.quota, added=added, now=self._clock.now) as reservation:
            if reservation is not None:
                reservation.become(transaction)
            await transaction.commit()

    def _request_rating(self, transaction: Transaction, package: Package, change: Change) -> None:
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
        """The actions that turn what goes with the old record into what goes with the new, unrated one."""
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
        # After the transaction: a receipt without its rating shows nowhere, so one that stays does no harm.
        with contextlib.suppress(Unavailable):
            parts = await self._table.query_all(f"R#{package_id}")
            await self._table.batch_write([{"DeleteRequest": {"Key": keys.key_of(part)}} for part in parts])

    async def _read_expected(
        self, package_id: str, change: Change, *, expected_revision: int
    ) -> tuple[Item, Item | None]:
        def query() -> Awaitable[list[Item]]:
            return read_settled(self._table, lambda: query_package(self._table, package_id))

        found = await read_pair(query, self._readmes, package_id)
        if found is not None and int(attribute(found[0], "revision", "N")) == expected_revision:
            return found[:2]
        if change.idempotency is not None and await self._was_answered(change.idempotency):
            raise already_answered()
        raise _stale(found[0] if found else {})

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


def _stale(found: Item) -> NotFound | RevisionConflict:
    return RevisionConflict("The package changed since you read it; read it again.") if found else absent()
