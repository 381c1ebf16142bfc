"""Bodies of answers about the service itself: health, and kinds of problems."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from registry.api.models.packages import PACKAGE_EXAMPLE, Answer


class HealthModel(Answer):
    status: Literal["ok"]
    version: str


class ComponentStateModel(Answer):
    status: Literal["ok", "unavailable"]
    optional: Annotated[bool, Field(description="requests should come here without it, too")]
    detail: str | None


class ReadinessModel(Answer):
    status: Literal["ready", "degraded", "not_ready", "stopping"]
    components: dict[str, ComponentStateModel]


class MinuteModel(Answer):
    minute: datetime
    calls: int
    errors: int
    mean_ms: float
    max_ms: float


class ComponentWindowModel(Answer):
    name: str
    status: Annotated[
        Literal["ok", "degraded", "down", "unknown"],
        Field(description="degraded: over 1 % errors; down: over half; unknown: nothing was called"),
    ]
    calls: int
    errors: int
    mean_ms: float | None
    max_ms: float | None
    timeline: Annotated[list[MinuteModel] | None, Field(description="by minute, with `includeTimeline=true`")]


class RequestMinuteModel(Answer):
    minute: datetime
    calls: int
    errors: int
    p95_ms: float | None


class RequestsModel(Answer):
    calls: Annotated[int, Field(description="requests that were answered, those of the web interface included")]
    errors: Annotated[int, Field(description="answers of 500 and more")]
    mean_ms: float | None
    p95_ms: Annotated[
        float | None, Field(description="95 of 100 requests took no longer; estimated from counts by time")
    ]
    target_p95_ms: float
    timeline: Annotated[list[RequestMinuteModel] | None, Field(description="by minute, with `includeTimeline=true`")]


class QueueMinuteModel(Answer):
    minute: datetime
    depth: Annotated[int, Field(description="the most jobs that waited")]


class QueueWindowModel(Answer):
    name: str
    max_depth: Annotated[int, Field(description="the most jobs that waited at once")]
    timeline: Annotated[list[QueueMinuteModel] | None, Field(description="by minute, with `includeTimeline=true`")]


class ComponentsModel(Answer):
    window_minutes: int
    components: list[ComponentWindowModel]
    requests: RequestsModel
    queues: list[QueueWindowModel]


class LoadTestBoundModel(Answer):
    most_seconds: int


class LoadMeasuredModel(Answer):
    name: Annotated[str, Field(description="`all`, or the kind of request")]
    requests: int
    errors: Annotated[int, Field(description="answers of 500 and more")]
    refused: Annotated[int, Field(description="answers of 429; their times do not count")]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class LoadReportModel(Answer):
    seconds: float
    clients: int
    per_second: float
    target_p95_ms: float
    reached: Annotated[bool, Field(description="no error, and the 95th percentile of all within the target")]
    measured: list[LoadMeasuredModel]


class ProblemKindModel(Answer):
    type: str
    title: str
    status: int
    meaning: str


class FieldErrorModel(Answer):
    pointer: Annotated[str, Field(description="JSON pointer (RFC 6901), or the name of a parameter")]
    detail: str


class RefusingRuleModel(BaseModel):
    """A rule of the operator's policy, and why it refuses the package."""

    rule: str
    reason: str


class ProblemModel(BaseModel):
    """RFC 9457. Some kinds carry more members."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/not-found",
                    "title": "There is nothing here",
                    "status": 404,
                    "detail": "There is no package with this id.",
                    "instance": f"/package/{PACKAGE_EXAMPLE['id']}",
                    "request_id": "4f0c2b7d9e8a4f6d8c1b2a3d4e5f6071",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldErrorModel] | None = None
    existing_id: Annotated[str | None, Field(description="with `package-exists`")] = None
    position: Annotated[
        int | None, Field(description="where in a regular expression the mistake is, in characters from 0")
    ] = None
    rules: Annotated[list[RefusingRuleModel] | None, Field(description="with `policy-refused`")] = None
    missing_parts: Annotated[list[int] | None, Field(description="with `upload-incomplete`: the first of them")] = None
