"""Lists of repositories, and who is asking, for Hugging Face clients."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry.api.authentication import Searcher, SignedIn
from registry.api.documentation import LINK, problems
from registry.api.hub import documents
from registry.api.hub.paging import next_link
from registry.api.hub.paths import Kind
from registry.api.paging import position
from registry.api.state import state_of
from registry.domain.accounts import ApiToken, Permission
from registry.domain.errors import InvalidInput
from registry.services.hub.listing import RepositoryFilter

_PAGE = 100
_BY_PUBLICATION = ("createdAt", "lastModified")
_BY_DOWNLOADS = ("downloads", "likes", "trendingScore")
"""Nobody likes repositories here, and trends are not followed: what is downloaded stands for both."""


class RepositoriesQuery(BaseModel):
    """Which repositories are wanted."""

    search: Annotated[str | None, Field(max_length=200, description="a part of the name")] = None
    author: Annotated[str | None, Field(max_length=200, description="the part of the name before the slash")] = None
    filter: Annotated[list[str], Field(max_length=50, description="tags that it must have")] = []
    sort: Annotated[str | None, Field(max_length=40, description="`createdAt`, the default, or `downloads`")] = None
    direction: Annotated[int, Field(ge=-1, le=1, description="-1: newest first; 1: oldest first")] = -1
    expand: Annotated[list[str], Field(max_length=100, description="only these members, and the id")] = []
    limit: Annotated[int, Field(ge=1, description="of all pages together")] = _PAGE
    cursor: Annotated[str | None, Field(max_length=2048, description="from the Link of the page before")] = None


def hub_listing_routes() -> APIRouter:
    router = APIRouter(prefix="/hf/api", tags=["hub"])
    array: dict[str, Any] = {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}
    router.add_api_route(
        "/{kind:kind}",
        list_hub_repositories,
        methods=["GET"],
        response_class=Response,
        responses={200: {"description": "OK", "content": array, "headers": LINK}, **problems(401, 403, 404, 422)},
    )
    router.add_api_route(
        "/whoami-v2",
        read_hub_caller,
        methods=["GET"],
        response_class=Response,
        responses={
            200: {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}},
            **problems(401, 403),
        },
    )
    return router


async def list_hub_repositories(
    request: Request, kind: Kind, query: Annotated[RepositoriesQuery, Query()], caller: Searcher
) -> Response:
    """List repositories, each at its main version: the newest or the most downloaded first.

    `sort=downloads` has those that were downloaded in the last 30 days. `lastModified` is `createdAt`, `likes` and
    `trendingScore` are `downloads`.
    """
    if query.sort not in (None, *_BY_PUBLICATION, *_BY_DOWNLOADS):
        raise InvalidInput(f"sort by {', '.join((*_BY_PUBLICATION, *_BY_DOWNLOADS))}", pointer="/sort")
    services = state_of(request.scope).services
    by_downloads = query.sort in _BY_DOWNLOADS
    if by_downloads:
        await services.retrieval.downloads.settle()
    tags = tuple(tag for each in query.filter for tag in each.split(","))
    newest_first = query.direction != 1
    wanted = RepositoryFilter(kind, query.search or None, query.author or None, tags, newest_first, by_downloads)
    after = position(request, services.cursors, query.cursor)
    page = await services.hub.listing.list_page(wanted, caller, limit=min(query.limit, _PAGE), after=after)
    listed = [each.package for each in page.items]
    ratings = await services.ratings.find_summaries([(package.id, package.revision) for package in listed])
    abouts = [
        documents.About(downloads=each.downloads, private=each.private, rating=ratings.get(each.package.id))
        for each in page.items
    ]
    found = [documents.info(package, about, expand=query.expand) for package, about in zip(listed, abouts, strict=True)]
    headers = {} if page.next_after is None else {"Link": next_link(request, services.cursors, page.next_after)}
    return Response(orjson.dumps(found), headers=headers, media_type="application/json")


async def read_hub_caller(caller: SignedIn) -> Response:
    """Read who a token speaks for."""
    token = caller.token.name if isinstance(caller.token, ApiToken) else "session"
    role = "write" if Permission.UPLOAD in caller.permissions else "read"
    document = {
        "type": "user",
        "id": caller.account_id,
        "name": caller.name,
        "fullname": caller.name,
        "orgs": [],
        "auth": {"type": "access_token", "accessToken": {"displayName": token, "role": role}},
    }
    return Response(orjson.dumps(document), media_type="application/json")
