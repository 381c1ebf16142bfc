"""The part of the composition that asks other services: GitHub and the Hugging Face Hub, for ingest and for ratings."""

from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from registry.adapters.outbound.fetcher import SourceFetcher
from registry.adapters.outbound.github import GitHubCodeHost, github_headers
from registry.adapters.outbound.github_fetching import GitHubArchives
from registry.adapters.outbound.guarded import GuardedResolver
from registry.adapters.outbound.huggingface import HuggingFaceHub, huggingface_headers, huggingface_says_absent
from registry.adapters.outbound.huggingface_fetching import HubArchives, HubLimits
from registry.adapters.outbound.transfers import Transfers
from registry.adapters.outbound.upstream import Upstream
from registry.ports.blobs import BlobStore
from registry.ports.clock import Clock
from registry.ports.fetching import ContentFetcher
from registry.ports.sources import CodeHost, ModelHub
from registry.rating.collect import EvidenceCollector, Sources
from registry.services.archive_evidence import StoredArchiveInspector
from registry.services.ingest_gate import ScoreGate, evidence_scorer
from registry.settings import Settings


@dataclass(frozen=True, slots=True)
class Outbound:
    """The ports to other services. Those of one service share its rate limit and its cache."""

    fetcher: ContentFetcher
    code_host: CodeHost
    hub: ModelHub


def compose_outbound(settings: Settings, client: httpx.AsyncClient, clock: Clock) -> Outbound:
    github_secrets = github_headers(_revealed(settings.github_token))
    hub_secrets = huggingface_headers(_revealed(settings.huggingface_token))
    github = Upstream(client, name="GitHub", base_url=settings.github_api_url, headers=github_secrets, clock=clock)
    hub = Upstream(
        client,
        name="Hugging Face",
        base_url=settings.huggingface_url,
        headers=hub_secrets,
        says_absent=huggingface_says_absent,
        clock=clock,
    )
    transfers = Transfers(client, GuardedResolver(settings.allow_private_targets))
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
    return Outbound(fetcher, GitHubCodeHost(github, clock=clock), HuggingFaceHub(hub))


def compose_gate(settings: Settings, outbound: Outbound, blobs: BlobStore, clock: Clock) -> ScoreGate | None:
    """What asks for a score before a package becomes visible, None where the settings ask for none."""
    if settings.min_ingest_score == 0:
        return None
    sources = Sources(archives=StoredArchiveInspector(blobs), code_host=outbound.code_host, hub=outbound.hub)
    return ScoreGate(evidence_scorer(EvidenceCollector(sources, clock=clock)), settings.min_ingest_score)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
