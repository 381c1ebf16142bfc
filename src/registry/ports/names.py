"""Where names and namespaces are kept. Their first package makes them: see PackageStore."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from registry.domain.events import Event
from registry.domain.names import Name, NamedVersion, Namespace, NameView
from registry.domain.packages import AuditEntry, PackageType


@dataclass(frozen=True, slots=True)
class NameChange:
    """What is recorded in the same atomic write as a change of a name. `user` is who must own it (None: nobody must).

    `audit` are entries of the packages that the change is about; `events` are for webhooks. `needed` are versions that
    must be there, no draft, when it is made.
    """

    user: str | None
    needed: tuple[NamedVersion, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class NameConflict:
    """What an operator should look at: `names` that look alike, or one name, and why."""

    names: tuple[str, ...]
    detail: str


class NameStore(Protocol):
    """Names by type. Changes are durable when they return.

    All methods raise Unavailable when the store cannot answer.
    """

    async def find(self, kind: PackageType, name: str) -> Name | None:
        """The name in one point read, None when nothing was ever published under it."""

    async def list_owned(
        self, principal: str, names: Collection[tuple[PackageType, str]]
    ) -> Collection[tuple[PackageType, str]]:
        """Those of the names that the principal owns, in a call for each hundred."""

    async def find_view(self, kind: PackageType, name: str) -> NameView | None:
        """The name with all its versions, in as few calls as may be."""

    async def replace(self, name: Name, change: NameChange, *, expected_revision: int) -> None:
        """Put the name in place. Raises NotFound, RevisionConflict (for a version that is gone, too), PermissionDenied.

        A package that is removed, or leaves its version, takes the aliases of that version with it.
        """

    async def list_private(self) -> Sequence[Name]:
        """The private names with their owners and readers: read by every process each second."""

    async def find_namespace(self, space: str) -> Namespace | None:
        """The namespace, None when nothing was ever published in it."""

    async def replace_namespace(self, namespace: Namespace, *, expected_revision: int, user: str | None) -> None:
        """Put the namespace in place. `user` is who must own it (None: nobody must).

        Raises NotFound, RevisionConflict, PermissionDenied.
        """

    async def migrate(self) -> int:
        """Record the owners of names that were published before names had owners; how many. Reads everything once."""

    async def list_conflicts(self) -> Sequence[NameConflict]:
        """Look-alikes of different owners, and names with versions by others than their owners. Reads everything."""
