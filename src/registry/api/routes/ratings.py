"""Ratings, their receipts, and whether a project's license goes with a package's."""

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.api.authentication import Searcher, Uploader, admit, token_of
from registry.api.conditional import is_unchanged, sent_tags
from registry.api.documentation import ETAG, problems
from registry.api.hot import Header, HotRoute, ReadyResponse, hot_route, ready_json
from registry.api.models.ratings import (
    LicenseAnswerModel,
    LicenseCheckBody,
    RatingModel,
    RatingQueuedModel,
    ReceiptKeysModel,
)
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.api.waiting import Wait, queued_answer, queued_response, wait_seconds
from registry.domain.accounts import Permission
from registry.services.ratings.ratings import ServedRating

_RETRY_AFTER_SECONDS = 1
_QUEUED = queued_answer("the rating has been started", RatingQueuedModel, "rate", what="rating")
_CACHE_HEADERS = {
    "X-Cache": {"description": "whether it came from the cache", "schema": {"enum": ["hit", "miss"]}},
    "Age": {"description": "seconds that the cache has had it", "schema": {"type": "integer"}},
}


def hot_routes() -> list[HotRoute]:
    """Routes that come before all others."""
    return [
        hot_route(
            "/package/{package_id}/rate",
            _read_rating,
            documented=read_rating,
            tags=["ratings"],
            response_model=RatingModel,
            responses={
                200: {"headers": ETAG | _CACHE_HEADERS},
                202: _QUEUED,
                304: {"description": "unchanged"},
                **problems(401, 403, 404, 422),
            },
        )
    ]


def rating_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["ratings"])
    router.add_api_route(
        "/package/{package_id}/rate",
        rate_again,
        methods=["POST"],
        status_code=202,
        response_model=RatingQueuedModel,
        responses={202: {"headers": _QUEUED["headers"]}, **problems(401, 403, 404, 422)},
    )
    router.add_api_route(
        "/package/{package_id}/rate/receipt",
        read_receipt,
        methods=["GET"],
        response_class=Response,
        responses={
            200: {"description": "the receipt", "content": {"application/json": {"schema": {"type": "object"}}}},
            **problems(401, 403, 404, 422),
        },
    )
    router.add_api_route(
        "/receipts/keys", read_receipt_keys, methods=["GET"], response_model=ReceiptKeysModel, responses=problems()
    )
    router.add_api_route(
        "/package/{package_id}/license-check",
        check_license,
        methods=["POST"],
        response_model=LicenseAnswerModel,
        responses=problems(400, 401, 403, 404, 413, 415, 422, 502),
    )
    return router


async def read_rating(package_id: PackageId, caller: Searcher, wait: Wait = 0) -> None:
    """Read the rating of the package's current revision.

    Where there is none yet it is started, once however many ask, and the answer is 202; `wait` holds the request until
    it is there.
    """


async def _read_rating(request: Request) -> Response:
    scope = request.scope
    package_id, services = scope["path_params"]["package_id"], state_of(scope).services
    caller, document = await services.reading.find(token_of(scope), package_id)
    await admit(scope, caller, Permission.SEARCH)
    wait = wait_seconds(request)
    package = await services.access.shown(document, caller)
    found = await services.ratings.get_of(package_id, package, caller, wait_seconds=wait)
    if found is None:
        return queued_response(package_id, "rate", retry_after_seconds=_RETRY_AFTER_SECONDS)
    headers = _headers(found)
    if is_unchanged(sent_tags(scope, b"if-none-match"), found.etag):
        return ReadyResponse(304, headers)
    return ready_json(found.body, *headers)


def _headers(found: ServedRating) -> list[Header]:
    return [
        (b"etag", found.etag.encode()),
        (b"x-cache", b"hit" if found.hit else b"miss"),
        (b"age", b"%d" % found.age_seconds),
    ]


async def rate_again(request: Request, package_id: PackageId, caller: Uploader) -> Response:
    """Rate the package again, though it may have a rating, which is served until the new one is there."""
    await state_of(request.scope).services.ratings.again(package_id, caller)
    return queued_response(package_id, "rate", retry_after_seconds=_RETRY_AFTER_SECONDS)


async def read_receipt(request: Request, package_id: PackageId, caller: Searcher) -> Response:
    """Read what the rating rests on, with digests and the registry's signature.

    `registry recompute receipt.json --key keys.json` checks all of it and computes the same numbers, offline.
    """
    receipt = await state_of(request.scope).services.ratings.get_receipt(package_id, caller)
    return Response(receipt, media_type="application/json")


async def read_receipt_keys(request: Request) -> Response:
    """Read the public keys that check receipts, as a JWK set.

    The key that signs now comes first; those that signed before follow, as long as the settings name them. It needs no
    token.
    """
    keys = state_of(request.scope).services.receipts.public_keys()
    return Response(orjson.dumps(keys), media_type="application/json")


async def check_license(request: Request, package_id: PackageId, caller: Searcher, body: LicenseCheckBody) -> Response:
    """May a project under that license use this package? Give its `license` or its `url`."""
    services = state_of(request.scope).services
    package = await services.catalog.get(package_id, caller)
    answer = await services.license_checks.check(
        package, project_license=body.license, url=body.url, asked_by=caller.name
    )
    return Response(
        orjson.dumps(
            {
                "compatible": answer.compatible,
                "package_license": answer.package_license,
                "project_license": answer.project_license,
                "reason": answer.reason,
            }
        ),
        media_type="application/json",
    )
