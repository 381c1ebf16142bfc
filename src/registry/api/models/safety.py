"""Bodies of answers about safety, for the schema."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from registry.api.models.packages import PACKAGE_EXAMPLE, Answer, Id
from registry.domain.safety import FindingLevel, SafetyStatus

SAFETY_EXAMPLE: dict[str, Any] = {
    "status": "dangerous",
    "content_sha256": PACKAGE_EXAMPLE["content"]["sha256"],
    "findings": [
        {"path": "outer.zip!/model.pkl", "level": "dangerous", "scanner": "pickle", "detail": "calls os.system"}
    ],
    "scanned": ["outer.zip!/model.pkl"],
    "not_scanned": [],
    "scanned_at": "2026-11-23T15:43:00.123Z",
}
FilePath = Annotated[str, Field(description="in a nested archive: `outer.zip!/inner.pkl`")]


class FindingModel(Answer):
    path: FilePath
    level: FindingLevel
    scanner: str
    detail: str


class NotScannedModel(Answer):
    path: FilePath
    reason: str


class SafetyModel(Answer):
    """The verdict on a content. It applies to every package and revision with these bytes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [SAFETY_EXAMPLE]})

    status: Annotated[SafetyStatus, Field(description="the worst of what was found")]
    content_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    findings: list[FindingModel]
    scanned: Annotated[list[FilePath], Field(description="files that can carry code and were read completely")]
    not_scanned: Annotated[list[NotScannedModel], Field(description="what could not be read completely, and why")]
    scanned_at: datetime


class ScanQueuedModel(Answer):
    status: Literal["queued"]
    package_id: Id
