"""Search: by regular expression, and by words."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from registry.api.authentication import Searcher
from registry.api.documentation import LINK, problems
from registry.api.inclusion import Include, page_items
from registry.api.models.packages import PackageSummaryModel, Page
from registry.api.models.requests import Strict, Type
from registry.api.models.search import FoundPackageModel
from registry.api.paging import DEFAULT_LIMIT, Cursor, Limit, page_response, position
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.documents import encode_summary
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.safety import SafetyStatus
from registry.domain.search import (
    MAX_PATTERN_LENGTH,
    MAX_TEXT_LENGTH,
    RegexQuery,
    SearchField,
    SearchScope,
    TextQuery,
)
from registry.services.search.search import RankedPackage

_Tag = Annotated[str, Field(min_length=1, max_length=64)]
_License = Annotated[
    str,
    Field(min_length=1, max_length=200, description="only packages that state this license, alone or in an expression"),
]
_SAFETY = "only packages whose current revision has this verdict; a page may be short and have a `next_cursor`"


class RegexBody(Strict):
    """What to look for. Members that are null do not restrict."""

    model_config = Strict.model_config | {
        "json_schema_extra": {"examples": [{"regex": "(?i)^google/.*bert", "in": ["name", "readme"], "type": "model"}]}
    }

    regex: Annotated[
        str,
        Field(
            max_length=MAX_PATTERN_LENGTH,
            description="RE2's syntax, case-sensitive unless `(?i)`; `^` and `$` are ends of the name or README, "
            "of lines with `(?m)`",
        ),
    ]
    fields: Annotated[
        list[Annotated[SearchField, Field(strict=False)]],
        Field(alias="in", min_length=1, max_length=8, description="where it is looked for"),
    ] = [SearchField.NAME, SearchField.README]  # noqa: RUF012  (pydantic copies defaults)
    type: Type | None = None
    status: Annotated[PackageStatus, Field(strict=False)] | None = None
    tag: _Tag | None = None
    license: _License | None = None
    safety: Annotated[SafetyStatus, Field(strict=False, description=_SAFETY)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = DEFAULT_LIMIT
    cursor: Annotated[str, Field(max_length=2048)] | None = None

    def filters(self) -> str:
        """What a cursor is bound to."""
        members = [self.regex, sorted(set(self.fields)), self.type, self.status, self.tag, self.license, self.safety]
        return orjson.dumps(members).decode()


def search_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["search"])
    router.add_api_route(
        "/package/byRegEx",
        search_by_regex,
        methods=["POST"],
        response_model=Page[PackageSummaryModel],
        responses={200: {"headers": LINK}, **problems(400, 401, 403, 413, 415, 422)},
    )
    router.add_api_route(
        "/search",
        search_by_words,
        methods=["GET"],
        response_model=Page[FoundPackageModel],
        responses={200: {"headers": LINK}, **problems(401, 403, 422)},
    )
    router.add_api_route(
        "/package/{package_id}/dependents",
        list_dependents,
        methods=["GET"],
        response_model=Page[PackageSummaryModel],
        responses={200: {"headers": LINK}, **problems(401, 403, 404, 422)},
    )
    return router


async def list_dependents(
    request: Request,
    package_id: PackageId,
    caller: Searcher,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
) -> Response:
    """List the packages that depend on this version, newest first.

    They name its id as a dependency, or its name with a range that has the version or with none. While the index is
    filled after a first start the answer is 503. A page may be short and have a `next_cursor`.
    """
    services = state_of(request.scope).services
    after = position(request, services.cursors, cursor)
    package = await services.catalog.get(package_id, caller)
    viewer = await services.access.viewer(caller)
    found = await services.search.list_dependents(package, viewer, limit=limit, position=after)
    items = await page_items(found.items, map(encode_summary, found.items), include, services.ratings)
    return page_response(request, services.cursors, items, found.next_position)


async def search_by_regex(
    request: Request,
    caller: Searcher,
    body: RegexBody,
    limit: Annotated[Limit | None, Query(description="instead of the body's")] = None,
    cursor: Annotated[Cursor, Query(description="instead of the body's")] = None,
    include: Include = None,
) -> Response:
    """Find packages whose name or README a regular expression matches anywhere, newest first.

    Time is linear in what is searched, whatever the expression; one that is too long, too deep or too big is refused
    with 422, as is one with a mistake, whose `position` is returned. A page that took too long to fill is short, even
    empty, and has a `next_cursor`. While the index is filled after a first start the answer is 503.
    """
    state = state_of(request.scope)
    viewer = await state.services.access.viewer(caller)
    scope = SearchScope(body.type, body.status, body.tag, viewer, body.license)
    query = RegexQuery(body.regex, frozenset(body.fields), scope)
    after = position(request, state.services.cursors, cursor or body.cursor, in_body=body.filters())
    found = await state.services.search.find(query, limit=limit or body.limit, position=after)
    documents = map(encode_summary, found.items)
    items = await page_items(found.items, documents, include, state.services.ratings, safety=body.safety)
    return page_response(request, state.services.cursors, items, found.next_position, in_body=body.filters())


async def search_by_words(
    request: Request,
    caller: Searcher,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_TEXT_LENGTH,
            description="words that must all occur in name, description or README; the last may be a beginning",
            examples=["sentence embed"],
        ),
    ],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    type: Annotated[PackageType | None, Query()] = None,  # noqa: A002  (the parameter's public name)
    status: Annotated[PackageStatus | None, Query()] = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    license: Annotated[_License | None, Query()] = None,  # noqa: A002
    safety: Annotated[SafetyStatus | None, Query(description=_SAFETY)] = None,
    include: Include = None,
) -> Response:
    """Find packages by words, the best first.

    A word in the name counts most, then the description, then the README. Where no package has the words, those with
    similar ones in name or description are returned (`similar`).
    """
    state = state_of(request.scope)
    query = TextQuery(q, SearchScope(type, status, tag, await state.services.access.viewer(caller), license))
    after = position(request, state.services.cursors, cursor)
    found = await state.services.search.rank(query, limit=limit, position=after)
    packages = [item.package for item in found.items]
    matches = (_with_match(item, similar=found.corrected) for item in found.items)
    items = await page_items(packages, matches, include, state.services.ratings, safety=safety)
    return page_response(request, state.services.cursors, items, found.next_position)


def _with_match(found: RankedPackage, *, similar: bool) -> bytes:
    highlights = [{"start": start, "end": end} for start, end in found.snippet.highlights]
    match = {
        "score": found.score,
        "similar": similar,
        "snippet": {"text": found.snippet.text, "highlights": highlights},
    }
    return encode_summary(found.package)[:-1] + b',"match":' + orjson.dumps(match) + b"}"
