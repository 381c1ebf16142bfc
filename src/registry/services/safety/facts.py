"""What a verdict means for a rating."""

import json

from registry.domain.errors import SourceFailed
from registry.domain.evidence import SafetyFacts
from registry.domain.packages import Content
from registry.domain.safety import Finding, FindingLevel, NotScanned
from registry.domain.verdicts import Verdict
from registry.ports.verdicts import VerdictStore

_UNREAD_SHOWN = 20
_TEXT_CHARACTERS = 500


class VerdictFacts:
    """Implements `SafetySource` over the verdicts that are kept."""

    def __init__(self, verdicts: VerdictStore) -> None:
        self._verdicts = verdicts

    async def safety(self, content: Content) -> SafetyFacts:
        verdict = await self._verdicts.find(content.sha256)
        if verdict is None:
            raise SourceFailed("the content has not been scanned yet")
        return facts_of(verdict)


def facts_of(verdict: Verdict) -> SafetyFacts:
    """The verdict, bounded: a receipt keeps it for good."""
    members = json.loads(verdict.body)
    findings = tuple(
        Finding(_cut(it["path"]), FindingLevel(it["level"]), it["scanner"], _cut(it["detail"]))
        for it in members["findings"]
    )
    unread = members["not_scanned"]
    return SafetyFacts(
        content_sha256=verdict.summary.content_sha256,
        status=verdict.summary.status,
        scanner_version=verdict.summary.scanner_version,
        findings=findings,
        scanned=len(members["scanned"]),
        unread=len(unread),
        not_scanned=tuple(NotScanned(_cut(it["path"]), _cut(it["reason"])) for it in unread[:_UNREAD_SHOWN]),
    )


def _cut(text: str) -> str:
    return text[:_TEXT_CHARACTERS]
