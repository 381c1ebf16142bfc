"""What a reset or a sweep meets in practice: its own end, and writers that do not stop for it."""

import asyncio
from datetime import timedelta

import pytest

from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.answers import DynamoAnswerStore
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.health import DynamoHealthLog
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.domain.errors import NotFound
from tests.dynamodb.samples import change, package
from tests.factories import ManualClock, make_account, make_answer, make_health_sample


class CutOff(Exception):
    """The process ended here."""


async def test_a_reset_that_was_cut_off_is_finished_by_the_next_sweep(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, admin = package(), make_account(name="admin")
    await packages.add(published, change(published))
    maintenance = DynamoRecordMaintenance(table, clock=clock)

    async def end_there(self: DynamoRecordMaintenance) -> int:
        raise CutOff

    with monkeypatch.context() as patched:
        patched.setattr(DynamoRecordMaintenance, "_drop_all", end_there)
        with pytest.raises(CutOff):
            await maintenance.reset(admin)

    await maintenance.purge_expired(clock.now())

    with pytest.raises(NotFound):
        await packages.get(published.id)
    assert await DynamoAccountStore(table).list_accounts(limit=5, after=None) == [admin]


async def test_a_sweep_spares_an_answer_that_was_kept_anew_since_it_looked(
    table: DynamoTable, packages: DynamoPackageStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = package(version="1.0.0"), package(version="2.0.0")
    await packages.add(first, change(first, make_answer(key="key", expires_at=clock.now() + timedelta(minutes=1))))
    clock.advance(timedelta(hours=1))
    renewed = make_answer(key="key", expires_at=clock.now() + timedelta(hours=1))
    drop = DynamoRecordMaintenance._drop_expired

    async def drop_after_a_write(self: DynamoRecordMaintenance, key: Item, values: Item) -> bool:
        await packages.add(second, change(second, renewed))
        return await drop(self, key, values)

    monkeypatch.setattr(DynamoRecordMaintenance, "_drop_expired", drop_after_a_write)

    assert await DynamoRecordMaintenance(table, clock=clock).purge_expired(clock.now()) == 0
    assert await DynamoAnswerStore(table, clock=clock).find_answer("key") == renewed


async def test_the_longest_call_of_a_minute_wins_whoever_comes_last(table: DynamoTable) -> None:
    samples = [make_health_sample(max_seconds=seconds) for seconds in (0.25, 0.75, 0.5, 1.25, 1.0)]

    await asyncio.gather(*(DynamoHealthLog(table).record([sample]) for sample in samples))

    (summed,) = await DynamoHealthLog(table).list_samples(since=samples[0].minute)
    assert (summed.calls, summed.max_seconds) == (20, 1.25)
