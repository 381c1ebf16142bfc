"""A failure is never an answer: each thing that a rating asks for, with each answer that is none."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from registry.adapters.outbound.huggingface import huggingface_says_absent
from registry.domain.evidence import Evidence, Fact, FactState, FileEntry
from registry.domain.packages import Content, Package
from registry.domain.ratings import RatingStatus
from registry.domain.recent import Recent
from registry.rating.checking import HUB_README, check_text
from registry.rating.collect import EvidenceCollector
from registry.rating.metrics import size
from registry.rating.score import rate
from tests.rating.factories import absent, archive, evidence, failed, hub, known, package
from tests.rating.world import PACKAGE, PATIENT, World
from tests.sandbox import DirectCards
from tests.upstreams.pages import SHAS, Page

HTML = b"<!doctype html><title>Sign in</title><p>Welcome to the airport's network."
REPO, MODEL, PAIRS = "/github/repos/octo/tiny", "/hub/api/models/org/tiny", "/hub/api/datasets/org/pairs"
CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Asked:
    """An address, and the fact that comes from it. `is_list`: it answers with a JSON array; None: with a text."""

    path: str
    fact: str
    is_list: bool | None = False
    listed: bool = False


ASKED = (
    Asked(REPO, "repository"),
    Asked(f"{REPO}/commits", "commits", is_list=True, listed=True),
    Asked(f"{REPO}/contributors", "commits", is_list=True, listed=True),
    Asked(f"{REPO}/commits/{SHAS[0]}", "reviews", listed=True),
    Asked(f"{REPO}/commits/{SHAS[0]}/pulls", "reviews", is_list=True, listed=True),
    Asked(f"{REPO}/pulls/7/reviews", "reviews", is_list=True, listed=True),
    Asked(f"{REPO}/git/trees/HEAD", "tree", listed=True),
    Asked(f"{REPO}/contents/pyproject.toml", "tree", is_list=None, listed=True),
    Asked(f"{REPO}/readme", "repository_readme", is_list=None, listed=True),
    Asked(MODEL, "hub"),
    Asked("/hub/org/tiny/raw/main/README.md", "hub_card", is_list=None, listed=True),
    Asked(PAIRS, "datasets"),
    Asked("/hub/datasets/org/pairs/raw/main/README.md", "datasets", is_list=None, listed=True),
    Asked(CHAT, "claims_reading", listed=True),
)


def bad_answers(asked: Asked, right: bytes) -> dict[str, Page]:
    """Everything that is no answer, by its name."""
    found = {
        "204": Page(b"", 204),
        "HTML": Page(HTML, headers={"Content-Type": "text/html; charset=utf-8"}),
        "empty": Page(b""),
        "cut in the middle": Page(right[: len(right) // 2]),
        "error": Page(b"{}", 500),
    }
    if asked.is_list is not None:
        wrong = (b"null", b"7", b'"text"', b"{}" if asked.is_list else b"[]", b"[7]", b'{"likes": "many"}')
        found |= {f"JSON of another form: {body.decode()}": Page(body) for body in wrong}
    if asked.listed:
        found["404 for what is listed"] = Page({"message": "Not Found"}, 404)
    if asked.is_list is None:
        found["another size"] = Page(right + b"and more\n")
    return found


async def collected(world: World, package_: Package) -> Evidence:
    return await EvidenceCollector(world.sources, cards=DirectCards(), clock=world.clock, deadlines=PATIENT).collect(
        package_
    )


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.path)
async def test_what_is_no_answer_is_a_failed_fact(world: World, asked: Asked) -> None:
    linked = replace(PACKAGE, readme="# Tiny\nRepository: https://github.com/octo/tiny\nSee org/pairs.\n")
    well = await collected(world, linked)
    assert getattr(well, asked.fact).state is FactState.KNOWN
    whole, true_net = rate(well).rating, rate(well).rating.net_score
    assert true_net is not None
    body = world.upstreams._page(asked.path, {}).body
    right = body if isinstance(body, bytes) else json.dumps(body).encode()
    for name, page in bad_answers(asked, right).items():
        world.upstreams.pages = {asked.path: page}
        if asked.path == CHAT:
            world.sources.claims._readings = Recent(1)  # type: ignore[union-attr]
        ailing = await collected(world, linked)
        fact: Fact[Any] = getattr(ailing, asked.fact)
        assert fact.state is FactState.FAILED, (name, fact)
        rating = rate(ailing).rating
        # The record's own README counts before these two, so that nothing is lost with them.
        spare = asked.fact in ("repository_readme", "hub_card")
        assert rating.status is (RatingStatus.COMPLETE if spare else RatingStatus.PARTIAL), name
        for metric, healthy in zip(rating.metrics, whole.metrics, strict=True):
            if healthy.result.score is not None:
                assert metric.result.low <= healthy.result.score <= metric.result.high, (name, metric.name)
                assert metric.result.lost_to or metric.result.score == healthy.result.score, (name, metric.name)
        low, high = rating.net_score_range
        assert low <= true_net <= high, name


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (f"{REPO}/git/trees/HEAD", {"truncated": "no"}),
        (f"{REPO}/git/trees/HEAD", {"tree": [{"path": "a.py", "type": "blob", "size": "9"}]}),
        (f"{REPO}/git/trees/HEAD", {"tree": [{"path": 7, "type": "blob", "size": 9}]}),
        (f"{REPO}/git/trees/HEAD", {"tree": ["a.py"]}),
        (REPO, {"license": "MIT"}),
        (MODEL, {"siblings": [{"rfilename": "model.bin"}]}),
        (MODEL, {"siblings": [{"rfilename": "model.bin", "size": -1}]}),
        (MODEL, {"siblings": ["model.bin"]}),
        (MODEL, {"cardData": "none"}),
        (MODEL, {"tags": "nlp"}),
        (MODEL, {"safetensors": {"total": "much"}}),
    ],
)
async def test_a_member_of_another_form_fails_the_fact(world: World, path: str, change: dict[str, Any]) -> None:
    world.upstreams.pages = {path: Page(world.upstreams._page(path, {}).body | change)}
    found = await collected(world, replace(PACKAGE, readme="Repository: https://github.com/octo/tiny\n"))
    fact = {REPO: found.repository, MODEL: found.hub}.get(path, found.tree)
    assert fact.state is FactState.FAILED


async def test_an_empty_repository_is_absent_and_a_missing_one_too(world: World) -> None:
    empty = {
        f"{REPO}/{path}": Page({"message": "Git Repository is empty."}, 409) for path in ("commits", "git/trees/HEAD")
    }
    world.upstreams.pages = empty | {f"{REPO}/readme": Page({}, 404), f"{REPO}/contributors": Page(b"", 204)}
    linked = replace(PACKAGE, source_url="https://github.com/octo/tiny")
    found = await collected(world, linked)
    states = {name: getattr(found, name).state for name in ("commits", "reviews", "tree", "repository_readme")}
    assert set(states.values()) == {FactState.ABSENT}
    assert rate(found).rating.status is RatingStatus.COMPLETE
    gone = await collected(world, replace(PACKAGE, source_url="https://github.com/octo/gone"))
    assert {gone.repository.state, gone.commits.state, gone.tree.state} == {FactState.ABSENT}


async def test_a_repository_is_not_looked_for_where_a_failed_source_leaves_it_open(world: World) -> None:
    class Broken:
        async def inspect(self, package: Package) -> Any:
            raise RuntimeError

    content = Content("key", 9, "ab", "application/zip", "a.zip")
    world.sources = replace(world.sources, archives=Broken())
    found = await collected(world, replace(PACKAGE, content=content))  # the card on the hub names one
    assert (found.tree.state, found.tree.source) == (FactState.FAILED, "archive")
    named = await collected(world, replace(PACKAGE, content=content, readme="Repository: https://github.com/octo/tiny"))
    assert named.tree.state is FactState.FAILED  # without the archive's files nobody can say whether it is its own
    assert "octo/tiny" in named.tree.reason


@pytest.mark.parametrize(
    ("facts", "lost_to"),
    [
        ({"archive": failed("archive"), "package": package(content_size=10**9)}, ("archive",)),
        ({"archive": failed("archive"), "hub": known(hub(), "huggingface")}, ("archive",)),
        (
            {"archive": archive("a.py"), "hub": failed("huggingface"), "package": package(content_size=10)},
            ("huggingface",),
        ),
        ({"archive": archive("a.safetensors"), "hub": failed("huggingface")}, ()),
    ],
)
def test_the_size_is_never_that_of_something_else(facts: dict[str, Any], lost_to: tuple[str, ...]) -> None:
    result = size.measure(evidence(**facts))
    assert result.lost_to == lost_to
    assert (result.score is None) == bool(lost_to)


def test_weights_beyond_a_cut_listing_widen_the_range() -> None:
    result = size.measure(evidence(archive=archive("a.safetensors", truncated=True)))
    assert (result.low, result.high) == (0.0, 1.0)
    assert "not all files were listed" in result.evidence


@pytest.mark.parametrize(
    ("text", "listed", "state"),
    [
        ("abc", [("README.md", 3)], FactState.KNOWN),
        ("é", [("README.md", 2)], FactState.KNOWN),
        ("abc", [("README.md", 4)], FactState.FAILED),
        ("abc", [("docs/README.md", 4)], FactState.KNOWN),
        ("a\ufffd", [("README.md", 2)], FactState.KNOWN),
        ("x" * 256 * 1024, [("README.md", 10**6)], FactState.KNOWN),
        ("", [("README.md", 0)], FactState.ABSENT),
        ("", [], FactState.FAILED),
        (None, [("README.md", 3)], FactState.FAILED),
        (None, [("readme.txt", 3)], FactState.ABSENT),
    ],
)
def test_a_text_is_compared_with_its_listing(text: str | None, listed: list[tuple[str, int]], state: FactState) -> None:
    fact = absent("huggingface") if text is None else known(text, "huggingface")
    listing = known(hub(files=tuple(FileEntry(*entry) for entry in listed)))
    assert check_text(fact, listing, HUB_README).state is state
    unlisted = check_text(fact, failed("huggingface"), HUB_README)
    assert unlisted == fact or text == ""


def test_a_wrong_token_is_no_absence() -> None:
    headers = {"X-Error-Message": "Invalid username or password."}
    assert huggingface_says_absent(None)(401, headers)
    assert not huggingface_says_absent("t0ken")(401, headers)
