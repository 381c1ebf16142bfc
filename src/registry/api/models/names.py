"""Bodies about names, namespaces and aliases."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from registry.api.models.packages import EXAMPLE_ID, Answer, Id, PackageSummaryModel
from registry.domain.names import MAX_OWNERS, MAX_READERS, Visibility
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.releases import MAX_NAMES, MAX_PACKAGES


class LatestModel(Answer):
    id: Id
    version: str


class NamedVersionModel(Answer):
    id: Id
    version: str
    status: PackageStatus
    created_at: datetime
    net_score: Annotated[float | None, Field(ge=0, le=1)]
    net_score_range: Annotated[list[float] | None, Field(min_length=2, max_length=2, examples=[[0.64, 0.74]])]


class NameModel(Answer):
    """A name as the caller sees it."""

    type: PackageType
    name: str
    visibility: Visibility
    owners: list[str]
    latest: Annotated[
        LatestModel | None, Field(description="the highest active release; without one, the highest active prerelease")
    ]
    versions: Annotated[list[NamedVersionModel], Field(description="newest first")]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the next versions; null at the end")]
    aliases: dict[str, str]
    downloads: int


class NamespaceModel(Answer):
    name: str
    owners: list[str]


class AliasModel(Answer):
    alias: str
    version: str
    id: Id


class ReleaseModel(Answer):
    packages: list[PackageSummaryModel]
    aliases: dict[str, dict[str, str]]


class DryRunModel(Answer):
    possible: bool
    reasons: Annotated[dict[str, str], Field(description="by the package's id, or `type/name`")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


User = Annotated[str, Field(min_length=1, max_length=64)]


class OwnersBody(_Body):
    """All that own it from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owners": ["alice", "bob"]}]})

    owners: Annotated[list[User], Field(max_length=MAX_OWNERS, examples=[["alice", "bob"]])]


class VisibilityBody(_Body):
    """Who sees the name: everybody, or its owners, its readers and admins."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"visibility": "private", "readers": ["carol"]}]})

    visibility: Annotated[Visibility, Field(strict=False)]
    readers: Annotated[list[User], Field(max_length=MAX_READERS)] = []


class AliasBody(_Body):
    """Where the alias leads: a version, or what another alias or `latest` means now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": "1.2.0"}]})

    version: Annotated[str, Field(min_length=1, max_length=128, examples=["1.2.0"])]


class ReleaseBody(_Body):
    """Drafts to make active, and where aliases of names lead from then on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"packages": [EXAMPLE_ID], "aliases": {"model/acme/bert": {"prod": "2.0.0"}}}]}
    )

    packages: Annotated[list[Id], Field(min_length=1, max_length=MAX_PACKAGES)]
    aliases: Annotated[
        dict[str, dict[str, Annotated[str, Field(min_length=1, max_length=128)]]], Field(max_length=MAX_NAMES)
    ] = {}

    @field_validator("packages")
    @classmethod
    def _each_once(cls, packages: list[str]) -> list[str]:
        if len(set(packages)) < len(packages):
            raise ValueError("name each package once")
        return packages
