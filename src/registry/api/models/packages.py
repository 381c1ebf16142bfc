"""Bodies of answers, for the schema. Answers are written as ready bytes; tests hold them to these models."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from registry.api.models.requests import ID_PATTERN, DependencyBody
from registry.domain.accounts import Permission
from registry.domain.packages import AuditAction, PackageStatus, PackageType
from registry.domain.safety import SafetyStatus

EXAMPLE_ID = "01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PACKAGE_EXAMPLE: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "name": "bert-tiny",
    "version": "1.2.3",
    "type": "model",
    "status": "active",
    "description": "A small BERT",
    "license": "Apache-2.0",
    "tags": ["nlp"],
    "source_url": "https://huggingface.co/prajjwal1/bert-tiny",
    "dependencies": [{"relation": "base_model", "name": "google-bert/bert-base-uncased", "version": None, "id": None}],
    "content": {
        "size": 44040192,
        "sha256": _SHA256,
        "media_type": "application/zip",
        "filename": "bert-tiny.zip",
        "url": f"/package/{EXAMPLE_ID}/content",
    },
    "revision": 1,
    "created_by": "alice",
    "created_at": "2026-11-23T15:43:00.123Z",
    "updated_at": "2026-11-23T15:43:00.123Z",
}
Id = Annotated[str, Field(pattern=ID_PATTERN)]
_Item = TypeVar("_Item")


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContentModel(Answer):
    size: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    media_type: str
    filename: str
    url: str


class RatingSummaryModel(Answer):
    net_score: Annotated[float | None, Field(ge=0, le=1)]
    net_score_range: Annotated[list[float], Field(min_length=2, max_length=2)]
    status: Literal["complete", "partial"]
    rated_at: datetime
    safety: Annotated[SafetyStatus | None, Field(description="the verdict on the content; null without content")]


class PackageSummaryModel(Answer):
    """A package as listings show it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [PACKAGE_EXAMPLE]})

    id: Id
    name: str
    version: str
    type: PackageType
    status: PackageStatus
    status_reason: Annotated[str, Field(description="why it is `failed` or `quarantined`")] = ""
    unreleased: Annotated[bool, Field(description="quarantined as a draft; a lift makes it one again")] = False
    description: str
    license: str | None
    tags: list[str]
    source_url: str | None
    dependencies: list[DependencyBody]
    content: ContentModel | None
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    rating: Annotated[RatingSummaryModel | None, Field(description="with `include=rating`")] = None


class PackageModel(PackageSummaryModel):
    """A package with its README."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [PACKAGE_EXAMPLE | {"readme": "# bert-tiny\n"}]}
    )

    readme: str | None


class Page(Answer, Generic[_Item]):
    items: list[_Item]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the next page; null at the end")]


class LineageNodeModel(Answer):
    id: Annotated[str, Field(description="`external-<n>` for what is not registered")]
    name: str
    version: str | None
    type: PackageType | None
    registered: bool
    status: Annotated[PackageStatus | None, Field(description="with details")] = None
    license: Annotated[str | None, Field(description="with details")] = None
    bytes: Annotated[int | None, Field(description="with details; null where the size is not known")] = None


class LicenseConflictModel(Answer):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source: Annotated[str, Field(alias="from", description="the package whose license does not allow it")]
    target: Annotated[str, Field(alias="to", description="what it is made from or uses")]
    reason: str


class LineageEdgeModel(Answer):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source: Annotated[str, Field(alias="from", description="the package")]
    target: Annotated[str, Field(alias="to", description="what it depends on")]
    relation: str


class LineageModel(Answer):
    nodes: list[LineageNodeModel]
    edges: list[LineageEdgeModel]
    complete: Annotated[bool, Field(description="false when the graph was larger than what is shown")]
    conflicts: Annotated[
        list[LicenseConflictModel] | None,
        Field(description="with details: licenses that do not go together, on an edge or between package and ancestor"),
    ] = None


class CostItemModel(Answer):
    id: str
    name: str
    version: str | None
    bytes: Annotated[int | None, Field(description="null where the size is not known")]


class CostModel(Answer):
    package_id: Id
    standalone_bytes: int
    total_bytes: int
    items: list[CostItemModel]


class DownloadsOfDayModel(Answer):
    day: Annotated[date, Field(description="in UTC")]
    count: int


class DownloadsModel(Answer):
    package_id: Id
    total: Annotated[int, Field(description="of these days")]
    days: Annotated[list[DownloadsOfDayModel], Field(description="the last 30 days, oldest first; today is the last")]


class AuditEntryModel(Answer):
    at: datetime
    user: Annotated[str | None, Field(description="null: an anonymous reader, or the registry itself")]
    action: AuditAction
    revision: int
    sha256: str | None


class TokenModel(Answer):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: Annotated[int, Field(description="seconds")]


class UserModel(Answer):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "alice", "permissions": ["search"], "created_at": "2026-11-23T15:43:00.123Z"}]
        },
    )

    name: str
    permissions: list[Permission]
    created_at: datetime
