"""Record stores that announce changes of packages, so that no service can forget to.

Each hands all calls to its store; those that change packages return once `announce` has returned, too.
`announce` must not raise: the change is made by then.
"""

from collections.abc import Awaitable, Callable

from registry.domain.accounts import Account
from registry.domain.packages import Change, Package
from registry.domain.releases import Release
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.releases import ReleaseStore

Announce = Callable[[], Awaitable[None]]


class AnnouncingPackages:
    """Implements `PackageStore`."""

    def __init__(self, port: PackageStore, announce: Announce) -> None:
        self._port = port
        self._announce = announce
        self.get = port.get
        self.get_judged = port.get_judged
        self.get_many = port.get_many
        self.find_summaries = port.find_summaries
        self.find_document = port.find_document
        self.list_page = port.list_page
        self.find_version = port.find_version
        self.list_versions = port.list_versions

    async def add(self, package: Package, change: Change) -> None:
        await self._port.add(package, change)
        await self._announce()

    async def replace(self, package: Package, change: Change, *, expected_revision: int) -> None:
        await self._port.replace(package, change, expected_revision=expected_revision)
        await self._announce()

    async def remove(self, package_id: str, change: Change, *, expected_revision: int) -> None:
        await self._port.remove(package_id, change, expected_revision=expected_revision)
        await self._announce()


class AnnouncingReleases:
    """Implements `ReleaseStore`."""

    def __init__(self, port: ReleaseStore, announce: Announce) -> None:
        self._port = port
        self._announce = announce
        self.settle = port.settle

    async def release(self, release: Release) -> None:
        await self._port.release(release)
        await self._announce()


class AnnouncingMaintenance:
    """Implements `RecordMaintenance`."""

    def __init__(self, port: RecordMaintenance, announce: Announce) -> None:
        self._port = port
        self._announce = announce
        self.live_blob_keys = port.live_blob_keys
        self.list_contents = port.list_contents
        self.purge_expired = port.purge_expired
        self.upgrade_listings = port.upgrade_listings
        self.ping = port.ping

    async def reset(self, admin: Account) -> None:
        await self._port.reset(admin)
        await self._announce()
