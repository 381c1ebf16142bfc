"""What every PackageStore does when several want the same at once, or stop wanting it."""

import asyncio
from dataclasses import replace

from registry.domain.errors import AlreadyAnswered, NotFound, PackageExists, RevisionConflict
from registry.domain.listing import PackageFilter
from tests.conformance.package_listing import walk
from tests.conformance.package_store import add
from tests.conformance.records import Records
from tests.factories import ids, make_change, make_idempotency_record, make_package

RACERS = 12


class PackageRacesContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_one_of_many_adds_wins(self, records: Records, others: Records) -> None:
        rivals = [make_package(name="bert", version="1.0.0") for _ in range(RACERS)]

        outcomes = await asyncio.gather(
            *(
                (records, others)[number % 2].packages.add(rival, make_change(rival.id))
                for number, rival in enumerate(rivals)
            ),
            return_exceptions=True,
        )

        winners = [rival for rival, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
        assert len(winners) == 1
        existing = {outcome.existing_id for outcome in outcomes if isinstance(outcome, PackageExists)}
        assert existing == {winners[0].id}
        assert len([outcome for outcome in outcomes if isinstance(outcome, PackageExists)]) == RACERS - 1
        assert await records.packages.get_many(ids(rivals)) == winners
        assert ids(await walk(others, PackageFilter(), limit=5)) == ids(winners)

    async def test_one_of_many_replaces_wins(self, records: Records, others: Records) -> None:
        package = await add(records)
        rivals = [replace(package, revision=2, description=f"rival {number}") for number in range(RACERS)]

        outcomes = await asyncio.gather(
            *(
                (records, others)[number % 2].packages.replace(rival, make_change(rival.id), expected_revision=1)
                for number, rival in enumerate(rivals)
            ),
            return_exceptions=True,
        )

        winners = [rival for rival, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
        assert len(winners) == 1
        assert len([outcome for outcome in outcomes if isinstance(outcome, RevisionConflict)]) == RACERS - 1
        assert await records.packages.get(package.id) == winners[0]
        assert len(await records.audit.list_entries(package.id, limit=50, after=None)) == 2

    async def test_one_of_many_removes_wins(self, records: Records, others: Records) -> None:
        package = await add(records)

        outcomes = await asyncio.gather(
            *(
                (records, others)[number % 2].packages.remove(package.id, make_change(package.id), expected_revision=1)
                for number in range(RACERS)
            ),
            return_exceptions=True,
        )

        assert outcomes.count(None) == 1
        assert len([outcome for outcome in outcomes if isinstance(outcome, NotFound)]) == RACERS - 1

    async def test_one_answer_for_one_key(self, records: Records, others: Records) -> None:
        answer = make_idempotency_record()
        rivals = [make_package() for _ in range(RACERS)]

        outcomes = await asyncio.gather(
            *(
                (records, others)[number % 2].packages.add(
                    rival, make_change(rival.id, idempotency=replace(answer, response=rival.id.encode()))
                )
                for number, rival in enumerate(rivals)
            ),
            return_exceptions=True,
        )

        winners = [rival for rival, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
        assert len(winners) == 1
        assert len([outcome for outcome in outcomes if isinstance(outcome, AlreadyAnswered)]) == RACERS - 1
        kept = await records.idempotency.find(answer.key)
        assert kept is not None
        assert kept.response == winners[0].id.encode()
        assert ids(await walk(records, PackageFilter(), limit=5)) == ids(winners)

    async def test_cancelled_adds_are_done_whole_or_not_at_all(self, records: Records) -> None:
        packages = [make_package(tags=("a",)) for _ in range(20)]
        answers = {package.id: make_idempotency_record() for package in packages}
        tasks = [
            asyncio.ensure_future(
                records.packages.add(package, make_change(package.id, idempotency=answers[package.id]))
            )
            for package in packages
        ]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        last = await add(records, tags=("a",))

        assert outcomes[1::2] == [None] * 10
        listed = set(ids(await walk(records, PackageFilter(tag="a"), limit=50)))
        assert set(ids([*packages[1::2], last])) <= listed
        for package in packages:
            there = package.id in listed
            assert (await records.packages.find_document(package.id) is not None) == there
            assert (await records.idempotency.find(answers[package.id].key) is not None) == there
            assert len(await records.audit.list_entries(package.id, limit=5, after=None)) == int(there)

    async def test_one_failure_leaves_its_neighbours_alone(self, records: Records) -> None:
        first = await add(records, name="bert", version="1.0.0")
        good = [make_package() for _ in range(10)]
        bad = [make_package(name="bert", version="1.0.0") for _ in range(10)]

        outcomes = await asyncio.gather(
            *(
                records.packages.add(package, make_change(package.id))
                for pair in zip(good, bad, strict=True)
                for package in pair
            ),
            return_exceptions=True,
        )

        assert outcomes[::2] == [None] * 10
        assert all(isinstance(outcome, PackageExists) for outcome in outcomes[1::2])
        assert await records.packages.get_many(ids([*bad, *good, first])) == [*good, first]
