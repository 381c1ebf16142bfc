"""The synchronous client. `make sync-client` writes it from the asynchronous one: change that, not this."""

# ruff: noqa: A002

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from registry.client.assessments import LicenseCheck, Rating, Verdict
from registry.client.audit import AuditLog
from registry.client.checks import Checks
from registry.client.dependencies import Cost, Lineage
from registry.client.files import Files, PackageFile
from registry.client.models import AuditEntry, Document, FoundPackage, NewPackage, Package, Readiness, Token, User
from registry.client.names import Alias, Name, Names, Release
from registry.client.portal import Portal
from registry.client.progress import Progress, silent
from registry.client.ratings import Ratings
from registry.client.registry import RegistryClient
from registry.client.safety import Safety
from registry.client.tokens import ApiToken, Identity, Tokens
from registry.client.transfers import Transfers
from registry.client.transport import Retries
from registry.client.users import Users
from registry.client.webhooks import Delivery, Webhook, Webhooks


class SyncUsers:
    """`client.users`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, wrapped: Users, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def list_all(self, *, page_size: int = 200) -> Iterator[User]:
        """Every user, by name."""
        return self._portal.iterate(self._wrapped.list_all(page_size=page_size))

    def add(self, name: str, password: str, *, permissions: Iterable[str]) -> User:
        """Add a user with some of upload, search, download and admin. Raises Conflict when the name is taken,
        InvalidRequest for a name or password that the rules refuse.
        """
        return self._portal.call(self._wrapped.add(name, password, permissions=permissions))

    def set_permissions(self, name: str, permissions: Iterable[str]) -> User:
        """Give exactly these permissions, from the next request on. Raises NotFound."""
        return self._portal.call(self._wrapped.set_permissions(name, permissions))

    def set_password(
        self, name: str, new_password: str, *, current_password: str | None = None, revoke_tokens: bool = False
    ) -> None:
        """Change a password and end the user's sessions, with `revoke_tokens` their API tokens too.

        Administrators need no `current_password`.

        Raises NotFound, InvalidRequest; NotAllowed also when `current_password` is wrong.
        """
        self._portal.call(
            self._wrapped.set_password(
                name, new_password, current_password=current_password, revoke_tokens=revoke_tokens
            )
        )

    def delete(self, name: str) -> None:
        """Remove a user and their tokens; their packages stay. Raises NotFound."""
        self._portal.call(self._wrapped.delete(name))


class SyncTokens:
    """`client.tokens`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, wrapped: Tokens, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def create(
        self,
        name: str,
        permissions: Iterable[str],
        *,
        packages: Sequence[str] | None = None,
        expires_in_seconds: int | None = None,
    ) -> ApiToken:
        """Make a token; its text is in `token` of this answer only. `packages` are patterns such as `acme/*`.

        Raises InvalidRequest.
        """
        return self._portal.call(
            self._wrapped.create(name, permissions, packages=packages, expires_in_seconds=expires_in_seconds)
        )

    def list_all(self, *, user: str | None = None, page_size: int = 200) -> Iterator[ApiToken]:
        """Your tokens, newest first; administrators may name another user. Raises NotFound."""
        return self._portal.iterate(self._wrapped.list_all(user=user, page_size=page_size))

    def revoke(self, token_id: str) -> None:
        """End a token, from the next request on. Raises NotFound."""
        self._portal.call(self._wrapped.revoke(token_id))


