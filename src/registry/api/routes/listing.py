"""The list of packages."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from registry.api.authentication import Searcher, authenticate
from registry.api.bodies import validated
from registry.api.documentation import LINK, problems
from registry.api.hot import HotRoute, hot_route
from registry.api.inclusion import page_items
from registry.api.models.packages import PackageSummaryModel, Page
from registry.api.paging import DEFAULT_LIMIT, page_response, position
from registry.api.state import state_of
from registry.domain.accounts import Permission
from registry.domain.listing import PackageFilter
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.versions import VersionRange
from registry.services.packages.visibility import viewer_of


class ListingQuery(BaseModel):
    """The parameters of a listing."""

    limit: Annotated[int, Field(ge=1, le=200, description="items on a page")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2048, description="`next_cursor` of the page before")] = None
    type: PackageType | None = None
    status: PackageStatus = PackageStatus.ACTIVE
    name: Annotated[str | None, Field(max_length=200, description="the exact name")] = None
    version: Annotated[
        str | None,
        Field(
            max_length=300,
            description="`1.2.3`, `=1.2.3-rc.1`, `1.2.3-2.1.0`, `~1.2.0` or `^1.2.0`",
            examples=["^1.2.0"],
        ),
    ] = None
    tag: Annotated[str | None, Field(max_length=64)] = None
    owner: Annotated[str | None, Field(max_length=64, description="who published it")] = None
    min_net_score: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="only packages whose current revision is rated, with at least this net score",
            examples=[0.7],
        ),
    ] = None
    include: Annotated[Literal["rating"] | None, Field(description="`rating`: with the latest rating, or null")] = None
    order: Annotated[str, Field(pattern="^(-created|created)$", description="`created`: oldest first")] = "-created"


async def list_packages(query: Annotated[ListingQuery, Query()], caller: Searcher) -> None:
    """List packages, newest first."""


async def _list_packages(request: Request) -> Response:
    scope = request.scope
    caller = await authenticate(scope, Permission.SEARCH)
    query = validated(ListingQuery, dict(request.query_params))
    services = state_of(scope).services
    wanted = PackageFilter(
        status=query.status,
        type=query.type,
        name=query.name,
        versions=None if query.version is None else VersionRange.parse(query.version),
        tag=query.tag,
        created_by=query.owner,
        viewer=viewer_of(caller),
        min_net_score=query.min_net_score,
        newest_first=query.order != "created",
    )
    after = position(request, services.cursors, query.cursor)
    page = await services.catalog.list_page(wanted, limit=query.limit, after=after)
    items = await page_items(page.items, (item.body for item in page.items), query.include, services.ratings)
    return page_response(request, services.cursors, items, page.next_after)


def hot_routes() -> list[HotRoute]:
    return [
        hot_route(
            "/packages",
            _list_packages,
            documented=list_packages,
            tags=["packages"],
            response_model=Page[PackageSummaryModel],
            responses={200: {"headers": LINK}, **problems(401, 403, 422)},
        )
    ]
