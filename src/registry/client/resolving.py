"""From what a person writes for a package to the package, and what to say where there is none."""

import difflib
import re
import uuid
from collections.abc import AsyncIterator
from typing import Protocol

from registry.client.errors import AmbiguousReference, ClientError, NotFound, Problem
from registry.client.models import FoundPackage, Package
from registry.client.paging import first
from registry.domain.names import ALIAS_PATTERN
from registry.domain.packages import PackageStatus
from registry.domain.versions import Version, split_reference

ID_PATTERN = re.compile(r"[A-Za-z0-9-]{1,64}")
_WORD = re.compile(r"\w+")
_BY_USE = (
    PackageStatus.ACTIVE,
    PackageStatus.DEPRECATED,
    PackageStatus.PENDING,
    PackageStatus.QUARANTINED,
    PackageStatus.FAILED,
)
_MOST_LOOKED_AT = 50
_MOST_NAMED = 5


class Packages(Protocol):
    """What a reference is looked up in; `RegistryClient` says what each does."""

    async def get(self, package_id: str, /) -> Package: ...

    def packages(
        self,
        *,
        type: str | None = None,  # noqa: A002
        status: str | None = None,
        name: str | None = None,
        version: str | None = None,
    ) -> AsyncIterator[Package]: ...

    def search(
        self,
        words: str,
        /,
        *,
        type: str | None = None,  # noqa: A002
        page_size: int = ...,
    ) -> AsyncIterator[FoundPackage]: ...


async def resolve(client: Packages, reference: str, *, type: str | None) -> Package:  # noqa: A002
    """As `RegistryClient.resolve` says."""
    if _is_uuid(reference):
        try:
            return await client.get(reference)
        except NotFound:
            pass  # names may look like ids
    name, version = split_reference(reference)
    for status in _BY_USE:
        found = [package async for package in client.packages(type=type, status=status, name=name, version=version)]
        if found:
            return await client.get(_highest(found, reference).id)
    name, _, alias = reference.rpartition("@")
    if name and ALIAS_PATTERN.fullmatch(alias):
        try:
            found = [package async for package in client.packages(type=type, name=name, version=alias)]
        except NotFound:
            found = []
        if found:
            return await client.get(_highest(found, reference).id)
    if ID_PATTERN.fullmatch(reference) and not _is_uuid(reference):
        try:
            return await client.get(reference)
        except NotFound:
            pass
    raise NotFound(Problem(404, "not-found", "There is nothing here", await explain_missing(client, reference, type)))


async def explain_missing(client: Packages, reference: str, kind: str | None) -> str:
    """What is wrong with a reference that leads nowhere, and what there is instead."""
    if _is_uuid(reference):
        return f"No package has the id {reference}."
    name, _, version = reference.rpartition("@")
    if name and (there := await _versions(client, name, kind)):
        return f"{name} has no version {version!r}. It has {_enumerated(there)}."
    name = split_reference(reference)[0]
    if kind is not None and (others := await _types(client, name)):
        return f"No {kind} {name!r}. There is a {' and a '.join(others)} of that name."
    text = f"No {kind or 'package'} {name!r}."
    similar = await _similar(client, name, kind)
    return f"{text} Did you mean {' or '.join(map(repr, similar))}?" if similar else text


async def _versions(client: Packages, name: str, kind: str | None) -> list[str]:
    """The versions of a name, the highest first."""
    found = {
        Version.parse(package.version)
        for status in _BY_USE[:2]
        async for package in client.packages(type=kind, status=status, name=name)
    }
    return [str(version) for version in sorted(found, reverse=True)]


async def _types(client: Packages, name: str) -> list[str]:
    return sorted({package.type async for package in client.packages(name=name)})


async def _similar(client: Packages, name: str, kind: str | None) -> list[str]:
    """Names that somebody may have meant: alike as a whole, or the same after the slash."""
    words = " ".join(_WORD.findall(name))
    if not words:
        return []
    try:
        found = client.search(words, type=kind, page_size=_MOST_LOOKED_AT)
        names = list(dict.fromkeys([each.package.name async for each in first(found, _MOST_LOOKED_AT)]))
    except ClientError:
        return []  # the error that is being explained counts more than a search that fails
    folded = {each.lower(): each for each in names}
    alike = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    last = [each for each in folded if each.rpartition("/")[2] == name.lower().rpartition("/")[2]]
    return [folded[each] for each in dict.fromkeys([*last, *alike])][:3]


def _enumerated(versions: list[str]) -> str:
    more = len(versions) - _MOST_NAMED
    return ", ".join(versions[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _rank(version: Version) -> tuple[bool, Version]:
    return not version.prerelease, version


def _highest(packages: list[Package], reference: str) -> Package:
    best = max(packages, key=lambda package: _rank(Version.parse(package.version)))
    types = sorted({package.type for package in packages if package.version == best.version})
    if len(types) > 1:
        raise AmbiguousReference(f"{reference} is a {' and a '.join(types)}; give the type or the id")
    return best
