"""What the card of a revision says of it, in the words that Hugging Face clients know."""

import json
from collections.abc import Mapping
from typing import Any

import structlog

from registry.domain.errors import ParsingAborted
from registry.domain.packages import Package
from registry.domain.recent import Recent
from registry.formats.front_matter import front_matter_json, names
from registry.ports.sandbox import JobLimits, Sandbox

_log = structlog.get_logger(__name__)
_LIMITS = JobLimits(seconds=10.0)
"""The largest honest cards take 0.3 s."""
_MOST_KEPT = 500
_BEGINS = "---"


class Cards:
    """Reads the front matter of READMEs in isolated jobs, and keeps what was asked for last."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._kept = Recent[tuple[str, int], Mapping[str, Any]](_MOST_KEPT)

    async def read(self, package: Package) -> Mapping[str, Any] | None:
        """The front matter of the package's README; empty where there is none, None where it could not be read."""
        if not (package.readme or "").lstrip("\ufeff").startswith(_BEGINS):
            return {}
        key = (package.id, package.revision)
        if (kept := self._kept.get(key)) is not None:
            return kept
        try:
            text = await self._sandbox.run(
                front_matter_json, None, package.readme, limits=_LIMITS, user=package.created_by, urgent=True
            )
        except ParsingAborted as error:
            _log.warning("card_unreadable", package_id=package.id, reason=str(error))
            return None
        found: Mapping[str, Any] = json.loads(text)
        self._kept.put(key, found)
        return found


def tags_of(package: Package, card: Mapping[str, Any] | None = None) -> list[str]:
    """The package's tags, and those that clients filter by: license, base model, datasets; what its card adds."""
    found = [*package.tags]
    if package.license:
        found.append(f"license:{package.license.lower()}")
    found += [f"{dependency.relation}:{dependency.name}" for dependency in package.dependencies]
    if card:
        found += [*names(card, "tags"), *names(card, "language"), *names(card, "pipeline_tag")]
        found += names(card, "library_name")
        found += [f"dataset:{name}" for name in names(card, "datasets")]
    return list(dict.fromkeys(found))
