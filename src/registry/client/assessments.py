"""What the registry says of a package's worth and safety, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from registry.client.models import Document


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a rating. `score` (0.0–1.0) is None where nothing is known; `evidence` is for a person."""

    score: float | None
    weight: float
    evidence: str
    source: str | None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(members["score"], members["weight"], members["evidence"], members.get("source"), members)


@dataclass(frozen=True, slots=True)
class Rating:
    """The rating of one revision. `status` is partial where a source failed: it is tried again.

    `net_score` (0.0–1.0) is None where no metric could be measured; `net_score_range` is what it could be.
    """

    package_id: str
    revision: int
    status: str
    net_score: float | None
    net_score_range: tuple[float, float]
    rated_at: datetime
    metrics: Mapping[str, Metric]
    safety: str | None
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        low, high = members["net_score_range"]
        return cls(
            members["package_id"],
            members["revision"],
            members["status"],
            members["net_score"],
            (low, high),
            datetime.fromisoformat(members["rated_at"]),
            {name: Metric.from_json(metric) for name, metric in members["metrics"].items()},
            members.get("safety"),
            members,
        )


@dataclass(frozen=True, slots=True)
class LicenseCheck:
    """Whether a project may use a package, and why. A license is None where it is not known."""

    compatible: bool
    package_license: str | None
    project_license: str | None
    reason: str
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["compatible"], members["package_license"], members["project_license"], members["reason"], members
        )


@dataclass(frozen=True, slots=True)
class SafetyFinding:
    """What could run code: in which file, as which scanner says. `level` is dangerous or suspicious."""

    path: str
    level: str
    scanner: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a content: clean, not_scanned, suspicious or dangerous.

    `scanned` are the files that were read completely, `not_scanned` the others with the reason.
    """

    status: str
    content_sha256: str
    findings: tuple[SafetyFinding, ...]
    scanned: tuple[str, ...]
    not_scanned: Mapping[str, str]
    scanned_at: datetime
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["status"],
            members["content_sha256"],
            tuple(SafetyFinding(it["path"], it["level"], it["scanner"], it["detail"]) for it in members["findings"]),
            tuple(members["scanned"]),
            {it["path"]: it["reason"] for it in members["not_scanned"]},
            datetime.fromisoformat(members["scanned_at"]),
            members,
        )
