"""The parameters that all listings take."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_LIMIT = 50


PageLimit = Annotated[int, Field(ge=1, le=200, description="items on a page")]
PageCursor = Annotated[str | None, Field(max_length=2048, description="`next_cursor` of the page before")]


class PageQuery(BaseModel):
    """Which page of a listing."""

    model_config = ConfigDict(frozen=True)

    limit: PageLimit = DEFAULT_LIMIT
    cursor: PageCursor = None
