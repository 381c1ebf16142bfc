"""Commits on the Hugging Face Hub, by its HTTP API."""

from datetime import UTC, datetime
from urllib.parse import quote

from registry.adapters.outbound.answers import as_object, optional_text
from registry.adapters.outbound.asking import commit_id
from registry.adapters.outbound.upstream import Upstream
from registry.domain.errors import NotFound
from registry.domain.packages import PackageType
from registry.ports.clock import Clock
from registry.ports.hub_commits import HubCommit

_FOLDERS = {PackageType.MODEL: "models", PackageType.DATASET: "datasets"}


class HuggingFaceCommits:
    """Implements HubCommits: one request."""

    def __init__(self, upstream: Upstream, *, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock

    async def find(self, kind: PackageType, name: str, revision: str) -> HubCommit | None:
        place = f"/api/{_FOLDERS[kind]}/{quote(name)}/revision/{quote(revision, safe='')}"
        try:
            members = as_object(await self._upstream.get_json(place), kind.value)
        except NotFound:
            return None
        return HubCommit(commit_id(members), self._moment(optional_text(members.get("lastModified"))))

    def _moment(self, text: str | None) -> datetime:
        """Now, where the Hub does not say in a way that can be read."""
        try:
            found = datetime.fromisoformat(text or "")
        except ValueError:
            return self._clock.now()
        return found.astimezone(UTC) if found.tzinfo else self._clock.now()
