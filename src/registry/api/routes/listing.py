"""The list of packages."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from registry.api.authentication import Searcher, authenticate
from registry.api.documentation import LINK, problems
from registry.api.hot import HotRoute, hot_route
from registry.api.inclusion import page_items
from registry.api.models.packages import PackageSummaryModel, Page
from registry.api.models.pages import PageQuery
from registry.api.paging import page_response, position
from registry.api.queries import read_query
from registry.api.state import state_of
from registry.domain.accounts import Caller, Permission
from registry.domain.errors import InvalidInput
from registry.domain.listing import Order, PackageFilter
from registry.domain.names import ALIAS_PATTERN
from registry.domain.narrowing import Narrowing
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.safety import SafetyStatus
from registry.domain.versions import VersionRange
from registry.domain.visibility import Viewer
from registry.ports.packages import SummaryPage
from registry.ports.ratings import RatingSummary
from registry.services.container import Services
from registry.services.packages.narrowing import Listing, fitting, list_narrowed

_BY_DOWNLOADS = "downloads"


class ListingQuery(PageQuery):
    """The parameters of a listing."""

    type: PackageType | None = None
    status: PackageStatus = PackageStatus.ACTIVE
    name: Annotated[str | None, Field(max_length=200, description="the exact name")] = None
    version: Annotated[
        str | None,
        Field(
            max_length=300,
            description="`1.2.3`, `=1.2.3-rc.1`, `1.2.3-2.1.0`, `~1.2.0` or `^1.2.0`; with `name` also `latest` or an "
            "alias, whatever the status where none is given",
            examples=["^1.2.0"],
        ),
    ] = None
    tag: Annotated[str | None, Field(max_length=64)] = None
    owner: Annotated[str | None, Field(max_length=64, description="who published it")] = None
    license: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="only packages that state this license, alone or in an SPDX expression; a request examines 500 "
            "packages at most, so a page may be short, even empty, and have a `next_cursor`",
            examples=["Apache-2.0"],
        ),
    ] = None
    safety: Annotated[
        SafetyStatus | None,
        Field(description="only packages whose current revision has this verdict; pages as with `license`"),
    ] = None
    min_net_score: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="only packages whose current revision is rated, with a net score that is at least this at the "
            "lower end of its range",
            examples=[0.7],
        ),
    ] = None
    include: Annotated[Literal["rating"] | None, Field(description="`rating`: with the latest rating, or null")] = None
    order: Annotated[
        Literal["-created", "created", "name", "score", "downloads"],
        Field(
            description="`-created`: newest first; `created`: oldest first; `name`: by code point, of one name the "
            "oldest first; `score`: by the lower end of the net score's range, highest first, unrated last; "
            "`downloads`: the 1,000 packages most downloaded in 30 days, refreshed hourly"
        ),
    ] = "-created"


async def list_packages(query: Annotated[ListingQuery, Query()], caller: Searcher) -> None:
    """List packages, newest first, or in another order.

    By score a package whose score changes during a walk changes its place, so the walk may miss it or meet it twice.
    """


async def _list_packages(request: Request) -> Response:
    scope = request.scope
    caller = await authenticate(scope, Permission.SEARCH)
    query = read_query(request, ListingQuery)
    services = state_of(scope).services
    after = position(request, services.cursors, query.cursor)
    if query.version is not None and ALIAS_PATTERN.fullmatch(query.version):
        page = await _by_alias(services, query, caller)
    else:
        wanted = _filter(query, await services.access.viewer(caller))
        if query.order == _BY_DOWNLOADS:
            await services.retrieval.downloads.settle()
        listing: Listing = services.popularity if query.order == _BY_DOWNLOADS else services.catalog
        narrowing = Narrowing(query.license, query.safety)
        if narrowing:
            page = await list_narrowed(listing, wanted, narrowing, services.ratings, limit=query.limit, after=after)
        else:
            page = await listing.list_page(wanted, limit=query.limit, after=after)
    items = await page_items(page.items, [item.body for item in page.items], query.include, services.ratings)
    of = None if query.include else page.items
    return page_response(request, services.cursors, items, page.next_after, of=of)


def _filter(query: ListingQuery, viewer: Viewer) -> PackageFilter:
    is_range = query.version is not None and not ALIAS_PATTERN.fullmatch(query.version)
    return PackageFilter(
        status=query.status,
        type=query.type,
        name=query.name,
        versions=VersionRange.parse(query.version or "") if is_range else None,
        tag=query.tag,
        created_by=query.owner,
        viewer=viewer,
        min_net_score=query.min_net_score,
        order=Order.NEWEST if query.order == _BY_DOWNLOADS else Order(query.order),
    )


async def _by_alias(services: Services, query: ListingQuery, caller: Caller) -> SummaryPage:
    """The versions, one of each type, that `latest` or an alias means."""
    if query.name is None:
        raise InvalidInput("give the `name` that the alias is of, too", pointer="/version")
    kinds = [query.type] if query.type else list(PackageType)
    found = await services.names.resolve_any(kinds, query.name, query.version or "", caller)
    wanted = _filter(query, await services.access.viewer(caller))
    if "status" not in query.model_fields_set:
        wanted = replace(wanted, status=None)
    pages = [
        await services.catalog.list_page(
            replace(wanted, type=named.type, versions=VersionRange.of(named.version)), limit=1, after=None
        )
        for named in found
    ]
    items = sorted(
        (item for page in pages for item in page.items),
        key=lambda item: item.id,
        reverse=wanted.order.descending,
    )
    items = await fitting(items, Narrowing(query.license, query.safety), services.ratings)
    if query.order == _BY_DOWNLOADS:
        ranks = await services.popularity.ranks()
        items = sorted((item for item in items if item.id in ranks), key=lambda item: ranks[item.id])
    if wanted.order is Order.SCORE:
        ratings = await services.ratings.find_summaries([(item.id, item.revision) for item in items])
        items.sort(key=lambda item: _score(ratings.get(item.id)), reverse=True)
    return SummaryPage(tuple(items[: query.limit]), None)


def _score(rating: RatingSummary | None) -> float:
    """By what a package is ordered by score."""
    bound = None if rating is None else rating.net_score_low
    return -1.0 if bound is None else bound


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
