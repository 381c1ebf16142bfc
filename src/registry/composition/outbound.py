"""The part of the composition that reaches other servers: GitHub, the Hugging Face Hub, and webhooks' receivers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from registry.adapters.outbound.bounds import Pace
from registry.adapters.outbound.fetcher import SourceFetcher
from registry.adapters.outbound.github import GitHubCodeHost, github_headers
from registry.adapters.outbound.github_fetching import GitHubArchives
from registry.adapters.outbound.guarded import GuardedResolver, guarded_client, trusted_authorities
from registry.adapters.outbound.huggingface import HuggingFaceHub, huggingface_headers, huggingface_says_absent
from registry.adapters.outbound.huggingface_commits import HuggingFaceCommits
from registry.adapters.outbound.huggingface_fetching import HubArchives, HubLimits
from registry.adapters.outbound.text_model import ChatClaimsReader
from registry.adapters.outbound.transfers import TransferLimits, Transfers
from registry.adapters.outbound.upstream import Upstream
from registry.adapters.outbound.webhooks import HttpWebhookSender
from registry.ports.clock import Clock
from registry.ports.fetching import ContentFetcher
from registry.ports.hub_commits import HubCommits
from registry.ports.sources import ClaimsReader, CodeHost, ModelHub
from registry.ports.webhooks import WebhookSender
from registry.settings import Settings

if TYPE_CHECKING:
    from registry.telemetry.tracing import Tracing

_SERVICE_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_NAMED_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The services that know about packages. None: that one is not asked."""

    code_host: CodeHost | None = None
    hub: ModelHub | None = None
    claims: ClaimsReader | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """The ports to other servers. Those of one service share its rate limit and its cache."""

    fetcher: ContentFetcher
    upstreams: Upstreams
    sender: WebhookSender
    hub_commits: HubCommits | None


@asynccontextmanager
async def open_outbound(settings: Settings, clock: Clock, tracing: "Tracing | None" = None) -> AsyncIterator[Outbound]:
    # Requests for what users name never share a connection; those to the configured services do.
    async with (
        httpx.AsyncClient(timeout=_SERVICE_TIMEOUT, trust_env=False, verify=trusted_authorities()) as services,
        guarded_client(timeout_seconds=_NAMED_TIMEOUT_SECONDS) as named,
    ):
        if tracing is not None:
            services.event_hooks = named.event_hooks = {"request": [tracing.send_context]}
        yield _compose(settings, services, named, clock)


def _compose(settings: Settings, services: httpx.AsyncClient, named: httpx.AsyncClient, clock: Clock) -> Outbound:
    resolver = GuardedResolver(settings.allow_private_targets)
    pace = Pace(settings.upstream_min_bytes_per_second, settings.upstream_idle_seconds)
    transfers = Transfers(named, resolver, TransferLimits(settings.upstream_head_seconds, pace))
    code_host, github_archives = _github(settings, services, transfers, clock)
    hub = _hub(settings, services, transfers, clock)
    return Outbound(
        SourceFetcher(transfers, github=github_archives, hub=hub.archives),
        Upstreams(code_host, hub.facts, _claims(settings, services, clock)),
        HttpWebhookSender(named, resolver, timeout_seconds=settings.webhook_timeout_seconds),
        hub.commits,
    )


@dataclass(frozen=True, slots=True)
class _Hub:
    """The ports to the Hugging Face Hub. None: it is not asked."""

    facts: ModelHub | None = None
    archives: HubArchives | None = None
    commits: HubCommits | None = None


def _github(
    settings: Settings, client: httpx.AsyncClient, transfers: Transfers, clock: Clock
) -> tuple[CodeHost | None, GitHubArchives | None]:
    if not settings.github_api_url:
        return None, None
    headers = github_headers(_revealed(settings.github_token))
    upstream = Upstream(client, name="GitHub", base_url=settings.github_api_url, headers=headers, clock=clock)
    archives = GitHubArchives(
        upstream, transfers, base_url=settings.github_api_url, secret_headers=headers, clock=clock
    )
    return GitHubCodeHost(upstream, clock=clock), archives


def _hub(settings: Settings, client: httpx.AsyncClient, transfers: Transfers, clock: Clock) -> _Hub:
    if not settings.huggingface_url:
        return _Hub()
    headers = huggingface_headers(_revealed(settings.huggingface_token))
    upstream = Upstream(
        client,
        name="Hugging Face",
        base_url=settings.huggingface_url,
        headers=headers,
        says_absent=huggingface_says_absent(_revealed(settings.huggingface_token)),
        clock=clock,
    )
    archives = HubArchives(
        upstream,
        transfers,
        base_url=settings.huggingface_url,
        secret_headers=headers,
        limits=HubLimits(settings.max_package_bytes),
        clock=clock,
    )
    return _Hub(HuggingFaceHub(upstream), archives, HuggingFaceCommits(upstream, clock=clock))


def _claims(settings: Settings, client: httpx.AsyncClient, clock: Clock) -> ClaimsReader | None:
    if not settings.text_model_url:
        return None
    key = _revealed(settings.text_model_key)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    upstream = Upstream(client, name="the text model", base_url=settings.text_model_url, headers=headers, clock=clock)
    return ChatClaimsReader(upstream, model=settings.text_model_name)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
