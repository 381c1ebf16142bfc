"""The cache at the edge, where the settings name one and somebody may read without a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from registry.composition.backends import Records
from registry.ports.clock import Clock
from registry.ports.edge import EdgeCache
from registry.services.edge.invalidation import EdgeInvalidation
from registry.services.edge.unseen import Unseen
from registry.settings import Settings

_LEASE_SECONDS = 60.0
"""More than twice what a call with its tries takes."""


@asynccontextmanager
async def open_edge_cache(settings: Settings) -> AsyncIterator[EdgeCache | None]:
    if not (settings.edge_distribution_id and settings.anonymous_permissions):  # edges keep nothing else
        yield None
        return
    from registry.adapters.cloudfront import open_edge  # AWS's library: imported where it is used

    async with open_edge(settings.edge_distribution_id, endpoint_url=settings.edge_endpoint_url) as edge:
        yield edge


def assemble_edge(cache: EdgeCache | None, records: Records, *, clock: Clock) -> EdgeInvalidation | None:
    if cache is None:
        return None
    unseen = Unseen(records.packages, records.names)
    return EdgeInvalidation(records.webhooks, records.outbox, cache, unseen, clock=clock, lease_seconds=_LEASE_SECONDS)