class SyncNames:
    """`client.names`. Every method raises NotSignedIn, NotAllowed, NotFound, Unreachable; further errors are named."""

    def __init__(self, wrapped: Names, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def get(self, type: str, name: str, *, cursor: str | None = None) -> Name:
        """The name with its newest versions, or the next of them."""
        return self._portal.call(self._wrapped.get(type, name, cursor=cursor))

    def set_owners(self, type: str, name: str, owners: Iterable[str], *, etag: str | None = None) -> Name:
        """Give the name exactly these owners.

        Raises InvalidRequest, Conflict for an empty list, and PreconditionFailed when the name changed since `etag`.
        """
        return self._portal.call(self._wrapped.set_owners(type, name, owners, etag=etag))

    def set_alias(self, type: str, name: str, alias: str, version: str, *, etag: str | None = None) -> Alias:
        """Have the alias lead to a version.

        Raises InvalidRequest, Conflict for a draft, and PreconditionFailed when the name changed since `etag`.
        """
        return self._portal.call(self._wrapped.set_alias(type, name, alias, version, etag=etag))

    def unset_alias(self, type: str, name: str, alias: str, *, etag: str | None = None) -> None:
        """Drop the alias. Raises InvalidRequest, and PreconditionFailed when the name changed since `etag`."""
        self._portal.call(self._wrapped.unset_alias(type, name, alias, etag=etag))

    def release(
        self,
        package_ids: Iterable[str],
        *,
        aliases: Mapping[str, Mapping[str, str]] | None = None,
        dry_run: bool = False,
    ) -> Release:
        """Make drafts active and move aliases (by `type/name`), all at once. Raises Conflict, InvalidRequest.

        With `dry_run` nothing changes.
        """
        return self._portal.call(self._wrapped.release(package_ids, aliases=aliases, dry_run=dry_run))


class SyncRatings:
    """What a package is worth, and why. Raises the errors of `registry.client.errors`."""

    def __init__(self, wrapped: Ratings, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def get(self, package_id: str, *, wait_seconds: float = 0) -> Rating | None:
        """The rating of the package's revision. None when it was not made within `wait_seconds`.

        Asking starts it where there is none. Raises NotFound.
        """
        return self._portal.call(self._wrapped.get(package_id, wait_seconds=wait_seconds))

    def again(self, package_id: str, *, wait_seconds: float = 0) -> Rating | None:
        """Have the package rated again; the new rating, None when it was not made in time. Raises NotFound."""
        return self._portal.call(self._wrapped.again(package_id, wait_seconds=wait_seconds))

    def receipt(self, package_id: str) -> bytes:
        """The evidence of the rating, to be computed again offline. Raises NotFound while there is no rating."""
        return self._portal.call(self._wrapped.receipt(package_id))

    def receipt_keys(self) -> Document:
        """The public keys that check receipts, as a JWK set; the one that signs now comes first."""
        return self._portal.call(self._wrapped.receipt_keys())

    def license_check(self, package_id: str, *, license: str | None = None, url: str | None = None) -> LicenseCheck:
        """Whether a project may use the package: one under `license` (SPDX), or the one at `url`.

        Raises NotFound, InvalidRequest, ProblemError
        (502) when the license at `url` cannot be read.
        """
        return self._portal.call(self._wrapped.license_check(package_id, license=license, url=url))


class SyncAuditLog:
    """`client.audit_log`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, wrapped: AuditLog, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def export(
        self,
        *,
        user: str | None = None,
        action: str | None = None,
        package_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Document]:
        """Every entry that fits, newest first, as the registry sends them. Raises InvalidRequest."""
        return self._portal.iterate(
            self._wrapped.export(user=user, action=action, package_id=package_id, since=since, until=until)
        )

    def checkpoint(self) -> Document:
        """The log's size and root, signed."""
        return self._portal.call(self._wrapped.checkpoint())

    def prove(self, position: int) -> Document:
        """An entry, with what proves its place without the others. Raises NotFound."""
        return self._portal.call(self._wrapped.prove(position))


class SyncSafety:
    """What could run code in a package. Raises the errors of `registry.client.errors`."""

    def __init__(self, wrapped: Safety, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def get(self, package_id: str, *, wait_seconds: float = 0) -> Verdict | None:
        """The verdict on the package's content.

        None when there was none within `wait_seconds`. Raises NotFound, Conflict for a package without content.
        """
        return self._portal.call(self._wrapped.get(package_id, wait_seconds=wait_seconds))


class SyncWebhooks:
    """`client.webhooks`. Every method raises NotSignedIn, NotAllowed, Unreachable; further errors are named."""

    def __init__(self, wrapped: Webhooks, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def add(self, url: str, events: Iterable[str], *, secret: str | None = None) -> Webhook:
        """Have these types of events sent to `url`. The answer alone holds the secret that verifies them.

        `secret` is your own (`whsec_…`); one is made when it is left out. Raises InvalidRequest, also for an address
        inside the registry's own network.
        """
        return self._portal.call(self._wrapped.add(url, events, secret=secret))

    def list_all(self, *, page_size: int = 200) -> Iterator[Webhook]:
        """Every webhook, oldest first, without its secret."""
        return self._portal.iterate(self._wrapped.list_all(page_size=page_size))

    def delete(self, webhook_id: str) -> None:
        """Remove a webhook; what was still to be sent to it is not sent. Raises NotFound."""
        self._portal.call(self._wrapped.delete(webhook_id))

    def deliveries(self, webhook_id: str, *, page_size: int = 200) -> Iterator[Delivery]:
        """What was sent and is to be sent, newest first. Raises NotFound."""
        return self._portal.iterate(self._wrapped.deliveries(webhook_id, page_size=page_size))

    def test(self, webhook_id: str) -> Delivery:
        """Have an event of the type `webhook.test` sent. Raises NotFound, Conflict when the webhook is disabled."""
        return self._portal.call(self._wrapped.test(webhook_id))

    def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Have a delivery sent again, under its own id. Raises NotFound, Conflict when the webhook is disabled."""
        return self._portal.call(self._wrapped.replay(webhook_id, delivery_id))


class SyncChecks:
    """Raises the errors of `registry.client.errors`."""

    def __init__(self, wrapped: Checks, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    @property
    def address(self) -> str:
        """The registry's address, without a slash at its end."""
        return self._wrapped.address

    def server_time(self) -> datetime | None:
        """What the registry's clock says, to the second; None where it does not say."""
        return self._portal.call(self._wrapped.server_time())

    def refuses_other_bytes(self, data: bytes, *, announced_sha256: str) -> bool:
        """Whether the registry takes `data`, and refuses it for its SHA-256. The upload is ended in any case."""
        return self._portal.call(self._wrapped.refuses_other_bytes(data, announced_sha256=announced_sha256))


class SyncFiles:
    """Raises the errors of `registry.client.errors`; Conflict where an archive cannot be read."""

    def __init__(self, wrapped: Files, portal: Portal) -> None:
        self._wrapped = wrapped
        self._portal = portal

    def list(
        self, package_id: str, *, prefix: str = "", wait_seconds: float = 60, page_size: int = 200
    ) -> Iterator[PackageFile]:
        """The files whose path begins with `prefix`, in order of their paths.

        Raises Unreachable where the list is still being made after `wait_seconds`.
        """
        return self._portal.iterate(
            self._wrapped.list(package_id, prefix=prefix, wait_seconds=wait_seconds, page_size=page_size)
        )

    def find(self, package_id: str, path: str, *, wait_seconds: float = 60) -> PackageFile | None:
        """The file with this path, None where there is none."""
        return self._portal.call(self._wrapped.find(package_id, path, wait_seconds=wait_seconds))

    def download(
        self, package: Package, file: PackageFile, destination: str | os.PathLike[str], *, progress: Progress = silent
    ) -> None:
        """Fetch one file into `destination`, which appears complete and checked or not at all; as
        `RegistryClient.download` does it.
        """
        self._portal.call(self._wrapped.download(package, file, destination, progress=progress))

    def download_part(
        self, package: Package, part: str, destination: str | os.PathLike[str], *, progress: Progress = silent
    ) -> None:
        """Fetch a zip of all files that count as `part` (weights, dataset, code, docs) into `destination`, which
        appears complete or not at all. Raises NotFound where there are none.
        """
        self._portal.call(self._wrapped.download_part(package, part, destination, progress=progress))


class SyncRegistryClient:
    """Speaks to one registry. A context manager; threads may share it.

    Methods are those of `RegistryClient`, and raise the errors of `registry.client.errors`. A `progress` is
    called in a thread of the client's.
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
        self._wrapped = RegistryClient(
            base_url, token, timeout_seconds=timeout_seconds, retries=retries, transfers=transfers
        )
        self._portal = Portal()
        self.users = SyncUsers(self._wrapped.users, self._portal)
        self.tokens = SyncTokens(self._wrapped.tokens, self._portal)
        self.names = SyncNames(self._wrapped.names, self._portal)
        self.ratings = SyncRatings(self._wrapped.ratings, self._portal)
        self.audit_log = SyncAuditLog(self._wrapped.audit_log, self._portal)
        self.safety = SyncSafety(self._wrapped.safety, self._portal)
        self.webhooks = SyncWebhooks(self._wrapped.webhooks, self._portal)
        self.checks = SyncChecks(self._wrapped.checks, self._portal)
        self.files = SyncFiles(self._wrapped.files, self._portal)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._portal.call(self._wrapped.__aexit__(None, None, None))
        self._portal.close()

    def login(self, username: str, password: str) -> Token:
        """Sign in; the token serves this client from now on. Raises NotSignedIn on a wrong name or password."""
        return self._portal.call(self._wrapped.login(username, password))

    def logout(self) -> None:
        """Revoke this client's token."""
        self._portal.call(self._wrapped.logout())

    def whoami(self) -> Identity:
        """Who this client's token speaks for, and what it may do. Raises NotSignedIn."""
        return self._portal.call(self._wrapped.whoami())

    def health(self) -> Document:
        """`{"status": "ok", "version": …}` from a registry that is alive. Needs no token."""
        return self._portal.call(self._wrapped.health())

    def ready(self) -> Readiness:
        """Whether each component works now. Needs no token; asked once, since 503 is an answer here."""
        return self._portal.call(self._wrapped.ready())

    def packages(
        self,
        *,
        type: str | None = None,
        status: str | None = None,
        name: str | None = None,
        version: str | None = None,
        tag: str | None = None,
        owner: str | None = None,
        min_net_score: float | None = None,
        order: str | None = None,
        ratings: bool = False,
        page_size: int = 200,
    ) -> Iterator[Package]:
        """Every package that fits, newest first, page by page as they are wanted.

        `order` is `-created` (newest first), `created` (oldest first), `name`, `score` (highest first, by the lower end
        of the score's range), or `downloads` (the 1,000 most downloaded of 30 days).

        `version` is exact (`1.2.3`), bounded (`1.2.3-2.1.0`), tilde (`~1.2.0`) or caret (`^1.2.0`). Without `status`
        the registry lists active packages. `min_net_score` (0.0–1.0) leaves out what may be rated lower, by the lower
        end of the range, or is not rated at all. With `ratings` each package has its rating. READMEs are left out.
        """
        return self._portal.iterate(
            self._wrapped.packages(
                type=type,
                status=status,
                name=name,
                version=version,
                tag=tag,
                owner=owner,
                min_net_score=min_net_score,
                order=order,
                ratings=ratings,
                page_size=page_size,
            )
        )

    def search(
        self,
        words: str,
        *,
        type: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        page_size: int = 50,
    ) -> Iterator[FoundPackage]:
        """Packages with all of these words in name, description or README, the best first; the last word may be a
        beginning. Where there are none, packages with similar words.
        """
        return self._portal.iterate(self._wrapped.search(words, type=type, status=status, tag=tag, page_size=page_size))

    def search_regex(
        self,
        regex: str,
        *,
        fields: Sequence[str] = ("name", "readme"),
        type: str | None = None,
        status: str | None = None,
        tag: str | None = None,
        page_size: int = 50,
    ) -> Iterator[Package]:
        """Packages whose name or README a regular expression (RE2's syntax) matches anywhere, newest first.

        Raises InvalidRequest for an expression with a mistake, or one too big; the problem's document has `position`.
        """
        return self._portal.iterate(
            self._wrapped.search_regex(regex, fields=fields, type=type, status=status, tag=tag, page_size=page_size)
        )

    def get(self, package_id: str) -> Package:
        """The package with its README and ETag. Raises NotFound."""
        return self._portal.call(self._wrapped.get(package_id))

    def resolve(self, reference: str, *, type: str | None = None) -> Package:
        """The package that a person means by an id, `name` (its latest version) or `name@version`.

        The version may be a range, an alias or `latest`: the highest release, without one the highest prerelease.

        Active packages come first, then deprecated ones, then the rest. Raises NotFound, which names similar packages
        or the versions that there are; AmbiguousReference when packages of several types fit alike.
        """
        return self._portal.call(self._wrapped.resolve(reference, type=type))

    def publish(
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
        return self._portal.call(
            self._wrapped.publish(path, new_package, idempotency_key=idempotency_key, resume=resume, progress=progress)
        )

    def ingest(self, new_package: NewPackage, *, idempotency_key: str | None = None) -> Package:
        """Have the registry fetch `new_package.source_url` by itself. The package is `pending`; read it again to see it
        become `active` or `failed`. Raises Conflict, InvalidRequest.
        """
        return self._portal.call(self._wrapped.ingest(new_package, idempotency_key=idempotency_key))

    def replace(
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
        return self._portal.call(
            self._wrapped.replace(package_id, new_package, path=path, etag=etag, progress=progress)
        )

    def update(self, package_id: str, changes: Mapping[str, Any], *, etag: str | None = None) -> Package:
        """Change some members (a JSON merge patch: None clears), `status` among them.

        With `etag` only if the package is still that one. Raises NotFound, PreconditionFailed, Conflict,
        InvalidRequest.
        """
        return self._portal.call(self._wrapped.update(package_id, changes, etag=etag))

    def delete(self, package_id: str, *, etag: str | None = None) -> None:
        """Remove a package. With `etag` only if it is still that one. Raises NotFound, PreconditionFailed."""
        self._portal.call(self._wrapped.delete(package_id, etag=etag))

    def download(self, package: Package, destination: str | os.PathLike[str], *, progress: Progress = silent) -> None:
        """Fetch the content into the file `destination`, which appears complete and checked or not at all.

        What came before an interruption stays next to it (`….registry-part`) and is not fetched again, in this call
        or the next.

        Raises DigestMismatch, Conflict when the package has no content now, NotFound, Unreachable, OSError.
        """
        self._portal.call(self._wrapped.download(package, destination, progress=progress))

    def audit(self, package_id: str, *, page_size: int = 200) -> Iterator[AuditEntry]:
        """Who did what to a package, newest first. Raises NotFound."""
        return self._portal.iterate(self._wrapped.audit(package_id, page_size=page_size))

    def lineage(self, package_id: str) -> Lineage:
        """All that a package depends on, transitively. Raises NotFound."""
        return self._portal.call(self._wrapped.lineage(package_id))

    def cost(self, package_id: str, *, dependency: bool = False) -> Cost:
        """How many bytes there are to fetch, with `dependency` those of what it depends on too. Raises NotFound."""
        return self._portal.call(self._wrapped.cost(package_id, dependency=dependency))
