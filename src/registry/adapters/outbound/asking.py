"""What fetching shares between the services that it asks."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from registry.adapters.outbound.answers import text
from registry.domain.errors import NotFound, SourceFailed
from registry.ports.clock import Clock
from registry.ports.fetching import FetchError

_COMMIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@asynccontextmanager
async def translated(clock: Clock) -> AsyncIterator[None]:
    """What a service did not answer, as an error of the fetch."""
    try:
        yield
    except NotFound as error:
        raise FetchError(str(error), transient=False) from None
    except SourceFailed as error:
        wait = (error.retry_at - clock.now()).total_seconds() if error.retry_at else 0.0
        raise FetchError(error.reason, transient=True, retry_after_seconds=max(wait, 0.0)) from None


def commit_id(members: dict[str, Any]) -> str:
    """The `sha` of an answer, which becomes part of addresses. Raises SourceFailed."""
    sha = text(members, "sha")
    if _COMMIT_ID.fullmatch(sha):
        return sha
    raise SourceFailed("the answer's sha is no commit id")
