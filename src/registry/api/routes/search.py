"""Search: by regular expression, and by words."""

from typing import Annotated

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from registry.api.authentication import Searcher, authenticate
from registry.api.bodies import validated
from registry.api.documentation import LINK, problems, reference
from registry.api.hot import HotRoute, hot_route
from registry.api.inclusion import page_items
from registry.api.models.packages import PackageSummaryModel, Page
from registry.api.models.search import (
    DependentsQuery,
    FoundPackageModel,
    RegexBody,
    RegexQueryParameters,
    WordsQuery,
)
from registry.api.paging import page_response, position
from registry.api.queries import read_query
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.strict_json import read_json
from registry.domain.accounts import Permission
from registry.domain.documents import encode_summary
from registry.domain.search import RegexQuery, SearchScope, TextQuery
from registry.services.search.search import RankedPackage


def hot_routes() -> list[HotRoute]:
    return [
        hot_route(
            "/package/byRegEx",
            _search_by_regex,
            documented=search_by_regex,
            method="POST",
            tags=["search"],
            response_model=Page[PackageSummaryModel],
            responses={200: {"headers": LINK}, **problems(400, 401, 403, 413, 415, 422)},
            openapi_extra={
                "requestBody": {"required": True, "content": {"application/json": {"schema": reference(RegexBody)}}}
            },
        ),
        hot_route(
            "/search",
            _search_by_words,
            documented=search_by_words,
            tags=["search"],
            response_model=Page[FoundPackageModel],
            responses={200: {"headers": LINK}, **problems(401, 403, 422)},
        ),
        hot_route(
            "/package/{package_id}/dependents",
            _list_dependents,
            documented=list_dependents,
            tags=["search"],
            response_model=Page[PackageSummaryModel],
            responses={200: {"headers": LINK}, **problems(401, 403, 404, 422)},
        ),
    ]


async def list_dependents(package_id: PackageId, query: Annotated[DependentsQuery, Query()], caller: Searcher) -> None:
    """List the packages that depend on this version, newest first.

    They name its id as a dependency, or its name with a range that has the version or with none. While the index is
    filled after a first start the answer is 503. A page may be short and have a `next_cursor`.
    """


async def _list_dependents(request: Request) -> Response:
    caller = await authenticate(request.scope, Permission.SEARCH)
    query, services = read_query(request, DependentsQuery), state_of(request.scope).services
    after = position(request, services.cursors, query.cursor)
    package = await services.catalog.get(request.path_params["package_id"], caller)
    viewer = await services.access.viewer(caller)
    found = await services.search.list_dependents(package, viewer, limit=query.limit, position=after)
    items = await page_items(found.items, map(encode_summary, found.items), query.include, services.ratings)
    return page_response(request, services.cursors, items, found.next_position)


async def search_by_regex(query: Annotated[RegexQueryParameters, Query()], caller: Searcher) -> None:
    """Find packages whose name or README a regular expression matches anywhere, newest first.

    Time is linear in what is searched, whatever the expression; one that is too long, too deep or too big is refused
    with 422, as is one with a mistake, whose `position` is returned. A page that took too long to fill is short, even
    empty, and has a `next_cursor`. While the index is filled after a first start the answer is 503.
    """


async def _search_by_regex(request: Request) -> Response:
    caller = await authenticate(request.scope, Permission.SEARCH)
    state = state_of(request.scope)
    sent = await read_json(request, limit=state.limits.max_json_bytes)
    given, body = read_query(request, RegexQueryParameters), validated(RegexBody, sent)
    viewer = await state.services.access.viewer(caller)
    scope = SearchScope(body.type, body.status, body.tag, viewer, body.license)
    query, filters = RegexQuery(body.regex, frozenset(body.fields), scope), body.filters()
    after = position(request, state.services.cursors, given.cursor or body.cursor, in_body=filters)
    found = await state.services.search.find(query, limit=given.limit or body.limit, position=after)
    documents = map(encode_summary, found.items)
    items = await page_items(found.items, documents, given.include, state.services.ratings, safety=body.safety)
    return page_response(request, state.services.cursors, items, found.next_position, in_body=filters)


async def search_by_words(query: Annotated[WordsQuery, Query()], caller: Searcher) -> None:
    """Find packages by words, the best first.

    A word in the name counts most, then the description, then the README. Where no package has the words, those with
    similar ones in name or description are returned (`similar`).
    """


async def _search_by_words(request: Request) -> Response:
    caller = await authenticate(request.scope, Permission.SEARCH)
    asked, services = read_query(request, WordsQuery), state_of(request.scope).services
    viewer = await services.access.viewer(caller)
    query = TextQuery(asked.q, SearchScope(asked.type, asked.status, asked.tag, viewer, asked.license))
    after = position(request, services.cursors, asked.cursor)
    found = await services.search.rank(query, limit=asked.limit, position=after)
    packages = [item.package for item in found.items]
    matches = (_with_match(item, similar=found.corrected) for item in found.items)
    items = await page_items(packages, matches, asked.include, services.ratings, safety=asked.safety)
    return page_response(request, services.cursors, items, found.next_position)


def _with_match(found: RankedPackage, *, similar: bool) -> bytes:
    highlights = [{"start": start, "end": end} for start, end in found.snippet.highlights]
    match = {
        "score": found.score,
        "similar": similar,
        "snippet": {"text": found.snippet.text, "highlights": highlights},
    }
    return encode_summary(found.package)[:-1] + b',"match":' + orjson.dumps(match) + b"}"
