"""The parameters that all listings take."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_LIMIT = 50

PageSize = Annotated[int, Field(ge=1, le=200)]
CursorText = Annotated[str, Field(max_length=2048)]
PageLimit = Annotated[PageSize, Field(description="items on a page")]
PageCursor = Annotated[CursorText | None, Field(description="`next_cursor` of the page before")]


class PageQuery(BaseModel):
    """Which page of a listing."""

    model_config = ConfigDict(frozen=True)

    limit: PageLimit = DEFAULT_LIMIT
    cursor: PageCursor = None
