"""The part of the composition that reaches other servers: GitHub, the Hugging Face Hub, and webhooks' receivers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from registry.adapters.outbound.fetcher import SourceFetcher
from registry.adapters.outbound.github import GitHubCodeHost, github_headers
from registry.adapters.outbound.github_fetching import GitHubArchives
from registry.adapters.outbound.guarded import GuardedResolver, guarded_client
from registry.adapters.outbound.huggingface import HuggingFaceHub, huggingface_headers, huggingface_says_absent
from registry.adapters.outbound.huggingface_fetching import HubArchives, HubLimits
from registry.adapters.outbound.transfers import Transfers
from registry.adapters.outbound.upstream import Upstream
from registry.adapters.outbound.webhooks import HttpWebhookSender
from registry.ports.blobs import BlobStore
from registry.ports.clock import Clock
from registry.ports.fetching import ContentFetcher
from registry.ports.sources import CodeHost, ModelHub
from registry.ports.webhooks import WebhookSender
from registry.rating.collect import EvidenceCollector, Sources
from registry.services.archive_evidence import StoredArchiveInspector
from registry.services.ingest_gate import ScoreGate, evidence_scorer
from registry.settings import Settings

_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Outbound:
    """The ports to other services. Those of one service share its rate limit and its cache."""

    fetcher: ContentFetcher
    code_host: CodeHost
    hub: ModelHub
    sender: WebhookSender


@asynccontextmanager
async def open_outbound(settings: Settings, clock: Clock) -> AsyncIterator[Outbound]:
    # Requests for what strangers name never share a connection; those to the two configured services do.
    async with (
        httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False) as services,
        guarded_client(timeout_seconds=_TIMEOUT_SECONDS) as strangers,
    ):
        yield _compose(settings, services, strangers, clock)


def _compose(settings: Settings, services: httpx.AsyncClient, strangers: httpx.AsyncClient, clock: Clock) -> Outbound:
    github_secrets = github_headers(_revealed(settings.github_token))
    hub_secrets = huggingface_headers(_revealed(settings.huggingface_token))
    github = Upstream(services, name="GitHub", base_url=settings.github_api_url, headers=github_secrets, clock=clock)
    hub = Upstream(
        services,
        name="Hugging Face",
        base_url=settings.huggingface_url,
        headers=hub_secrets,
        says_absent=huggingface_says_absent,
        clock=clock,
    )
    resolver = GuardedResolver(settings.allow_private_targets)
    transfers = Transfers(strangers, resolver)
    fetcher = SourceFetcher(
        transfers,
        github=GitHubArchives(
            github, transfers, base_url=settings.github_api_url, secret_headers=github_secrets, clock=clock
        ),
        hub=HubArchives(
            hub,
            transfers,
            base_url=settings.huggingface_url,
            secret_headers=hub_secrets,
            limits=HubLimits(settings.max_package_bytes),
            clock=clock,
        ),
    )
    sender = HttpWebhookSender(strangers, resolver, timeout_seconds=settings.webhook_timeout_seconds)
    return Outbound(fetcher, GitHubCodeHost(github, clock=clock), HuggingFaceHub(hub), sender)


def compose_gate(settings: Settings, outbound: Outbound, blobs: BlobStore, clock: Clock) -> ScoreGate | None:
    """What asks for a score before a package becomes visible, None where the settings ask for none."""
    if settings.min_ingest_score == 0:
        return None
    sources = Sources(archives=StoredArchiveInspector(blobs), code_host=outbound.code_host, hub=outbound.hub)
    return ScoreGate(evidence_scorer(EvidenceCollector(sources, clock=clock)), settings.min_ingest_score)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
