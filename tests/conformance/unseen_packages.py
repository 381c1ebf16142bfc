"""What an edge can hold, decided by what every backend records of packages and names."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from registry.domain.events import EventType
from registry.domain.names import Visibility
from registry.domain.packages import Package, PackageStatus
from registry.domain.webhooks import EDGE_ID, Delivery, payload_of
from registry.ports.names import NameChange
from registry.services.edge.unseen import COPY_SECONDS, Unseen
from tests.conformance.records import Records
from tests.factories import make_change, make_content, make_delivery, make_event, make_id, make_package

DESCRIBED = [EventType.PACKAGE_UPDATED, EventType.PACKAGE_DELETED]
OTHERS = [EventType.RATING_COMPLETED, EventType.SAFETY_COMPLETED]


async def _published(records: Records, **members: object) -> Package:
    package = make_package(content=make_content(), **members)
    await records.packages.add(package, make_change(package.id))
    return package


async def _show(records: Records, package: Package, visibility: Visibility) -> None:
    before = await records.names.find(package.type, package.name)
    assert before is not None
    after = replace(before, visibility=visibility, revision=before.revision + 1)
    await records.names.replace(after, NameChange(None), expected_revision=before.revision)


def _event(package: Package, kind: EventType) -> Delivery:
    details: Mapping[str, str] = {"name": package.name, "type": package.type.value, "status": package.status.value}
    payload = payload_of(make_event(package.id, type=kind, details=details if kind in DESCRIBED else {}))
    return make_delivery(EDGE_ID, event=kind, package_id=package.id, payload=payload)


class _Time:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class UnseenPackagesContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize("kind", [*DESCRIBED, *OTHERS])
    async def test_drafts_are_seen_by_nobody(self, records: Records, kind: EventType) -> None:
        unseen = Unseen(records.packages, records.names)
        draft, public = await _published(records, status=PackageStatus.DRAFT), await _published(records)
        quarantined = await _published(records, status=PackageStatus.QUARANTINED)
        events = [_event(each, kind) for each in (draft, public, quarantined)]
        assert await unseen.left_out(events) == [events[0]], "what was just quarantined was public before"

    @pytest.mark.parametrize("kind", [*DESCRIBED, *OTHERS])
    async def test_private_names_are_unseen_once_copies_have_ended(self, records: Records, kind: EventType) -> None:
        time = _Time()
        unseen = Unseen(records.packages, records.names, monotonic=time)
        package = await _published(records)
        event = _event(package, kind)
        assert await unseen.left_out([event]) == []
        await _show(records, package, Visibility.PRIVATE)
        assert await unseen.left_out([event]) == [], "edges have copies from before"
        time.seconds += COPY_SECONDS + 1
        assert await unseen.left_out([event]) == [event]
        await _show(records, package, Visibility.PUBLIC)
        assert await unseen.left_out([event]) == []
        await _show(records, package, Visibility.PRIVATE)
        time.seconds += COPY_SECONDS - 1
        assert await unseen.left_out([event]) == []

    async def test_a_short_time_as_public_is_noticed_afterwards(self, records: Records) -> None:
        time = _Time()
        unseen = Unseen(records.packages, records.names, monotonic=time)
        package = await _published(records)
        await _show(records, package, Visibility.PRIVATE)
        await unseen.look()
        time.seconds += COPY_SECONDS + 1
        for visibility in (Visibility.PUBLIC, Visibility.PRIVATE):
            await _show(records, package, visibility)
        assert await unseen.left_out([_event(package, EventType.PACKAGE_UPDATED)]) == []

    async def test_what_is_gone_leaves_by_its_deletion(self, records: Records) -> None:
        unseen = Unseen(records.packages, records.names)
        gone = make_package(id=make_id())
        rated, deleted = _event(gone, EventType.RATING_COMPLETED), _event(gone, EventType.PACKAGE_DELETED)
        assert await unseen.left_out([rated]) == [rated]
        assert await unseen.left_out([deleted]) == []
