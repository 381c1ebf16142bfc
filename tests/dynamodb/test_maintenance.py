"""What a reset or a sweep meets in practice: its own end, and writers that do not stop for it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.health import DynamoHealthLog
from registry.adapters.dynamodb.idempotency import DynamoIdempotencyStore
from registry.adapters.dynamodb.keys import Action, Item, record_key
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.domain.accounts import Account
from registry.domain.errors import NotFound
from tests.dynamodb.samples import change, package
from tests.factories import ManualClock, make_account, make_health_sample, make_idempotency_record


class CutOff(Exception):
    """The process ended here."""


async def begin_reset(maintenance: DynamoRecordMaintenance, admin: Account, patch: pytest.MonkeyPatch) -> None:
    """A reset that is recorded, and cut off before anything was dropped."""

    async def end_there(self: DynamoRecordMaintenance, guard: Action) -> int:
        raise CutOff

    with patch.context() as patched:
        patched.setattr(DynamoRecordMaintenance, "_drop_all", end_there)
        with pytest.raises(CutOff):
            await maintenance.reset(admin)


async def test_a_reset_that_was_cut_off_is_finished_by_the_next_sweep(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, admin = package(), make_account(name="admin")
    await packages.add(published, change(published))
    maintenance = DynamoRecordMaintenance(table, clock=clock)
    await begin_reset(maintenance, admin, monkeypatch)

    await maintenance.purge_expired(clock.now())

    with pytest.raises(NotFound):
        await packages.get(published.id)
    assert await DynamoAccountStore(table).list_accounts(limit=5, after=None) == [admin]


async def test_nothing_is_dropped_once_a_reset_has_returned_though_others_are_at_it(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, admin = package(), package(), make_account(name="admin")
    await packages.add(old, change(old))
    slow, quick = (DynamoRecordMaintenance(table, clock=clock) for _ in range(2))
    await begin_reset(slow, admin, monkeypatch)
    drop = slow._drop
    again = make_account(name="admin", token_epoch="again")

    async def drop_late(items: Sequence[Item], guard: Action) -> None:
        """Reads the table, and is overtaken by a whole reset and a publish behind it."""
        monkeypatch.setattr(slow, "_drop", drop)
        await quick.reset(again)
        await packages.add(new, change(new))
        await drop([*items, record_key(new.id)], guard)

    monkeypatch.setattr(slow, "_drop", drop_late)

    await slow.purge_expired(clock.now())

    assert await packages.get(new.id) == new
    assert await DynamoAccountStore(table).list_accounts(limit=5, after=None) == [again]


async def test_a_reset_is_not_taken_for_the_one_before(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, admin = package(), make_account(name="admin")
    slow, quick = (DynamoRecordMaintenance(table, clock=clock) for _ in range(2))
    await begin_reset(slow, admin, monkeypatch)
    drop_all = slow._drop_all

    async def drop_all_and_wait(guard: Action) -> int:
        """Finds the table empty, and then that reset ends and another one begins."""
        monkeypatch.setattr(slow, "_drop_all", drop_all)
        dropped = await drop_all(guard)
        await quick.purge_expired(clock.now())
        await packages.add(published, change(published))
        await begin_reset(quick, admin, monkeypatch)
        return dropped

    monkeypatch.setattr(slow, "_drop_all", drop_all_and_wait)

    await slow.purge_expired(clock.now())

    with pytest.raises(NotFound):
        await packages.get(published.id)
    assert await DynamoAccountStore(table).list_accounts(limit=5, after=None) == [admin]


async def test_a_sweep_spares_an_answer_that_was_kept_anew_since_it_looked(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = package(version="1.0.0"), package(version="2.0.0")
    await packages.add(
        first, change(first, make_idempotency_record(key="key", expires_at=clock.now() + timedelta(minutes=1)))
    )
    clock.advance(timedelta(hours=1))
    renewed = make_idempotency_record(key="key", expires_at=clock.now() + timedelta(hours=1))
    drop = DynamoRecordMaintenance._drop_expired

    async def drop_after_a_write(self: DynamoRecordMaintenance, key: Item, values: Item) -> bool:
        await packages.add(second, change(second, renewed))
        return await drop(self, key, values)

    monkeypatch.setattr(DynamoRecordMaintenance, "_drop_expired", drop_after_a_write)

    assert await DynamoRecordMaintenance(table, clock=clock).purge_expired(clock.now()) == 0
    assert await DynamoIdempotencyStore(table, clock=clock).find("key") == renewed


async def test_the_longest_call_of_a_minute_wins_whoever_comes_last(table: DynamoTable) -> None:
    samples = [make_health_sample(max_seconds=seconds) for seconds in (0.25, 0.75, 0.5, 1.25, 1.0)]

    await asyncio.gather(*(DynamoHealthLog(table).record([sample]) for sample in samples))

    (summed,) = await DynamoHealthLog(table).list_samples(since=samples[0].minute)
    assert (summed.calls, summed.max_seconds) == (20, 1.25)
