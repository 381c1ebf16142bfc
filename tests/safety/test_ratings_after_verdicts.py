"""A new verdict has its package rated again, unless the package's rating has used it already."""

from pathlib import Path

import pytest

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.ratings import SqliteRatingStore
from registry.domain.safety import SafetyStatus
from registry.services.safety.ratings import RatingsAfterVerdicts
from tests.factories import make_change, make_rating
from tests.safety.conftest import World


class Jobs:
    def __init__(self) -> None:
        self.put_for: list[str] = []

    async def put(self, package_id: str, *, user: str) -> None:
        self.put_for.append(package_id)


@pytest.mark.parametrize(
    ("revision", "summary", "again"),
    [
        (1, b'{"safety":"clean"}', False),
        (1, b'{"safety":"suspicious"}', True),
        (1, b'{"safety":null}', True),
        (1, b"{}", True),
        (2, b'{"safety":"clean"}', True),
    ],
)
async def test_only_a_rating_that_used_the_verdict_stands(
    world: World, tmp_path: Path, *, revision: int, summary: bytes, again: bool
) -> None:
    database, jobs = await SqliteDatabase.open(tmp_path / "registry.db"), Jobs()
    ratings, now = SqliteRatingStore(database), world.clock.now()
    package = await world.publish()
    lease = await ratings.lease(package.id, token="t", now=now, until=now)
    assert lease is not None
    rating = make_rating(package.id, revision=revision, summary=summary)
    assert await ratings.finish(lease, rating, b"{}", make_change(package.id))

    after = RatingsAfterVerdicts(world.stores.verdicts, ratings, jobs, lambda *_: None, clock=world.clock)
    await after.begin(package, SafetyStatus.CLEAN, "ann")
    await database.close()
    assert jobs.put_for == ([package.id] if again else [])


async def test_a_package_without_a_rating_has_one_request(world: World, tmp_path: Path) -> None:
    database, jobs = await SqliteDatabase.open(tmp_path / "registry.db"), Jobs()
    ratings = SqliteRatingStore(database)
    package = await world.publish()
    after = RatingsAfterVerdicts(world.stores.verdicts, ratings, jobs, lambda *_: None, clock=world.clock)
    await after.begin(package, SafetyStatus.CLEAN, "ann")
    assert [each.package_id for each in await ratings.list_due(world.clock.now(), limit=9)] == [package.id]
    await database.close()
