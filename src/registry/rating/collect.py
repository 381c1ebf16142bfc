"""Asking every source at once, each with its own deadline: the whole takes hardly longer than the slowest of them.

What fails is recorded as failed, with the reason; collecting itself does not fail.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from registry.domain.card_facts import CardReading
from registry.domain.errors import NotFound, RegistryError, SourceFailed
from registry.domain.evidence import (
    ArchiveFacts,
    ClaimsReading,
    DatasetFacts,
    Evidence,
    Fact,
    FactState,
    HubFacts,
    PackageFacts,
    RepositoryLink,
    SafetyFacts,
    TreeFacts,
)
from registry.domain.packages import Package
from registry.domain.receipts import normalised
from registry.formats.repository_urls import hub_name, is_dataset_id, named_datasets
from registry.ports.clock import Clock
from registry.ports.sources import (
    CardReader,
    CodeHost,
    ModelHub,
)
from registry.rating.checking import HUB_README, REPOSITORY_README, check_text, listed_text
from registry.rating.deriving import (
    CARD,
    GITHUB,
    HUB,
    ReadCard,
    RepositoryName,
    card_of,
    if_own,
    join_datasets,
    names_of,
    own_readme,
    package_facts,
    read_text,
    reading_of,
    repository_name,
    with_expressions,
)
from registry.rating.ownership import repository_link
from registry.rating.sources import Deadlines, Sources

T = TypeVar("T")
_log = structlog.get_logger()

MAX_DATASETS = 3
RECORD, ARCHIVE, SCANNER, TEXT_MODEL = "record", "archive", "scanner", "text model"


class EvidenceCollector:
    """Makes the evidence for one package from the sources that are set up."""

    def __init__(
        self,
        sources: Sources,
        *,
        cards: CardReader,
        clock: Clock,
        deadlines: Deadlines | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._cards = cards
        self._clock = clock
        self._deadlines = deadlines or Deadlines()
        self._monotonic = monotonic

    async def collect(self, package: Package) -> Evidence:
        """The evidence, with failures in it. Raises nothing but cancellation."""
        began, collected_at = self._monotonic(), self._clock.now()
        record = Fact(RECORD, FactState.KNOWN, package_facts(package))
        async with asyncio.TaskGroup() as tasks:
            archive = tasks.create_task(self._archive(package))
            safety = tasks.create_task(self._safety(package))
            parents = tasks.create_task(self._parents(package))
            hub = tasks.create_task(self._hub(package, lambda hub, kind, hub_id: hub.info(kind, hub_id)))
            hub_text = tasks.create_task(self._hub(package, lambda hub, kind, hub_id: hub.card(kind, hub_id)))
            hub_card = tasks.create_task(listed_text(hub_text, hub, HUB_README))
            read = self._reader(package, tasks)
            name = tasks.create_task(repository_name(package, archive, hub_card, read))
            repository = tasks.create_task(self._code(name, lambda host, it: host.repository(it)))
            readme_text = tasks.create_task(self._code(name, lambda host, it: host.readme(it)))
            commits = tasks.create_task(self._code(name, lambda host, it: host.commits(it)))
            reviews = tasks.create_task(self._code(name, lambda host, it: host.reviews(it)))
            tree = tasks.create_task(self._tree(name, package.created_by))
            found_readme = tasks.create_task(listed_text(readme_text, tree, REPOSITORY_README))
            link = tasks.create_task(self._link(package, name, archive, hub, found_readme, tree))
            readme = tasks.create_task(own_readme(found_readme, link))
            card = tasks.create_task(card_of(record, archive, hub_card, readme))
            claims = tasks.create_task(self._claims(card))
            datasets = tasks.create_task(self._datasets(record, card, hub, read))
            reading = tasks.create_task(reading_of(card, read))
        evidence = Evidence(
            collected_at=collected_at,
            latency_ms=self._since(began),
            package=record,
            archive=archive.result(),
            safety=safety.result(),
            repository_link=link.result(),
            repository=if_own(repository.result(), link.result()),
            repository_readme=readme.result(),
            commits=if_own(commits.result(), link.result()),
            reviews=if_own(reviews.result(), link.result()),
            tree=if_own(tree.result(), link.result()),
            hub=hub.result(),
            hub_card=hub_card.result(),
            datasets=datasets.result(),
            parents=parents.result(),
            claims_reading=claims.result(),
            card=reading.result(),
        )
        # Trees of 100,000 files take some 0.5 s: too long for the event loop.
        return await asyncio.to_thread(lambda: normalised(with_expressions(evidence)))

    async def _ask(self, source: str, seconds: float, question: Callable[[], Awaitable[T]]) -> Fact[T]:
        began = self._monotonic()
        state, reason = FactState.FAILED, ""
        try:
            async with asyncio.timeout(seconds):
                value = await question()
            return Fact(source, FactState.KNOWN, value, latency_ms=self._since(began))
        except NotFound as error:
            state, reason = FactState.ABSENT, str(error)
        except SourceFailed as error:
            reason = error.reason
        except TimeoutError:
            reason = f"it did not answer within {seconds:g} s"
        except RegistryError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001
            # A source that breaks in a way nobody thought of costs its metrics, never the rating.
            _log.exception("rating_source_broken", source=source)
            reason = f"it broke: {type(error).__name__}"
        if state is FactState.FAILED:
            _log.info("rating_source_failed", source=source, reason=reason)
        return Fact(source, state, reason=reason or "it gave no reason", latency_ms=self._since(began))

    def _reader(self, package: Package, tasks: asyncio.TaskGroup) -> ReadCard:
        readings: dict[str, asyncio.Task[Fact[CardReading]]] = {}
        names = names_of(package)

        async def read(text: str | None) -> Fact[CardReading]:
            if not text:
                return Fact(CARD, FactState.KNOWN, CardReading())
            if text not in readings:
                question = self._cards.read(text, names=names, user=package.created_by)
                readings[text] = tasks.create_task(self._ask(CARD, self._deadlines.parsing, lambda: question))
            return await readings[text]

        return read

    def _since(self, began: float) -> int:
        return round((self._monotonic() - began) * 1000)

    async def _archive(self, package: Package) -> Fact[ArchiveFacts]:
        archives = self._sources.archives
        if archives is None or package.content is None:
            return _absent(ARCHIVE, "archives are not looked into" if package.content else "the package has no content")
        return await self._ask(ARCHIVE, self._deadlines.parsing, lambda: archives.inspect(package))

    async def _safety(self, package: Package) -> Fact[SafetyFacts]:
        source, content = self._sources.safety, package.content
        if source is None or content is None:
            return _absent(SCANNER, "content is not scanned" if content else "the package has no content")
        return await self._ask(SCANNER, self._deadlines.safety, lambda: source.safety(content))

    async def _parents(self, package: Package) -> Fact[Any]:
        parents = self._sources.parents
        if parents is None or not package.dependencies:
            return _absent(RECORD, "the package depends on nothing")
        return await self._ask(RECORD, self._deadlines.parents, lambda: parents.parents(package))

    async def _hub(self, package: Package, question: Callable[[ModelHub, str, str], Awaitable[T]]) -> Fact[T]:
        hub, name = self._sources.hub, hub_name(package.source_url)
        if name is None:
            return _absent(HUB, "no hub repository is linked")
        if hub is None:
            return _absent(HUB, "no hub is set up")
        return await self._ask(HUB, self._deadlines.hub, lambda: question(hub, *name))

    async def _code(
        self, name: "asyncio.Task[RepositoryName]", question: Callable[[CodeHost, str], Awaitable[T]]
    ) -> Fact[T]:
        host = self._sources.code_host
        if host is None:
            return _absent(GITHUB, "no code host is set up")
        named = await name
        if named.name is None:
            return Fact(named.source, FactState.FAILED if named.failed else FactState.ABSENT, reason=named.reason)
        repository = named.name
        return await self._ask(GITHUB, self._deadlines.code_host, lambda: question(host, repository))

    async def _link(
        self,
        package: Package,
        name: "asyncio.Task[RepositoryName]",
        archive: "asyncio.Task[Fact[ArchiveFacts]]",
        hub: "asyncio.Task[Fact[HubFacts]]",
        readme: "asyncio.Task[Fact[str]]",
        tree: "asyncio.Task[Fact[TreeFacts]]",
    ) -> Fact[RepositoryLink]:
        """Whether the repository is the package's own; without one, the reason why there is none."""
        named = await name
        if named.name is None or self._sources.code_host is None:
            found = await tree
            return Fact(found.source, found.state, reason=found.reason)
        return repository_link(
            named.name, package, archive=await archive, hub=await hub, readme=await readme, tree=await tree
        )

    async def _tree(self, name: "asyncio.Task[RepositoryName]", user: str) -> Fact[TreeFacts]:
        """The repository's files; what its `pyproject.toml` declares is read like a card."""
        tree = await self._code(name, lambda host, it: host.tree(it))
        text = tree.value.pyproject if tree.value else None
        if tree.value is None or text is None:
            return tree
        project = await self._ask(GITHUB, self._deadlines.parsing, lambda: self._cards.read_project(text, user=user))
        if project.failed:
            return Fact(GITHUB, FactState.FAILED, reason=project.reason, latency_ms=tree.latency_ms)
        return replace(tree, value=replace(tree.value, pyproject=None, project=project.value))

    async def _claims(self, card: "asyncio.Task[Fact[str]]") -> Fact[ClaimsReading]:
        reader = self._sources.claims
        if reader is None:
            return _absent(TEXT_MODEL, "no text model is set up")
        text = (await card).value
        if text is None:
            return _absent(TEXT_MODEL, "there is no card to read")
        return await self._ask(TEXT_MODEL, self._deadlines.claims, lambda: reader.read_claims(text))

    async def _datasets(
        self,
        record: Fact[PackageFacts],
        card: "asyncio.Task[Fact[str]]",
        hub: "asyncio.Task[Fact[HubFacts]]",
        read: ReadCard,
    ) -> Fact[tuple[DatasetFacts, ...]]:
        reading, info = await read((await card).value), await hub
        if reading.value is None:
            return Fact(CARD, reading.state, reason=reading.reason, latency_ms=reading.latency_ms)
        named = named_datasets(record.value, reading.value.datasets, info.value)
        names = [name for name in named if is_dataset_id(name)][:MAX_DATASETS]
        source = self._sources.hub
        if not names or source is None:
            return _absent(HUB, "no hub is set up" if names else "no dataset is named")
        ask = self._ask
        infos, texts = await asyncio.gather(
            asyncio.gather(*(ask(HUB, self._deadlines.hub, _bind(source.info, "dataset", name)) for name in names)),
            asyncio.gather(*(ask(HUB, self._deadlines.hub, _bind(source.card, "dataset", name)) for name in names)),
        )
        checked = [check_text(text, info, HUB_README) for text, info in zip(texts, infos, strict=True)]
        cards = await asyncio.gather(*(read_text(text, read) for text in checked))
        return join_datasets(infos, cards, names)


def _bind(method: Callable[[str, str], Awaitable[T]], kind: str, name: str) -> Callable[[], Awaitable[T]]:
    return lambda: method(kind, name)


def _absent(source: str, reason: str) -> Fact[Any]:
    return Fact(source, FactState.ABSENT, reason=reason)
