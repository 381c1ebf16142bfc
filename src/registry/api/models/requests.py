"""Bodies of requests, validated before they become values of the domain."""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    TypeAdapter,
    field_validator,
    model_validator,
)

from registry.domain.errors import InvalidInput
from registry.domain.media_types import MAX_MEDIA_TYPE_LENGTH, MEDIA_TYPE_PATTERN
from registry.domain.packages import MAX_README_BYTES, NAME_PATTERN, Dependency, PackageStatus, PackageType
from registry.domain.uploads import MAX_UPLOAD_BYTES
from registry.domain.versions import MAX_VERSION_LENGTH, Version, VersionRange
from registry.services.packages.intake import Metadata

ID_PATTERN = r"^[A-Za-z0-9-]{1,64}$"
_URL = TypeAdapter(HttpUrl)
METADATA_EXAMPLE: dict[str, Any] = {
    "name": "bert-tiny",
    "version": "1.2.3",
    "type": "model",
    "description": "A small BERT",
    "license": "Apache-2.0",
    "tags": ["nlp"],
    "dependencies": [{"relation": "base_model", "name": "google-bert/bert-base-uncased"}],
}
INLINE_EXAMPLE = METADATA_EXAMPLE | {"content_base64": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}


def _name(text: str) -> str:
    if not NAME_PATTERN.fullmatch(text):
        raise ValueError("1 to 200 printable ASCII characters without leading or trailing space; * alone is reserved")
    return text


def _version(text: str) -> str:
    try:
        return str(Version.parse(text))
    except InvalidInput as error:
        raise ValueError(error.errors[0].detail) from None


def _range(text: str) -> str:
    try:
        VersionRange.parse(text)
    except InvalidInput as error:
        raise ValueError(error.errors[0].detail) from None
    return text


def _http_url(text: str) -> str:
    url = _URL.validate_python(text)
    if url.username is not None or url.password is not None:
        raise ValueError("leave out the name and password: others see this address")
    return text


def _readme(text: str) -> str:
    if len(text.encode()) > MAX_README_BYTES:
        raise ValueError(f"at most {MAX_README_BYTES} bytes of UTF-8")
    return text


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


