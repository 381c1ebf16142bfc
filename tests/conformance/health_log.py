"""What every HealthLog does."""

from datetime import timedelta

from registry.ports.health import HealthSample
from tests.conformance.records import RecordBackend, Records
from tests.factories import make_health_sample

FIRST = make_health_sample().minute


class HealthLogContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_samples_of_processes_add_up(self, records: Records, others: Records) -> None:
        await records.health.record([make_health_sample(), make_health_sample(component="blobs")])
        await others.health.record(
            [make_health_sample(calls=10, errors=0, total_seconds=2.25, max_seconds=1.5)]
        )  # fmt: skip

        await records.health.record([make_health_sample(calls=1, errors=0, total_seconds=0.25, max_seconds=0.25)])

        assert list(await records.health.list_samples(since=FIRST)) == [
            make_health_sample(component="blobs"),
            HealthSample(FIRST, "records", calls=15, errors=1, total_seconds=3.0, max_seconds=1.5),
        ]

    async def test_counts_by_time_add_up(self, records: Records, others: Records) -> None:
        await records.health.record([make_health_sample(buckets=(1, 0, 3))])
        await others.health.record([make_health_sample(buckets=(0, 2, 0, 4)), make_health_sample()])
        (sample,) = await records.health.list_samples(since=FIRST)
        assert sample == make_health_sample(calls=12, errors=3, total_seconds=1.5, buckets=(1, 2, 3, 4))

    async def test_the_highest_depth_stays(self, records: Records, others: Records) -> None:
        await records.health.record([make_health_sample(depth=2)])
        await others.health.record([make_health_sample(depth=7)])
        await records.health.record([make_health_sample(depth=3), make_health_sample()])
        (sample,) = await records.health.list_samples(since=FIRST)
        assert sample == make_health_sample(calls=16, errors=4, total_seconds=2.0, depth=7)

    async def test_lists_from_a_minute_on_oldest_first(self, records: Records) -> None:
        minutes = [FIRST + timedelta(minutes=number) for number in (3, 0, 2, 1)]
        await records.health.record([make_health_sample(minute=minute) for minute in minutes])
        await records.health.record([])

        samples = await records.health.list_samples(since=FIRST + timedelta(minutes=1))

        assert [sample.minute for sample in samples] == [FIRST + timedelta(minutes=number) for number in (1, 2, 3)]

    async def test_keeps_a_day_and_drops_the_rest(self, records: Records, backend: RecordBackend) -> None:
        now = backend.clock.now()
        ages = [timedelta(), timedelta(hours=24), timedelta(hours=26)]
        minutes = [(now - age).replace(second=0, microsecond=0) for age in ages]
        await records.health.record([make_health_sample(minute=minute) for minute in minutes])

        await records.maintenance.purge_expired(now)

        samples = await records.health.list_samples(since=now - timedelta(days=9))
        assert [sample.minute for sample in samples] == minutes[1::-1]
