"""Old packages after an upgrade: rated by the new formula, and scanned where they never were."""

from pathlib import Path

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.ratings import SqliteRatingStore
from registry.adapters.sqlite.upgrades import SqliteUpgradeStore
from registry.domain.packages import Package, PackageStatus
from registry.domain.ratings import FORMULA_VERSION
from registry.domain.receipts import RECEIPT_FORM
from registry.domain.verdicts import PackageSafety, SafetyPolicy
from registry.services.maintenance.refreshing import Refreshing, RefreshStores
from tests.factories import make_change, make_rating
from tests.safety.conftest import World


async def rated(ratings: SqliteRatingStore, world: World, package: Package, formula: str) -> None:
    now = world.clock.now()
    lease = await ratings.lease(package.id, token="t", now=now, until=now)
    assert lease is not None
    body = f'{{"formula_version":"{formula}"}}'.encode()
    receipt = f'{{"form":{RECEIPT_FORM}}}'.encode()
    assert await ratings.finish(lease, make_rating(package.id, body=body), receipt, make_change(package.id))


async def due(ratings: SqliteRatingStore, world: World) -> list[str]:
    return [each.package_id for each in await ratings.list_due(world.clock.now(), limit=100)]


async def walked(refreshing: Refreshing) -> int:
    steps = 0
    while await refreshing.step():
        steps += 1
    return steps


async def test_old_packages_are_rated_and_scanned_once(world: World, tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "registry.db")
    ratings, upgrades = SqliteRatingStore(database), SqliteUpgradeStore(database)
    stores = RefreshStores(world.stores.packages, ratings, world.stores.requests, upgrades)

    def refreshing(policy: SafetyPolicy | None = None) -> Refreshing:
        return Refreshing(stores, policy=policy or SafetyPolicy(), clock=world.clock, pause_seconds=0)

    packages = [await world.publish() for _ in range(45)]
    old, new = packages[0], packages[-1]
    pending = await world.publish(status=PackageStatus.PENDING, content=None)
    for package in packages:
        await rated(ratings, world, package, "1" if package is old else FORMULA_VERSION)
        await world.applying.perform(package.id)
    await database.write(
        lambda connection: connection.execute("DELETE FROM scan_requests WHERE package_id = ?", (old.id,))
    )
    assert await world.safety(old) == PackageSafety()

    assert await walked(refreshing()) == 2
    assert await due(ratings, world) == [old.id]
    assert await world.stores.requests.count_open() == 1
    assert (await world.safety(old)).due_at is not None
    assert await world.safety(pending) == PackageSafety()

    await world.applying.perform(old.id)
    assert await walked(refreshing()) == 0
    assert await world.stores.requests.count_open() == 0
    # Another policy is applied to the verdicts that are there.
    assert await walked(refreshing(SafetyPolicy(refuse_unscanned=True))) == 2
    assert (await world.safety(new)).due_at is not None
    assert await due(ratings, world) == [old.id]
    await database.close()
