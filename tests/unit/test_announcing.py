"""A port that announces its changes: after they are made, and only then."""

import pytest

from registry.domain.errors import NotFound
from registry.services.search.announcing import announcing


class Shelf:
    def __init__(self) -> None:
        self.things: list[str] = []

    async def add(self, thing: str) -> int:
        self.things.append(thing)
        return len(self.things)

    async def remove(self, thing: str) -> None:
        if thing not in self.things:
            raise NotFound("there is no such thing")
        self.things.remove(thing)

    async def count(self) -> int:
        return len(self.things)


async def test_changes_are_announced_once_they_are_made() -> None:
    shelf, seen = Shelf(), list[list[str]]()

    async def announce() -> None:
        seen.append(list(shelf.things))

    port = announcing(shelf, frozenset({"add", "remove"}), announce)
    assert await port.add("a") == 1
    await port.remove("a")
    assert seen == [["a"], []]
    assert await port.count() == 0
    with pytest.raises(NotFound):
        await port.remove("a")
    assert seen == [["a"], []], "neither reads nor refused changes are told of"


def test_a_method_that_is_not_there_is_noticed_at_once() -> None:
    async def announce() -> None:
        raise AssertionError("nothing has changed")

    with pytest.raises(AttributeError, match="put"):
        announcing(Shelf(), frozenset({"put"}), announce)
