"""Packages of which no edge can hold a copy, so that nobody pays for their invalidation.

Who sends no token reads neither drafts nor packages of private names. What happens under a name that became private a
moment ago is invalidated still: edges may hold copies from before.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence

from registry.domain.events import EventType
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.webhooks import Delivery
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore

COPY_SECONDS = 150.0
"""Longer than an edge shows a copy: 60 s fresh, 60 s stale, and the time of a request under way."""
_DESCRIBED = frozenset({EventType.PACKAGE_UPDATED, EventType.PACKAGE_DELETED})
"""Events whose payload has the package's type, name and status."""
_Name = tuple[PackageType, str]
_Facts = tuple[_Name, PackageStatus]


class Unseen:
    """Remembers since when this process has known each private name. What it does not know yet counts as public."""

    def __init__(
        self, packages: PackageStore, names: NameStore, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._packages = packages
        self._names = names
        self._monotonic = monotonic
        self._private: dict[_Name, tuple[int, float]] = {}
        """A name's revision, which every change of its visibility raises, and when this process first saw it."""

    async def look(self) -> None:
        """Learn which names are private now. Raises Unavailable."""
        found = await self._names.list_private()
        now, known = self._monotonic(), self._private
        self._private = {}
        for each in found:
            name = (each.type, each.name)
            revision, since = known.get(name, (each.revision, now))
            self._private[name] = (each.revision, since if revision == each.revision else now)

    async def left_out(self, events: Sequence[Delivery]) -> list[Delivery]:
        """The events on whose packages no edge can hold a copy. Raises Unavailable."""
        facts = await self._facts(events)
        await self.look()  # after the events: a name that was public in between has another revision
        return [each for each in events if each.package_id is None or self._is_unseen(facts.get(each.package_id))]

    async def _facts(self, events: Sequence[Delivery]) -> Mapping[str, _Facts]:
        """By the package's id. A package that is gone has none: the event of its deletion follows."""
        facts = {each.package_id: _described(each) for each in events if each.package_id and each.event in _DESCRIBED}
        others = {each.package_id for each in events if each.package_id} - facts.keys()
        found = await self._packages.get_many(sorted(others)) if others else []
        return facts | {each.id: ((each.type, each.name), each.status) for each in found}

    def _is_unseen(self, facts: _Facts | None) -> bool:
        if facts is None:
            return True
        name, status = facts
        if status is PackageStatus.DRAFT:
            return True  # and was never anything else: a package that has been released is no draft again
        _, since = self._private.get(name, (0, float("inf")))
        return self._monotonic() - since > COPY_SECONDS


def _described(event: Delivery) -> _Facts:
    data = json.loads(event.payload)["data"]
    return (PackageType(data["type"]), data["name"]), PackageStatus(data["status"])
