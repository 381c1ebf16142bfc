"""A linked repository counts only where it and the package refer to each other, or share files."""

from dataclasses import replace
from typing import Any

import pytest

from registry.domain.card_facts import ProjectFacts
from registry.domain.evidence import Fact, FactState, FileEntry, RepositoryLink, TreeFacts
from registry.domain.ratings import MetricName, MetricStatus
from registry.rating.ownership import repository_link
from tests.rating.factories import absent, archive, failed, known
from tests.rating.world import PACKAGE, World

CODE = tuple(FileEntry(f"src/tiny/part{number}.py", 400 + number) for number in range(4))


def tree(*files: FileEntry, name: str | None = None) -> Fact[TreeFacts]:
    return known(TreeFacts(files, truncated=False, project=ProjectFacts(name) if name else None))


def link(name: str = "tiny", **facts: Any) -> Fact[RepositoryLink]:
    given: dict[str, Any] = {"archive": absent("archive"), "hub": absent(), "readme": absent(), "tree": tree()}
    package = replace(PACKAGE, name=name)
    return repository_link("octo/tiny", package, **given | facts)


@pytest.mark.parametrize(
    ("facts", "own"),
    [
        ({}, False),
        ({"readme": known("# Another project")}, False),
        ({"readme": known("The code of [the model](https://huggingface.co/org/tiny).")}, True),
        ({"readme": known("Get it as acme/tiny."), "name": "acme/tiny"}, True),
        ({"readme": known("# tiny"), "name": "acme/tiny"}, False),
        ({"tree": tree(name="tiny")}, True),
        ({"tree": tree(name="tiny"), "name": "octo/tiny"}, True),
        ({"tree": tree(name="tiny"), "name": "evil/tiny"}, False),
        ({"archive": archive(files=CODE), "tree": tree(*CODE[:2])}, True),
        ({"archive": archive(files=CODE), "tree": tree(FileEntry("x/part0.py", 400))}, False),
        # One copied file in much other code, and a name that was taken without any of the code.
        ({"archive": archive(files=(*CODE, FileEntry("mine.py", 9_000))), "tree": tree(*CODE[:1])}, False),
        ({"archive": archive(files=CODE), "tree": tree(FileEntry("a/b.py", 9), name="tiny")}, False),
    ],
)
def test_whose_repository_it_is(facts: dict[str, Any], own: bool) -> None:  # noqa: FBT001
    found = link(**facts)
    assert found.value is not None
    assert (found.value.own, bool(found.value.why)) == (own, True)


@pytest.mark.parametrize("name", ["archive", "hub", "readme", "tree"])
def test_what_a_failing_source_may_have_shown_is_not_denied(name: str) -> None:
    facts: dict[str, Any] = {name: failed()}
    assert link(**facts).state is FactState.FAILED


async def test_a_famous_repository_buys_nothing(world: World) -> None:
    mine = replace(PACKAGE, name="mine", source_url="https://github.com/octo/tiny", readme="# Mine\n")
    rating = await world.collect(mine)
    for name in (MetricName.BUS_FACTOR, MetricName.REVIEWEDNESS, MetricName.CODE_QUALITY):
        assert rating.metric(name).status is MetricStatus.UNKNOWN, name
    assert "octo/tiny is not shown to be the package's own" in rating.metric(MetricName.BUS_FACTOR).evidence
