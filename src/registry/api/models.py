"""Bodies of answers, for the schema. Answers are written as ready bytes; tests hold them to these models."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from registry.api.schemas import ID_PATTERN, DependencyBody
from registry.domain.accounts import Permission
from registry.domain.packages import AuditAction, PackageStatus, PackageType

_EXAMPLE_ID = "01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PACKAGE_EXAMPLE: dict[str, Any] = {
    "id": _EXAMPLE_ID,
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
        "url": f"/package/{_EXAMPLE_ID}/content",
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
    status: Literal["complete", "partial"]
    rated_at: datetime


class PackageSummaryModel(Answer):
    """A package as listings show it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [PACKAGE_EXAMPLE]})

    id: Id
    name: str
    version: str
    type: PackageType
    status: PackageStatus
    status_reason: Annotated[str, Field(description="why it is `failed` or `quarantined`")] = ""
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


class HighlightModel(Answer):
    start: Annotated[int, Field(description="in characters (Unicode code points) of the snippet's text")]
    end: Annotated[int, Field(description="behind the last character")]


class SnippetModel(Answer):
    """A piece of the description or the README, as plain text."""

    text: str
    highlights: list[HighlightModel]


class MatchModel(Answer):
    score: Annotated[float, Field(description="higher fits better; to be compared within one search only")]
    similar: Annotated[bool, Field(description="no package had the words, this one has similar ones")]
    snippet: SnippetModel


class FoundPackageModel(PackageSummaryModel):
    """A package as listings show it, and why it was found."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                PACKAGE_EXAMPLE
                | {
                    "match": {
                        "score": 7.25,
                        "similar": False,
                        "snippet": {"text": "A small BERT", "highlights": [{"start": 8, "end": 12}]},
                    }
                }
            ]
        },
    )

    match: MatchModel


class Page(Answer, Generic[_Item]):
    items: list[_Item]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the next page; null at the end")]


class FileModel(Answer):
    path: str
    size: int
    compressed_size: Annotated[int, Field(description="bytes in the zip")]
    crc32: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    part: Annotated[
        Literal["weights", "dataset", "code", "docs"] | None,
        Field(description="what it counts as for `content?part=`; null: nothing"),
    ]


class PartAddressModel(Answer):
    number: int
    url: Annotated[str, Field(description="where to PUT it: a signed address of the store, or a path of this service")]


class NewUploadModel(Answer):
    """An upload that has been opened."""

    id: Id
    part_size: Annotated[int, Field(description="bytes of each part; the last may be shorter")]
    parts: list[PartAddressModel]
    expires_at: datetime


class StoredPartModel(Answer):
    number: int
    size: int
    etag: str


class UploadModel(Answer):
    """An open upload: what is there, and what is not."""

    id: Id
    part_size: int
    size: int
    parts: Annotated[list[StoredPartModel], Field(description="the parts that are there")]
    missing: Annotated[list[PartAddressModel], Field(description="the parts to send")]
    expires_at: datetime


class VerifyingModel(Answer):
    id: Id
    status: Annotated[Literal["verifying"], Field(description="the bytes are being read once more; ask again")]


class LineageNodeModel(Answer):
    id: Annotated[str, Field(description="`external-<n>` for what is not registered")]
    name: str
    version: str | None
    type: PackageType | None
    registered: bool


class LineageEdgeModel(Answer):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    source: Annotated[str, Field(alias="from", description="the package")]
    target: Annotated[str, Field(alias="to", description="what it depends on")]
    relation: str


class LineageModel(Answer):
    nodes: list[LineageNodeModel]
    edges: list[LineageEdgeModel]
    complete: Annotated[bool, Field(description="false when the graph was larger than what is shown")]


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


class AuditEntryModel(Answer):
    at: datetime
    user: str
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


class HealthModel(Answer):
    status: Literal["ok"]
    version: str


class ComponentStateModel(Answer):
    status: Literal["ok", "unavailable"]
    optional: Annotated[bool, Field(description="the service works without it, slower")]
    detail: str | None


class ReadinessModel(Answer):
    status: Literal["ready", "degraded", "not_ready"]
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


class ComponentsModel(Answer):
    window_minutes: int
    components: list[ComponentWindowModel]


class ProblemKindModel(Answer):
    type: str
    title: str
    status: int
    meaning: str


class FieldErrorModel(Answer):
    pointer: Annotated[str, Field(description="JSON pointer (RFC 6901), or the name of a parameter")]
    detail: str


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
                    "instance": f"/package/{_EXAMPLE_ID}",
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
    missing_parts: Annotated[list[int] | None, Field(description="with `upload-incomplete`: the first of them")] = None
