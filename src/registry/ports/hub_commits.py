"""What the Hugging Face Hub has, as far as pulling through needs to know before anything is fetched."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.packages import PackageType


@dataclass(frozen=True, slots=True)
class HubCommit:
    """A commit of a repository on the Hub: its id (hex), and when its repository was last changed."""

    sha: str
    changed_at: datetime


class HubCommits(Protocol):
    async def find(self, kind: PackageType, name: str, revision: str) -> HubCommit | None:
        """What a revision leads to now, None where the Hub says that there is none. Raises SourceFailed."""
