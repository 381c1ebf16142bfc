"""Fetching what is not here from the Hugging Face Hub, at the revision that a client asks for.

A commit of the Hub becomes one version of a package, whose number is made from the commit. So however many processes of
however many hosts are asked at once, one of them adds the record, and its ingest has one lease.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from registry.domain.accounts import Caller
from registry.domain.errors import PackageExists
from registry.domain.names import namespace_of
from registry.domain.packages import Package, PackageType
from registry.domain.recent import Recent
from registry.domain.repositories import COMMIT_PATTERN, REPOSITORY_PATTERN
from registry.domain.versions import Version
from registry.ports.hub_commits import HubCommit, HubCommits
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore
from registry.services.hub.puller import Puller
from registry.services.ingest.ingest import Ingest
from registry.services.packages.intake import Metadata
from registry.services.packages.publishing import Publishing

_log = structlog.get_logger(__name__)
_HUB = "https://huggingface.co/"
_REQUEST = "hub."
_ABSENT_SECONDS = 60.0
"""So long a process remembers that the Hub does not have something."""
_MOST_KEPT = 10_000


def is_pulled(package: Package) -> bool:
    """Whether the package was pulled through: it is served once it has been scanned and rated."""
    return package.version.build.startswith(_REQUEST) and (package.source_url or "").startswith(_HUB)


def version_of(commit: HubCommit) -> Version:
    """The number of a commit's package: those of one repository rise with the time of the commit."""
    at = commit.changed_at
    number = f"0.{at:%Y%m%d}.{int(f'{at:%H%M%S}')}"
    return Version.parse(f"{number}+{_REQUEST}{commit.sha}")


class PullThrough:
    """Names and namespaces that somebody else owns here are left alone: what the Hub has under them is not theirs."""

    def __init__(
        self,
        commits: HubCommits,
        packages: PackageStore,
        names: NameStore,
        puller: Puller,
        publishing: Publishing,
        ingest: Ingest,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._commits = commits
        self._packages = packages
        self._names = names
        self._puller = puller
        self._publishing = publishing
        self._ingest = ingest
        self._monotonic = monotonic
        self._absent = Recent[tuple[PackageType, str, str], float](_MOST_KEPT)
        self._asking: dict[tuple[PackageType, str, str], asyncio.Task[str | None]] = {}

    async def pull(self, kind: PackageType, name: str, revision: str) -> str | None:
        """The id of the package that the revision is here; its fetch has begun where it was not there.

        None where the Hub has no such revision, or the name is not for pulling. Raises SourceFailed, Unavailable.
        """
        key = (kind, name, revision)
        if not REPOSITORY_PATTERN.fullmatch(name) or (self._absent.get(key) or 0.0) > self._monotonic():
            return None
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._pull(kind, name, revision))
            asking.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(asking)

    def _forget(self, key: tuple[PackageType, str, str], done: "asyncio.Task[str | None]") -> None:
        del self._asking[key]
        if not done.cancelled():
            done.exception()  # those who wait hear of it, where there still are any

    async def _pull(self, kind: PackageType, name: str, revision: str) -> str | None:
        owner = await self._puller.caller()
        if not await self._is_for_pulling(kind, name, owner):
            return None
        if COMMIT_PATTERN.fullmatch(revision) and (known := await self._find(kind, name, revision)) is not None:
            return known
        commit = await self._commits.find(kind, name, revision)
        if commit is None:
            self._remember_absent((kind, name, revision))
            return None
        return await self._find(kind, name, commit.sha) or await self._begin(kind, name, commit, owner)

    async def _begin(self, kind: PackageType, name: str, commit: HubCommit, owner: Caller) -> str:
        folder = "datasets/" if kind is PackageType.DATASET else ""
        source_url = f"{_HUB}{folder}{name}/tree/{commit.sha}"
        metadata = Metadata(name=name, version=version_of(commit), type=kind, source_url=source_url)
        try:
            package = await self._publishing.publish(owner, metadata, None)
        except PackageExists as error:
            return error.existing_id
        assert isinstance(package, Package)  # noqa: S101  (only a request with an idempotency key is repeated)
        _log.info("pull_through_began", package_id=package.id, name=name, commit=commit.sha)
        self._ingest.start(package.id, owner.name)
        return package.id

    async def _find(self, kind: PackageType, name: str, sha: str) -> str | None:
        """The package of a commit that was pulled before: then the Hub need not be there."""
        versions = (await self._packages.list_versions([name])).get(name, [])
        wanted = f"{_REQUEST}{sha}"
        return next((each.id for each in versions if each.type is kind and each.version.build == wanted), None)

    async def _is_for_pulling(self, kind: PackageType, name: str, owner: Caller) -> bool:
        known = await self._names.find(kind, name)
        if known is not None:
            return known.is_owned_by(owner.principal)
        space = namespace_of(name)
        namespace = await self._names.find_namespace(space) if space else None
        return namespace is None or owner.principal in namespace.owners

    def _remember_absent(self, key: tuple[PackageType, str, str]) -> None:
        self._absent.put(key, self._monotonic() + _ABSENT_SECONDS)
