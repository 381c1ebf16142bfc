"""Bodies of answers about uploads in parts."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from registry.api.models.packages import Answer, Id


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
