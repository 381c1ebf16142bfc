"""From a repository and a revision to the package that is served."""

import asyncio
import re
from dataclasses import dataclass

from registry.domain.accounts import Caller
from registry.domain.errors import InvalidInput, NotFound, RevisionNotFound
from registry.domain.names import LATEST, NamedVersion, NameView, not_owner
from registry.domain.packages import Content, Package, PackageStatus, PackageType
from registry.domain.repositories import COMMIT_PATTERN, MAIN, commit_of, main_of, package_of
from registry.domain.serving_errors import BeingFetched, ScoreTooLow
from registry.domain.verdicts import PackageSafety
from registry.domain.versions import Version
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore
from registry.ports.ratings import RatingSummary
from registry.services.hub.pulling import PullThrough
from registry.services.hub.readiness import Readiness
from registry.services.packages.catalog import Catalog
from registry.services.packages.retrieval import FindRating, Retrieval, Servable
from registry.services.ratings.rating_once import RatingOnce
from registry.services.ratings.ratings import Ratings

KINDS = (PackageType.MODEL, PackageType.DATASET)
_ID_PATTERN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATIENCE_SECONDS = 8.0
"""Clients give up on metadata after ten seconds."""
_LOOK_SECONDS = (0.1, 1.0)
"""How long a waiting request sleeps between looks at the store: first, and at most."""
_MOST_VERSIONS = 1_000
"""So many of a name's versions, the newest, are listed as commits and tags."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A package that may be served, as the commit that it is."""

    servable: Servable
    commit: str
    view: NameView | None
    """The name with the versions that the caller sees, where the revision was found by it."""
    find_rating: FindRating

    @property
    def package(self) -> Package:
        return self.servable.package

    @property
    def content(self) -> Content:
        return self.servable.content

    @property
    def warnings(self) -> list[str]:
        """What clients should show to their users."""
        package = self.package
        name = f"{package.type.value} {package.name} {package.version}"
        found = [f"{name}: {waiver}" for waiver in self.servable.waivers]
        if package.status is PackageStatus.DEPRECATED:
            reason = f": {package.status_reason}" if package.status_reason else ""
            found.append(f"{name} is deprecated{reason}.")
        return found


@dataclass(frozen=True, slots=True)
class Repository:
    """A name with the versions that a caller sees, newest first, and their packages as far as they are offered."""

    view: NameView
    packages: tuple[Package, ...]


