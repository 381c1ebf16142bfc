"""Packages in DynamoDB: a change is one transaction, a read by id one query."""

import asyncio
from collections.abc import Sequence

from registry.adapters.dynamodb import keys, name_keys, records
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.listed_summaries import find_summary
from registry.adapters.dynamodb.listing import Listed, still_wanted, walk
from registry.adapters.dynamodb.package_reading import Found, ReadmeItems, query_package, read_pair
from registry.adapters.dynamodb.package_writing import PackageWriter
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.release_view import read_released
from registry.adapters.dynamodb.relisting import ListingUpgrade
from registry.adapters.dynamodb.scan_requests import read_safety
from registry.domain.listing import Order, PackageFilter
from registry.domain.names import NamedVersion
from registry.domain.packages import Package, PackageType
from registry.domain.verdicts import PackageSafety
from registry.domain.versions import Version
from registry.domain.visibility import absent
from registry.ports.clock import Clock
from registry.ports.packages import PackageDocument, PackageSummary, SummaryPage


class DynamoPackageStore:
    """Implements `PackageStore`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self.readmes = ReadmeItems(table)
        writer = PackageWriter(table, self.readmes, clock=clock)
        self._table = table
        self._listings = ListingUpgrade(table)
        self.names = writer.names
        self.add, self.replace, self.remove = writer.add, writer.replace, writer.remove

    async def get(self, package_id: str) -> Package:
        found = await self._read(package_id)
        if found is None:
            raise absent()
        return records.read_package(*found[:2])

    async def get_judged(self, package_id: str) -> tuple[Package, PackageSafety]:
        found = await self._read(package_id)
        if found is None:
            raise absent()
        record, readme, safety = found
        return records.read_package(record, readme), read_safety(safety)

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        found = await self._find_records(package_ids)
        readmes = await self.readmes.find_many([each for each in found.values() if records.has_readme_item(each)])
        packages: list[Package] = []
        for package_id, record in found.items():
            readme = readmes.get(package_id)
            changed = records.has_readme_item(record) and readme is None
            pair = await self._read(package_id) if changed else (record, readme, None)
            if pair is not None:
                packages.append(records.read_package(*pair[:2]))
        return packages

    async def find_summaries(self, package_ids: Sequence[str]) -> list[PackageSummary]:
        return [records.read_summary(record) for record in (await self._find_records(package_ids)).values()]

    async def find_document(self, package_id: str) -> PackageDocument | None:
        found = await self._read(package_id)
        return None if found is None else records.read_document(*found[:2])

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        """Costs a query for each partition (four of all or of a type, one by name, owner or tag).

        Where entries hold no summary (see `listed_summaries`) there is a BatchGetItem of their records.
        A page may have fewer items than `limit` and still a `next_after`: see `listing`.
        """
        if wanted.order in (Order.NAME, Order.SCORE):
            await self._listings.check_done()
        whole = await self._listings.lists_all()
        listed: list[Listed] = []
        shown: dict[str, PackageSummary] = {}
        next_after: str | None = None

        async def read() -> list[Item]:
            nonlocal listed, shown, next_after
            listed, next_after = await walk(self._table, wanted, limit=limit, after=after, whole=whole)
            summaries = [find_summary(*each) for each in listed]
            shown = {summary.id: summary for summary in summaries if summary is not None}
            return await self._table.batch_get([keys.record_key(each) for each, _ in listed if each not in shown])

        found = {attribute(item, "id"): item for item in await read_released(self._table, read)}
        # The index may be late and a record may have changed since: what the records say counts.
        page = [found[package_id] for package_id, _ in listed if package_id in found]
        current = await still_wanted(self._table, page, wanted)
        shown |= {summary.id: summary for summary in map(records.read_summary, current)}
        return SummaryPage(tuple(shown[each] for each, _ in listed if each in shown), next_after)

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

    async def _read(self, package_id: str) -> Found | None:
        """The record and its README of one write, as a reader sees them, and the package's safety."""
        return await read_pair(
            lambda: read_released(self._table, lambda: query_package(self._table, package_id)),
            self.readmes,
            package_id,
        )

    async def _find_records(self, package_ids: Sequence[str]) -> dict[str, Item]:
        """The records that exist, as readers see them, by id in the order of `package_ids`."""
        wanted = dict.fromkeys(package_ids)
        places = [keys.record_key(package_id) for package_id in wanted]
        items = await read_released(self._table, lambda: self._table.batch_get(places))
        found = {attribute(item, "id"): item for item in items}
        return {package_id: found[package_id] for package_id in wanted if package_id in found}
