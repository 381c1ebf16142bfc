"""Invalidation by tag: `CreateInvalidation` with items that begin with `#`.

Source: Amazon CloudFront Developer Guide, "Invalidating content by cache tags". CloudFront's API is global: calls are
signed for us-east-1, wherever the registry runs.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from registry.domain.errors import Unavailable

_REGION = "us-east-1"
CALL_SECONDS = 10
TRIES = 2


class CloudFrontEdge:
    """Implements `EdgeCache` for one distribution."""

    def __init__(self, client: Any, distribution_id: str) -> None:
        self.client = client
        self._distribution_id = distribution_id

    async def invalidate(self, tags: Sequence[str], *, reference: str) -> None:
        items = [f"#{tag}" for tag in tags]
        batch = {"Paths": {"Quantity": len(items), "Items": items}, "CallerReference": reference}
        try:
            await self.client.create_invalidation(DistributionId=self._distribution_id, InvalidationBatch=batch)
        except ClientError as error:
            found = error.response["Error"]
            raise Unavailable(f"CloudFront refused an invalidation: {found['Code']}: {found['Message']}") from error
        except BotoCoreError as error:
            raise Unavailable(f"CloudFront cannot be reached: {error}") from error


@asynccontextmanager
async def open_edge(distribution_id: str, *, endpoint_url: str | None = None) -> AsyncIterator[CloudFrontEdge]:
    """The distribution through a client of its own. Credentials: as every AWS program finds them."""
    config = AioConfig(
        connect_timeout=CALL_SECONDS,
        read_timeout=CALL_SECONDS,
        retries={"total_max_attempts": TRIES, "mode": "standard"},  # longer waits are the outbox's
    )
    session = aioboto3.Session()
    opening = session.client("cloudfront", region_name=_REGION, endpoint_url=endpoint_url, config=config)
    async with cast("Any", opening) as client:
        yield CloudFrontEdge(client, distribution_id)
