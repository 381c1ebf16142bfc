"""Bodies of answers about ratings, for the schema, and the one body that is sent."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from registry.api.models.packages import PACKAGE_EXAMPLE, Answer, Id
from registry.api.models.requests import License, Strict
from registry.api.models.safety import FindingModel
from registry.domain.ratings import MetricName, MetricStatus, RatingStatus, Target
from registry.domain.safety import SafetyStatus

Score = Annotated[float, Field(ge=0, le=1)]
RATING_EXAMPLE: dict[str, Any] = {
    "package_id": PACKAGE_EXAMPLE["id"],
    "revision": 1,
    "status": "complete",
    "net_score": 0.71,
    "net_score_range": [0.64, 0.74],
    "rated_at": "2026-11-23T15:43:00.123Z",
    "latency_ms": 812,
    "formula_version": "3",
    "metrics": {
        "license": {
            "score": 1.0,
            "status": "measured",
            "weight": 0.2,
            "latency_ms": 3,
            "source": "record",
            "evidence": "Apache-2.0, compatible with 16 of 16 common uses",
        },
        "bus_factor": {
            "score": 0.5,
            "status": "measured",
            "weight": 0.1,
            "latency_ms": 412,
            "source": "code_host",
            "evidence": "half of the last 100 commits are by one person",
        },
    },
    "safety": "clean",
    "findings": [],
}


class MetricModel(Answer):
    """One metric. `lost_to` names sources that failed."""

    score: Score | None
    status: MetricStatus
    weight: float
    latency_ms: int
    source: str | None
    evidence: Annotated[str, Field(description="what the score rests on, for a person to check")]
    by_target: Annotated[dict[Target, Score] | None, Field(description="of `size`: the score for each device")] = None
    lost_to: Annotated[list[str] | None, Field(description="sources that failed and took the score away")] = None


class RatingModel(Answer):
    """A rating. `partial`: a failing source took a score away; it is tried again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [RATING_EXAMPLE]})

    package_id: Id
    revision: int
    status: RatingStatus
    net_score: Score | None
    net_score_range: Annotated[list[Score], Field(min_length=2, max_length=2)]
    rated_at: datetime
    latency_ms: int
    formula_version: str
    metrics: dict[MetricName, MetricModel]
    safety: Annotated[SafetyStatus | None, Field(description="the verdict on the content; null without content")]
    findings: Annotated[list[FindingModel], Field(description="what the verdict rests on")]


class RatingQueuedModel(Answer):
    status: Literal["queued"]
    package_id: Id


class ReceiptKeyModel(Answer):
    """A public key (RFC 8037). `kid` is its thumbprint (RFC 7638), which signatures name as `key_id`."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Annotated[str, Field(description="the key's 32 bytes, in base64url")]
    kid: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class ReceiptKeysModel(Answer):
    """A JWK set (RFC 7517)."""

    keys: list[ReceiptKeyModel]


class LicenseAnswerModel(Answer):
    """`compatible` only when both licenses are known and go together."""

    compatible: bool
    package_license: str | None
    project_license: str | None
    reason: str


class LicenseCheckBody(Strict):
    """A project: the license it is under, or the GitHub or Hugging Face repository to read it from."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"license": "GPL-3.0-only"}]})

    license: License | None = None
    url: Annotated[str | None, Field(max_length=2048)] = None
