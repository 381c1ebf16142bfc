"""Stores that announce changes of packages: after they are made, and only then."""

import pytest

from registry.domain.errors import NotFound
from registry.services.search.announcing import AnnouncingReleases


class Store:
    """Only what the test calls."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def release(self, release: str) -> None:
        if release == "absent":
            raise NotFound("there is no such release")
        self.done.append(release)

    async def settle(self, now: object) -> int:
        return len(self.done)


async def test_changes_are_announced_once_they_are_made() -> None:
    store, seen = Store(), list[list[str]]()

    async def announce() -> None:
        seen.append(list(store.done))

    port = AnnouncingReleases(store, announce)  # type: ignore[arg-type]
    await port.release("a")  # type: ignore[arg-type]
    assert seen == [["a"]]
    assert await port.settle(None) == 1  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        await port.release("absent")  # type: ignore[arg-type]
    assert seen == [["a"]], "neither reads nor refused changes are announced"
