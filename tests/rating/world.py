"""A package, a clock, and the imitated services behind the real adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from registry.adapters.outbound.github import GitHubCodeHost, github_headers
from registry.adapters.outbound.huggingface import HuggingFaceHub, huggingface_says_absent
from registry.adapters.outbound.text_model import ChatClaimsReader
from registry.adapters.outbound.upstream import Upstream, UpstreamLimits
from registry.domain.evidence import ParentScore
from registry.domain.packages import Dependency, Package, PackageStatus, PackageType
from registry.domain.ratings import Rating
from registry.domain.receipts import encode_receipt
from registry.domain.versions import Version
from registry.rating.collect import EvidenceCollector
from registry.rating.recompute import recompute
from registry.rating.score import rate
from registry.rating.sources import Deadlines, Sources
from tests.rating.factories import AT
from tests.sandbox import DirectCards
from tests.upstreams.server import Upstreams

PACKAGE = Package(
    id="0193",
    name="tiny",
    version=Version(1, 0, 0),
    type=PackageType.MODEL,
    status=PackageStatus.ACTIVE,
    created_by="ann",
    created_at=AT,
    updated_at=AT,
    source_url="https://huggingface.co/org/tiny",
    dependencies=(Dependency("base_model", "org/base"),),
)
PATIENT = Deadlines(parsing=600, code_host=600, hub=600, claims=600, parents=600)


class SettableClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 15, 43, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class BaseRated:
    async def parents(self, package: Package) -> tuple[ParentScore, ...]:
        return (ParentScore("p0", "org/base", 0.5),)


@dataclass
class World:
    upstreams: Upstreams
    clock: SettableClock
    sources: Sources
    slept: list[float]

    async def collect(self, package: Package = PACKAGE, *, deadlines: Deadlines = PATIENT) -> Rating:
        """Collect, rate, and compute again from the receipt."""
        evidence = await EvidenceCollector(
            self.sources, cards=DirectCards(), clock=self.clock, deadlines=deadlines
        ).collect(package)
        receipt = rate(evidence)
        assert recompute(encode_receipt(receipt)).rating == receipt.rating
        return receipt.rating


@asynccontextmanager
async def open_world(upstreams: Upstreams) -> AsyncIterator[World]:
    clock, slept = SettableClock(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with httpx.AsyncClient(trust_env=False) as client:

        def upstream(name: str, path: str, **options: object) -> Upstream:
            limits = UpstreamLimits(answer_bytes=200_000)
            return Upstream(
                client,
                name=name,
                base_url=upstreams.base_url + path,
                clock=clock,
                limits=limits,
                jitter=lambda: 1.0,
                sleep=sleep,
                **options,  # type: ignore[arg-type] # passed through
            )

        sources = Sources(
            code_host=GitHubCodeHost(upstream("github", "/github", headers=github_headers("t0ken")), clock=clock),
            hub=HuggingFaceHub(upstream("huggingface", "/hub", says_absent=huggingface_says_absent(None))),
            claims=ChatClaimsReader(upstream("text model", "/v1"), model="reader-1", new_fence=lambda: "f3nce"),
            parents=BaseRated(),
        )
        yield World(upstreams, clock, sources, slept)
