"""Names: their owners, versions and aliases; namespaces; releases."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote

from registry.client.models import Document, score_range
from registry.client.transport import Transport, read


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a name. `net_score` (0.0–1.0), with the range that it lies in, is None while there is no rating."""

    id: str
    version: str
    status: str
    created_at: str
    net_score: float | None
    net_score_range: tuple[float, float] | None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["id"],
            members["version"],
            members["status"],
            members["created_at"],
            members["net_score"],
            score_range(members),
            members,
        )


@dataclass(frozen=True, slots=True)
class Name:
    """A name with its newest versions. Give `etag` to a change, so that it is refused if others were first."""

    type: str
    name: str
    owners: tuple[str, ...]
    visibility: str
    latest: str | None
    versions: tuple[Version, ...]
    aliases: Mapping[str, str]
    downloads: int
    etag: str | None = None
    next_cursor: str | None = None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document, *, etag: str | None = None) -> Self:
        latest = members["latest"]
        return cls(
            members["type"],
            members["name"],
            tuple(members["owners"]),
            members["visibility"],
            None if latest is None else latest["version"],
            tuple(map(Version.from_json, members["versions"])),
            members["aliases"],
            members["downloads"],
            etag,
            members["next_cursor"],
            members,
        )


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias of a name, and the version that it leads to."""

    alias: str
    version: str
    id: str
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(members["alias"], members["version"], members["id"], members)


@dataclass(frozen=True, slots=True)
class Release:
    """What a release did. Of a dry run: whether it is `possible`, and by id (or `type/name`) what stands against it."""

    possible: bool
    reasons: Mapping[str, str]
    packages: tuple[Document, ...]
    aliases: Mapping[str, Mapping[str, str]]
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members.get("possible", True),
            members.get("reasons", {}),
            tuple(members.get("packages", ())),
            members.get("aliases", {}),
            members,
        )


class Names:
    """`client.names`. Every method raises NotSignedIn, NotAllowed, NotFound, Unreachable; further errors are named."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, type: str, name: str, *, cursor: str | None = None) -> Name:  # noqa: A002 – the field's name
        """The name with its newest versions, or the next of them."""
        params = {} if cursor is None else {"cursor": cursor}
        response = await self._transport.call("GET", _path(type, name), params=params)
        return read(response, lambda members: Name.from_json(members, etag=response.headers.get("ETag")))

    async def set_owners(self, type: str, name: str, owners: Iterable[str], *, etag: str | None = None) -> Name:  # noqa: A002
        """Give the name exactly these owners.

        Raises InvalidRequest, Conflict for an empty list, and PreconditionFailed when the name changed since `etag`.
        """
        response = await self._transport.call(
            "PUT", f"{_path(type, name)}/owners", json={"owners": list(owners)}, headers=_if_match(etag)
        )
        return read(response, Name.from_json)

    async def set_alias(self, type: str, name: str, alias: str, version: str, *, etag: str | None = None) -> Alias:  # noqa: A002
        """Have the alias lead to a version.

        Raises InvalidRequest, Conflict for a draft, and PreconditionFailed when the name changed since `etag`.
        """
        response = await self._transport.call(
            "PUT", _alias(type, name, alias), json={"version": version}, headers=_if_match(etag)
        )
        return read(response, Alias.from_json)

    async def unset_alias(self, type: str, name: str, alias: str, *, etag: str | None = None) -> None:  # noqa: A002
        """Drop the alias. Raises InvalidRequest, and PreconditionFailed when the name changed since `etag`."""
        await self._transport.call("DELETE", _alias(type, name, alias), headers=_if_match(etag))

    async def release(
        self,
        package_ids: Iterable[str],
        *,
        aliases: Mapping[str, Mapping[str, str]] | None = None,
        dry_run: bool = False,
    ) -> Release:
        """Make drafts active and move aliases (by `type/name`), all at once. Raises Conflict, InvalidRequest.

        With `dry_run` nothing changes.
        """
        body = {"packages": list(package_ids), "aliases": dict(aliases or {})}
        params = {"dry_run": "true"} if dry_run else {}
        return read(await self._transport.call("POST", "/releases", json=body, params=params), Release.from_json)


def _path(type_: str, name: str) -> str:
    return f"/names/{quote(type_, safe='')}/{quote(name, safe='/')}"


def _alias(type_: str, name: str, alias: str) -> str:
    return f"{_path(type_, name)}/aliases/{quote(alias, safe='')}"


def _if_match(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": etag}