PackageName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="printable ASCII; `/` is allowed, `*` alone is reserved",
        examples=["google-bert/bert-base-uncased"],
    ),
    AfterValidator(_name),
]
VersionText = Annotated[
    str,
    Field(
        min_length=5,
        max_length=MAX_VERSION_LENGTH,
        pattern=r"^v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$",
        description="SemVer 2.0; a leading `v` is stripped",
        examples=["1.2.3"],
    ),
    AfterValidator(_version),
]
Description = Annotated[str, Field(max_length=10_000)]
License = Annotated[str, Field(min_length=1, max_length=200, description="SPDX identifier or expression")]
Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]], AfterValidator(_distinct), Field(max_length=50)
]
SourceUrl = Annotated[str, Field(max_length=2048, description="http or https"), AfterValidator(_http_url)]
MediaType = Annotated[str, Field(pattern=MEDIA_TYPE_PATTERN, max_length=MAX_MEDIA_TYPE_LENGTH)]
Readme = Annotated[str, Field(max_length=MAX_README_BYTES, description="Markdown, 256 KiB"), AfterValidator(_readme)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 of the content, hex")]


class Strict(BaseModel):
    """Unknown members are mistakes, numbers are not text and text is not numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DependencyBody(Strict):
    relation: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$", examples=["base_model"])]
    name: PackageName
    version: Annotated[
        Annotated[str, Field(max_length=2 * MAX_VERSION_LENGTH), AfterValidator(_range)] | None,
        Field(description="a version or range; null: the newest"),
    ] = None
    id: Annotated[Annotated[str, Field(pattern=ID_PATTERN)] | None, Field(description="of a registered package")] = None

    def value(self) -> Dependency:
        return Dependency(self.relation, self.name, self.version, self.id)


Dependencies = Annotated[list[DependencyBody], Field(max_length=200)]
Type = Annotated[PackageType, Field(strict=False)]
Status = Annotated[
    PackageStatus,
    Field(
        strict=False,
        description="owners set `active` and `deprecated`, admins also `quarantined`; a publish also takes `draft`",
    ),
]


class MetadataBody(Strict):
    """What describes a package. Absent optional members take their defaults, or come from the archive."""

    model_config = ConfigDict(json_schema_extra={"examples": [METADATA_EXAMPLE]})

    name: PackageName
    version: VersionText
    type: Type
    description: Description = ""
    license: License | None = None
    tags: Tags = []
    source_url: SourceUrl | None = None
    dependencies: Dependencies | None = None
    readme: Readme | None = None
    status: Status | None = None
    sha256: Sha256 | None = None

    def value(self) -> Metadata:
        return Metadata(
            name=self.name,
            version=Version.parse(self.version),
            type=self.type,
            description=self.description,
            license=self.license,
            tags=tuple(self.tags),
            source_url=self.source_url,
            dependencies=None if self.dependencies is None else tuple(item.value() for item in self.dependencies),
            readme=self.readme,
            status=self.status,
        )


class InlinePackageBody(MetadataBody):
    """A package with its content in base64, or with the address from which the registry fetches it."""

    model_config = ConfigDict(json_schema_extra={"examples": [INLINE_EXAMPLE]})

    content_base64: Annotated[str | None, Field(description="the file in base64 (RFC 4648); small files only")] = None
    filename: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    media_type: MediaType | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.content_base64 is None and self.source_url is None:
            raise ValueError(
                "give content_base64, or a source_url to fetch the content from, or send multipart/form-data"
            )
        if self.content_base64 is None and (self.filename or self.media_type or self.sha256):
            raise ValueError("filename, media_type and sha256 describe content_base64, which is absent")
        return self


NEW_UPLOAD_EXAMPLE: dict[str, Any] = {
    "metadata": {"name": "bert-tiny", "version": "1.2.3", "type": "model"},
    "size": 44040192,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "filename": "bert-tiny.zip",
}


class NewUploadBody(Strict):
    """An upload in parts: the package that it is to become, and what its bytes will be."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={"examples": [NEW_UPLOAD_EXAMPLE]},
    )

    metadata: MetadataBody
    size: Annotated[int, Field(ge=1, le=MAX_UPLOAD_BYTES, description="bytes of the whole")]
    sha256: Sha256
    filename: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    media_type: Annotated[MediaType | None, Field(description="null: read from the first bytes")] = None

    @model_validator(mode="after")
    def _one_digest(self) -> Self:
        if self.metadata.sha256 is not None and self.metadata.sha256.lower() != self.sha256.lower():
            raise ValueError("metadata.sha256 and sha256 differ; leave metadata.sha256 out")
        return self


_READ_ONLY = "read-only: PUT ignores it, PATCH takes its current value"


class _ReadOnlyMembers(Strict):
    """Members that only the registry sets, so that what was read can be sent back. PUT ignores them."""

    revision: Annotated[Any, Field(description=_READ_ONLY)] = None
    content: Annotated[Any, Field(description=_READ_ONLY)] = None
    created_by: Annotated[Any, Field(description=_READ_ONLY)] = None
    created_at: Annotated[Any, Field(description=_READ_ONLY)] = None
    updated_at: Annotated[Any, Field(description=_READ_ONLY)] = None
    status_reason: Annotated[Any, Field(description=_READ_ONLY)] = None
    unreleased: Annotated[Any, Field(description=_READ_ONLY)] = None
    rating: Annotated[Any, Field(description=_READ_ONLY)] = None


READ_ONLY_MEMBERS = tuple(_ReadOnlyMembers.model_fields)


class ReplacementBody(_ReadOnlyMembers, MetadataBody):
    """New metadata for a package. `name`, `type` and `id` must be its own."""

    id: Annotated[str, Field(pattern=ID_PATTERN)] | None = None


class PatchBody(_ReadOnlyMembers):
    """A JSON merge patch (RFC 7396): absent members stay, null clears, read-only ones may only be repeated."""

    id: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    name: PackageName | None = None
    type: Type | None = None
    version: VersionText | None = None
    description: Description | None = None
    license: License | None = None
    tags: Tags | None = None
    source_url: SourceUrl | None = None
    dependencies: Dependencies | None = None
    readme: Readme | None = None
    status: Status | None = None

    @field_validator("id", "name", "type", "version", "status")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("cannot be cleared; leave it out or give a value")
        return value
