"""The files of a package, as the API answers them."""

from typing import Annotated, Literal

from pydantic import Field

from registry.api.models.packages import Answer, Id


class FileModel(Answer):
    path: str
    size: Annotated[int, Field(description="bytes")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    part: Annotated[
        Literal["weights", "dataset", "code", "docs"] | None,
        Field(description="what it counts as for `content?part=`; null: nothing"),
    ]
    compressed_size: Annotated[int | None, Field(description="bytes in the archive; null in tars")]


class FilesQueuedModel(Answer):
    status: Literal["queued"]
    package_id: Id