class Repositories:
    """`min_score` (0.0–1.0): packages whose net score may be lower are not served."""

    def __init__(
        self,
        packages: PackageStore,
        names: NameStore,
        *,
        catalog: Catalog,
        retrieval: Retrieval,
        ratings: Ratings,
        min_score: float,
        pull_through: PullThrough | None = None,
    ) -> None:
        self._packages = packages
        self._names = names
        self._catalog = catalog
        self._retrieval = retrieval
        self._ratings = ratings
        self._min_score = min_score
        self._pull_through = pull_through
        self._readiness = Readiness()

    async def open(self, kind: PackageType, name: str, revision: str, caller: Caller) -> Revision:
        """What a revision of a repository leads to, for a caller who may have it. By a commit it costs one read.

        What is pulled through is waited for, for as long as clients wait for an answer.

        Raises NotFound for a repository that does not exist for the caller, RevisionNotFound, Quarantined,
        NotScannedYet, BeingFetched, PolicyRefused, ScoreTooLow, ContentUnavailable; and SourceFailed.
        """
        try:
            return await self._open_soon(kind, name, revision, caller)
        except NotFound:
            pulled = await self._pull(kind, name, revision, caller)
            if pulled is None:
                raise
        return await self._open_soon(kind, name, pulled, caller)

    async def _pull(self, kind: PackageType, name: str, revision: str, caller: Caller) -> str | None:
        if self._pull_through is None or kind not in KINDS or not caller.may_name(name):
            return None
        return await self._pull_through.pull(kind, name, revision)

    async def _open_soon(self, kind: PackageType, name: str, revision: str, caller: Caller) -> Revision:
        loop = asyncio.get_running_loop()
        ends_at, (pause, most) = loop.time() + _PATIENCE_SECONDS, _LOOK_SECONDS
        while True:
            try:
                return await self._open(kind, name, revision, caller)
            except BeingFetched:
                if loop.time() + pause > ends_at:
                    raise
            await asyncio.sleep(pause)
            pause = min(most, pause * 1.5)

    async def _open(self, kind: PackageType, name: str, revision: str, caller: Caller) -> Revision:
        package, safety, view = await self._find(kind, name, revision, caller)
        find_rating = RatingOnce(self._ratings, package)
        await self._readiness.check(package, safety, find_rating)
        servable = await self._retrieval.check_served(package, safety, caller, find_rating=find_rating)
        if self._min_score > 0:
            self._check_score(package, await find_rating())
        return Revision(servable, commit_of(package), view, find_rating)

    async def view_of(self, revision: Revision, caller: Caller) -> NameView:
        """The name of a revision that was opened for the caller. Raises NotFound."""
        package = revision.package
        return revision.view or await self.find_view(package.type, package.name, caller)

    async def describe(self, kind: PackageType, name: str, caller: Caller) -> Repository:
        """The repository with its versions, those of no use to the caller left out. Raises NotFound."""
        view = await self.find_view(kind, name, caller)
        offered = [named.id for named in view.versions if named.status.is_offered][:_MOST_VERSIONS]
        return Repository(view, tuple(await self._packages.get_many(offered) if offered else ()))

    async def check_owner(self, kind: PackageType, name: str, caller: Caller) -> None:
        """Whether the caller may publish versions of a repository that is there. Raises NotFound, PermissionDenied."""
        view = await self.find_view(kind, name, caller)
        if not caller.is_admin and not view.name.is_owned_by(caller.principal):
            raise not_owner(name)

    def _check_score(self, package: Package, rating: RatingSummary | None) -> None:
        bounds = rating.net_score_range if rating else None
        if bounds is None:
            raise ScoreTooLow(
                f"{package.name} {package.version} has no net score yet, and this registry serves no package below "
                f"{self._min_score:g}."
            )
        low, high = bounds
        if low < self._min_score:
            raise ScoreTooLow(
                f"The net score of {package.name} {package.version} is between {low:g} and {high:g}, and this "
                f"registry serves no package that may be below {self._min_score:g}."
            )

    async def _find(
        self, kind: PackageType, name: str, revision: str, caller: Caller
    ) -> tuple[Package, PackageSafety, NameView | None]:
        if COMMIT_PATTERN.fullmatch(revision):
            found = await self._judged(package_of(revision), kind, name, caller)
            if found is not None and commit_of(found[0]) == revision:
                return *found, None
            await self.find_view(kind, name, caller)
            if found is not None:
                version = found[0].version
                raise RevisionNotFound(f"The files of {name} {version} were replaced after commit {revision}.")
            raise _no_revision(name, revision)
        if _ID_PATTERN.fullmatch(revision):
            view, found = None, await self._judged(revision, kind, name, caller)
        else:
            view = await self.find_view(kind, name, caller)
            found = await self._judged(_named(view, revision).id, kind, name, caller)
        if found is None:
            await self.find_view(kind, name, caller)
            raise _no_revision(name, revision)
        return *found, view

    async def _judged(
        self, package_id: str, kind: PackageType, name: str, caller: Caller
    ) -> tuple[Package, PackageSafety] | None:
        """The package where it is one of this repository and the caller sees it; one in quarantine, too."""
        try:
            found = await self._catalog.get_judged(package_id, caller, quarantined=True)
        except NotFound:
            return None
        return found if (found[0].type, found[0].name) == (kind, name) else None

    async def find_view(self, kind: PackageType, name: str, caller: Caller) -> NameView:
        """The name with the versions that the caller sees, or hears the reason about why not. Raises NotFound."""
        view = await self._names.find_view(kind, name) if kind in KINDS and caller.may_name(name) else None
        if view is not None and not caller.is_admin and not view.name.is_owned_by(caller.principal):
            view = view.without_drafts() if view.name.is_seen_by(caller.principal) else None
        if view is None or not view.versions:
            raise NotFound(f"There is no {kind.value} {name} in this registry that you may see.")
        return view


def _named(view: NameView, revision: str) -> NamedVersion:
    """What `main`, an alias or a version means. Raises RevisionNotFound."""
    found: NamedVersion | None
    if revision in (MAIN, LATEST):
        found = main_of(view.versions)
    else:
        text = view.name.aliases.get(revision, revision)
        try:
            found = view.find(Version.parse(text))
        except InvalidInput:
            found = None
    if found is None:
        raise _no_revision(view.name.name, revision)
    return found


def _no_revision(name: str, revision: str) -> RevisionNotFound:
    return RevisionNotFound(
        f"{name} has no revision {revision[:100]!r}. A revision is main, an alias, a version, a package id or a commit."
    )
