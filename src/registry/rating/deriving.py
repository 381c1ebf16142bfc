"""Facts that follow from other facts: where the code is, which text is the card, what the card's code shows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from registry.domain.card_facts import CardReading
from registry.domain.evidence import (
    ArchiveFacts,
    DatasetFacts,
    Evidence,
    Fact,
    FactState,
    HubFacts,
    PackageFacts,
    RepositoryFacts,
    RepositoryLink,
)
from registry.domain.packages import Package
from registry.formats.license_expressions import normalise_license
from registry.formats.repository_urls import first_repository, github_name, hub_name

T = TypeVar("T")
_Licensed = TypeVar("_Licensed", PackageFacts, HubFacts, RepositoryFacts)

CARD, GITHUB, HUB = "card", "github", "huggingface"


@dataclass(frozen=True, slots=True)
class RepositoryName:
    """The source repository's name; without one, why, and by whose failure."""

    name: str | None
    source: str = GITHUB
    failed: bool = False
    reason: str = "no source repository is linked"


def package_facts(package: Package) -> PackageFacts:
    """What ratings look at in a record."""
    return PackageFacts(
        id=package.id,
        name=package.name,
        type=package.type.value,
        revision=package.revision,
        license=package.license,
        source_url=package.source_url,
        tags=package.tags,
        dependencies=tuple((dependency.relation, dependency.name) for dependency in package.dependencies),
        content_size=package.content.size if package.content else None,
        readme=package.readme,
    )


def with_expressions(evidence: Evidence) -> Evidence:
    """The evidence with the licenses that record, hub and repository name in their normalised form.

    Scoring reads that form alone, so that no list of licenses, in whatever version, has a part in it.
    """
    return replace(
        evidence,
        package=_with_expression(evidence.package),
        hub=_with_expression(evidence.hub),
        repository=_with_expression(evidence.repository),
    )


def _with_expression(fact: Fact[_Licensed]) -> Fact[_Licensed]:
    if fact.value is None:
        return fact
    return replace(fact, value=replace(fact.value, license_expression=normalise_license(fact.value.license)))


ReadCard = Callable[[str | None], Awaitable[Fact[CardReading]]]
"""Reads the text of a card, each text once; an empty reading without one."""


async def repository_name(
    package: Package, archive: asyncio.Task[Fact[ArchiveFacts]], hub_card: asyncio.Task[Fact[str]], read: ReadCard
) -> RepositoryName:
    """The repository that the record names, or else its archive, or else its card on the hub.

    Where one of them failed, those after it are not asked: it may have named another.
    """
    if name := github_name(package.source_url):
        return RepositoryName(name)
    in_readme = await read(package.readme)
    if found := _named(in_readme):
        return found
    inside = await archive
    if found := _named(inside, first_repository(inside.value.project_urls if inside.value else ())):
        return found
    if found := _named(await read(inside.value.readme if inside.value else None)):
        return found
    card = await hub_card
    return _named(card, None) or _named(await read(card.value)) or RepositoryName(None)


def _named(fact: Fact[Any], name: str | None = None) -> RepositoryName | None:
    """The repository that a fact names (a card's reading does itself), its failure, None where it names none."""
    if fact.failed:
        reason = f"the link to a repository could not be read: {fact.reason}"
        return RepositoryName(None, fact.source, failed=True, reason=reason)
    if isinstance(fact.value, CardReading):
        name = fact.value.repository
    return RepositoryName(name) if name else None


def if_own(fact: Fact[T], link: Fact[RepositoryLink]) -> Fact[T]:
    """A fact of the repository, if that is the package's own; failed where nobody could see whether it is."""
    if fact.value is None:
        return fact
    if link.value is None:
        return Fact(link.source, link.state, reason=link.reason, latency_ms=fact.latency_ms)
    if link.value.own:
        return fact
    reason = f"{link.value.name} is not shown to be the package's own repository: {link.value.why}"
    return Fact(fact.source, FactState.ABSENT, reason=reason, latency_ms=fact.latency_ms)


async def own_readme(readme: asyncio.Task[Fact[str]], link: asyncio.Task[Fact[RepositoryLink]]) -> Fact[str]:
    """The repository's README, if that is the package's own."""
    return if_own(await readme, await link)


def choose_card(
    package: Fact[PackageFacts], archive: Fact[ArchiveFacts], hub_card: Fact[str], repository_readme: Fact[str]
) -> Fact[str]:
    """The README of the record, of the archive, of the hub, of the repository: the first that there is.

    The fact of a source that failed where it would have come first: what comes after it may not be the one that counts.
    Else a fact that says that there is none.
    """
    candidates = (
        _text_of(package, package.value.readme if package.value else None),
        _text_of(archive, archive.value.readme if archive.value else None),
        hub_card,
        repository_readme,
    )
    first = next((fact for fact in candidates if fact.value or fact.failed), None)
    return first or Fact("record", FactState.ABSENT, reason="there is no README")


async def card_of(
    record: Fact[PackageFacts],
    archive: asyncio.Task[Fact[ArchiveFacts]],
    hub_card: asyncio.Task[Fact[str]],
    readme: asyncio.Task[Fact[str]],
) -> Fact[str]:
    """The card, waiting for no more sources than it takes to have one."""
    nothing: Fact[Any] = Fact(CARD, FactState.ABSENT)
    facts: list[Fact[Any]] = [record, nothing, nothing, nothing]
    for place, task in enumerate((archive, hub_card, readme), start=1):
        if choose_card(*facts).value:
            break
        facts[place] = await task
    return choose_card(*facts)


async def reading_of(card: asyncio.Task[Fact[str]], read: ReadCard) -> Fact[CardReading]:
    """What the card says; its source is that of the text."""
    return await read_text(await card, read)


async def read_text(text: Fact[str], read: ReadCard) -> Fact[CardReading]:
    if text.value is None:
        return Fact(text.source, text.state, reason=text.reason, latency_ms=text.latency_ms)
    reading = await read(text.value)
    return reading if reading.value is None else replace(reading, source=text.source, latency_ms=text.latency_ms)


def names_of(package: Package) -> tuple[str, ...]:
    """What the package may be called in its card: its name, and that on the hub."""
    on_hub = hub_name(package.source_url)
    return (package.name, on_hub[1]) if on_hub else (package.name,)


def join_datasets(
    infos: list[Fact[Any]], cards: list[Fact[CardReading]], names: list[str]
) -> Fact[tuple[DatasetFacts, ...]]:
    latency_ms = max(fact.latency_ms for fact in (*infos, *cards))
    lost = next((fact for fact in (*infos, *cards) if fact.failed), None)
    if lost is not None:
        return Fact(HUB, FactState.FAILED, reason=lost.reason, latency_ms=latency_ms)
    known = tuple(
        DatasetFacts(info.value, card.value) for info, card in zip(infos, cards, strict=True) if info.value is not None
    )
    if not known:
        reason = f"none of the datasets named is on the hub: {', '.join(names)}"
        return Fact(HUB, FactState.ABSENT, reason=reason, latency_ms=latency_ms)
    return Fact(HUB, FactState.KNOWN, known, latency_ms=latency_ms)


def _text_of(fact: Fact[object], text: str | None) -> Fact[str]:
    state = FactState.ABSENT if fact.value is not None and not text else fact.state
    return Fact(fact.source, state, text or None, fact.reason, fact.latency_ms)
