"""API tokens in bodies of requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from registry.api.models.accounts import Permissions
from registry.api.models.packages import Answer
from registry.api.models.requests import Strict
from registry.domain.accounts import Permission
from registry.domain.name_patterns import MAX_PATTERNS

_MOST_SECONDS = 10 * 365 * 24 * 3600
NEW_TOKEN_EXAMPLE: dict[str, Any] = {
    "name": "ci of acme/bert",
    "permissions": ["upload", "search"],
    "packages": ["acme/*"],
    "expires_in": 7_776_000,
}
_TOKEN_EXAMPLE: JsonDict = {
    "id": "01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60",
    "name": "ci of acme/bert",
    "permissions": ["search", "upload"],
    "packages": ["acme/*"],
    "created_at": "2026-11-23T15:43:00.123Z",
    "expires_at": "2027-02-21T15:43:00.123Z",
}


class NewApiTokenBody(Strict):
    name: Annotated[
        str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$", description="what the token is for")
    ]
    permissions: Annotated[Permissions, Field(min_length=1, description="at most those that you have")]
    packages: Annotated[
        list[str],
        Field(
            min_length=1,
            max_length=MAX_PATTERNS,
            description="patterns of names, where `*` stands for any characters: the only packages that the token sees",
        ),
    ] = ["*"]  # noqa: RUF012  (pydantic copies defaults)
    expires_in: Annotated[
        int | None, Field(ge=1, le=_MOST_SECONDS, description="seconds, up to ten years; null: it does not expire")
    ] = None


class _TokenMembers(Answer):
    id: str
    name: str
    permissions: list[Permission]
    packages: list[str]
    created_at: datetime
    expires_at: datetime | None


class ApiTokenModel(_TokenMembers):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{**_TOKEN_EXAMPLE, "token": "reg_…"}]},
    )

    token: Annotated[str, Field(description="shown once")]


class ListedTokenModel(_TokenMembers):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{**_TOKEN_EXAMPLE, "prefix": "reg_4fXq", "last_used_at": "2026-11-24T08:00:00.000Z"}]
        },
    )

    prefix: Annotated[str, Field(description="the token's first characters")]
    last_used_at: Annotated[datetime | None, Field(description="up to five minutes late; null: never")]


class CallersTokenModel(Answer):
    kind: Literal["session", "api"]
    name: Annotated[str | None, Field(description="of an API token")]
    packages: Annotated[list[str], Field(description="patterns of the names that it sees")]
    expires_at: datetime | None


class WhoAmIModel(Answer):
    name: str
    permissions: Annotated[list[Permission], Field(description="of this moment; `admin` implies the rest")]
    token: CallersTokenModel
