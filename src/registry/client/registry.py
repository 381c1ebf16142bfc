"""The client itself."""

import os
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from registry.client.audit import AuditLog
from registry.client.checking import check_new_package
from registry.client.checks import Checks
from registry.client.dependencies import Cost, Lineage
from registry.client.downloads import download_content
from registry.client.errors import Conflict, NotFound, Problem
from registry.client.files import Files
from registry.client.folders import packed
from registry.client.models import AuditEntry, FoundPackage, NewPackage, Package
from registry.client.multipart import FileDigest, PackageForm
from registry.client.names import Names
from registry.client.paging import walk
from registry.client.progress import Progress, silent
from registry.client.ratings import Ratings
from registry.client.resolving import ID_PATTERN, resolve
from registry.client.safety import Safety
from registry.client.session import Session
from registry.client.tokens import Tokens
from registry.client.transfers import Transfers
from registry.client.transport import Parameters, Retries, Transport, read
from registry.client.uploads import PartsUpload
from registry.client.users import Users
from registry.client.webhooks import Webhooks

_MERGE_PATCH = "application/merge-patch+json"


class RegistryClient(Session):
    """Speaks to one registry. An async context manager; one client may serve many tasks at once.

    `token` is an API token, or what `login` gave, now or earlier. `timeout_seconds` bounds each wait for the network
    (connecting, the next bytes, an answer), not a whole transfer. Methods raise the errors of `registry.client.errors`.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        timeout_seconds: float = 60.0,
        retries: Retries | None = None,
        transfers: Transfers | None = None,
    ) -> None:
        """Raises ValueError when `base_url` is no http(s) address. Nothing is sent yet."""
        super().__init__(
            Transport(base_url, token=token, timeout_seconds=timeout_seconds, retries=retries or Retries())
        )
        self._transfers = transfers or Transfers()
        self.users = Users(self._transport)
        self.tokens = Tokens(self._transport)
        self.names = Names(self._transport)
        self.ratings = Ratings(self._transport, _path)
        self.audit_log = AuditLog(self._transport)
        self.safety = Safety(self._transport, _path)
        self.files = Files(self._transport, _path, self._transfers)
        self.webhooks = Webhooks(self._transport)
        self.checks = Checks(self._transport)

    def packages(
        self,
        *,
        type: str | None = None,  # noqa: A002 – the field's name
        status: str | None = None,
        name: str | None = None,
        version: str | None = None,
        tag: str | None = None,
        owner: str | None = None,
        min_net_score: float | None = None,
        order: str | None = None,
        ratings: bool = False,
        page_size: int = 200,
    ) -> AsyncIterator[Package]:
        """Every package that fits, newest first, page by page as they are wanted.

        `order` is `-created` (newest first), `created` (oldest first), `name`, `score` (highest first, by the lower end
        of the score's range), or `downloads` (the 1,000 most downloaded of 30 days).

        `version` is exact (`1.2.3`), bounded (`1.2.3-2.1.0`), tilde (`~1.2.0`) or caret (`^1.2.0`). Without `status`
        the registry lists active packages. `min_net_score` (0.0–1.0) leaves out what may be rated lower, by the lower
        end of the range, or is not rated at all. With `ratings` each package has its rating. READMEs are left out.
        """
        params: Parameters = {
            "type": type,
            "status": status,
            "name": name,
            "version": version,
            "tag": tag,
            "owner": owner,
            "min_net_score": min_net_score,
            "order": order,
            "include": "rating" if ratings else None,
        }
        return walk(self._transport, "/packages", Package.from_json, page_size=page_size, params=params)

    def search(
        self,
        words: str,
        *,
        type: str | None = None,  # noqa: A002 – the field's name
        status: str | None = None,
        tag: str | None = None,
        page_size: int = 50,
    ) -> AsyncIterator[FoundPackage]:
        """Packages with all of these words in name, description or README, the best first; the last word may be a
        beginning. Where there are none, packages with similar words."""
        params = {"q": words, "type": type, "status": status, "tag": tag}
        return walk(self._transport, "/search", FoundPackage.from_json, page_size=page_size, params=params)

    def search_regex(
        self,
        regex: str,
        *,
        fields: Sequence[str] = ("name", "readme"),
        type: str | None = None,  # noqa: A002 – the field's name
        status: str | None = None,
        tag: str | None = None,
        page_size: int = 50,
    ) -> AsyncIterator[Package]:
        """Packages whose name or README a regular expression (RE2's syntax) matches anywhere, newest first.

        Raises InvalidRequest for an expression with a mistake, or one too big; the problem's document has `position`.
        """
        question = {"regex": regex, "in": list(fields), "type": type, "status": status, "tag": tag}
        path = "/package/byRegEx"
        return walk(self._transport, path, Package.from_json, page_size=page_size, question=question)

    async def get(self, package_id: str) -> Package:
        """The package with its README and ETag. Raises NotFound."""
        return _package(await self._transport.call("GET", _path(package_id)))

    async def resolve(self, reference: str, *, type: str | None = None) -> Package:  # noqa: A002 – the field's name
        """The package that a person means by an id, `name` (its latest version) or `name@version`.

        The version may be a range, an alias or `latest`: the highest release, without one the highest prerelease.

        Active packages come first, then deprecated ones, then the rest. Raises NotFound, which names similar packages
        or the versions that there are; AmbiguousReference when packages of several types fit alike.
        """
        return await resolve(self, reference, type=type)

    async def publish(
        self,
        path: str | os.PathLike[str],
        new_package: NewPackage,
        *,
        idempotency_key: str | None = None,
        resume: bool = True,
        progress: Progress = silent,
    ) -> Package:
        """Publish a file, or a folder as a zip (see `folders`). What `new_package` says is checked first. The file is
        read twice: for its SHA-256, by which the registry checks what arrives, and to send it.

        Lost connections are safe to try again, here or by the caller with the same `idempotency_key` (made up when none
        is given): the package is published once. A large file goes in parts (see `Transfers`); with `resume` the parts
        that an earlier attempt left at the registry are not sent again. Raises Conflict when the version is taken,
        InvalidRequest, FileChanged, OSError.
        """
        check_new_package(new_package)
        key = idempotency_key or str(uuid.uuid4())
        async with packed(Path(path)) as file:
            digest = await FileDigest.of(file, progress=progress)
            if digest.size > self._transfers.parts_above_bytes:
                upload = PartsUpload(
                    self._transport, digest, new_package.to_json(), transfers=self._transfers, progress=progress
                )
                return _package(await upload.publish(resume=resume))
            form = PackageForm(new_package.to_json(), digest, seed=key, progress=progress)
            return await self._send_form("POST", "/package", form, headers={"Idempotency-Key": key})

    async def ingest(self, new_package: NewPackage, *, idempotency_key: str | None = None) -> Package:
        """Have the registry fetch `new_package.source_url` by itself. The package is `pending`; read it again to see it
        become `active` or `failed`. Raises Conflict, InvalidRequest."""
        check_new_package(new_package)
        response = await self._transport.call(
            "POST",
            "/package",
            json=new_package.to_json(),
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            repeatable=True,
        )
        return _package(response)

    async def replace(
        self,
        package_id: str,
        new_package: NewPackage,
        *,
        path: str | os.PathLike[str] | None = None,
        etag: str | None = None,
        progress: Progress = silent,
    ) -> Package:
        """Replace the metadata, and with `path` the content. With `etag` only if the package is still that one.

        Raises NotFound, PreconditionFailed, Conflict, InvalidRequest.
        """
        check_new_package(new_package)
        headers = _if_match(etag)
        if path is None:
            return _package(
                await self._transport.call("PUT", _path(package_id), json=new_package.to_json(), headers=headers)
            )
        digest = await FileDigest.of(Path(path), progress=progress)
        form = PackageForm(new_package.to_json(), digest, seed=str(uuid.uuid4()), progress=progress)
        return await self._send_form("PUT", _path(package_id), form, headers=headers)

    async def update(self, package_id: str, changes: Mapping[str, Any], *, etag: str | None = None) -> Package:
        """Change some members (a JSON merge patch: None clears), `status` among them.

        With `etag` only if the package is still that one. Raises NotFound, PreconditionFailed, Conflict,
        InvalidRequest.
        """
        headers = {"Content-Type": _MERGE_PATCH, **_if_match(etag)}
        return _package(await self._transport.call("PATCH", _path(package_id), json=dict(changes), headers=headers))

    async def delete(self, package_id: str, *, etag: str | None = None) -> None:
        """Remove a package. With `etag` only if it is still that one. Raises NotFound, PreconditionFailed."""
        await self._transport.call("DELETE", _path(package_id), headers=_if_match(etag))

    async def download(
        self, package: Package, destination: str | os.PathLike[str], *, progress: Progress = silent
    ) -> None:
        """Fetch the content into the file `destination`, which appears complete and checked or not at all.

        What came before an interruption stays next to it (`….registry-part`) and is not fetched again, in this call
        or the next.

        Raises DigestMismatch, Conflict when the package has no content now, NotFound, Unreachable, OSError.
        """
        if package.content is None:
            reason = package.status_reason or f"it is {package.status}"
            raise Conflict(Problem(409, "content-unavailable", "There is no content", f"{package.name}: {reason}"))
        path = f"{_path(package.id)}/content"
        await download_content(
            self._transport,
            path,
            package.content,
            destination=Path(destination),
            transfers=self._transfers,
            progress=progress,
        )

    def audit(self, package_id: str, *, page_size: int = 200) -> AsyncIterator[AuditEntry]:
        """Who did what to a package, newest first. Raises NotFound."""
        return walk(self._transport, f"{_path(package_id)}/audit", AuditEntry.from_json, page_size=page_size)

    async def lineage(self, package_id: str) -> Lineage:
        """All that a package depends on, transitively. Raises NotFound."""
        return read(await self._transport.call("GET", f"{_path(package_id)}/lineage"), Lineage.from_json)

    async def cost(self, package_id: str, *, dependency: bool = False) -> Cost:
        """How many bytes there are to fetch, with `dependency` those of what it depends on too. Raises NotFound."""
        params = {"dependency": "true"} if dependency else None
        return read(await self._transport.call("GET", f"{_path(package_id)}/cost", params=params), Cost.from_json)

    async def _send_form(self, method: str, path: str, form: PackageForm, *, headers: Mapping[str, str]) -> Package:
        def make_request() -> httpx.Request:
            return self._transport.build(method, path, content=form.stream(), headers={**form.headers, **headers})

        # Only a publish has an Idempotency-Key, by which the registry knows a repetition.
        return _package(await self._transport.send(make_request, repeatable="Idempotency-Key" in headers))


def _package(response: httpx.Response) -> Package:
    return read(response, lambda members: Package.from_json(members, etag=response.headers.get("ETag")))


def _path(package_id: str) -> str:
    # An id is part of a path: one with a slash or a dot in it would ask for something else.
    if not ID_PATTERN.fullmatch(package_id):
        raise NotFound(Problem(404, "not-found", "Not found", f"{package_id!r} is not an id of a package"))
    return f"/package/{package_id}"


def _if_match(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": etag}
