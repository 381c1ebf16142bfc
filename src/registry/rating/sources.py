"""Who is asked for evidence, and how long an answer may take."""

from dataclasses import dataclass, replace

from registry.ports.sources import (
    ArchiveInspector,
    ClaimsReader,
    CodeHost,
    ModelHub,
    ParentScores,
    SafetySource,
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is asked. None: that source is not set up."""

    archives: ArchiveInspector | None = None
    safety: SafetySource | None = None
    code_host: CodeHost | None = None
    hub: ModelHub | None = None
    claims: ClaimsReader | None = None
    parents: ParentScores | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each kind of answer may take, in seconds. Parsing has its own limits, and may wait for its turn."""

    parsing: float = 600.0
    code_host: float = 20.0
    hub: float = 15.0
    claims: float = 30.0
    parents: float = 5.0
    safety: float = 5.0

    def within(self, seconds: float) -> "Deadlines":
        """These, with no other service given more than `seconds`."""
        return replace(
            self,
            code_host=min(self.code_host, seconds),
            hub=min(self.hub, seconds),
            claims=min(self.claims, seconds),
        )
