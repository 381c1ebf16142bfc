"""The safety verdict on a package's content."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.api.authentication import Searcher
from registry.api.conditional import is_unchanged
from registry.api.documentation import ETAG, problems
from registry.api.hot import ReadyResponse, ready_json
from registry.api.models.safety import SafetyModel, ScanQueuedModel
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.waiting import Wait, queued_answer, queued_response, wait_seconds
from registry.services.safety.verdicts import RETRY_AFTER_SECONDS

_QUEUED = queued_answer("the content is being scanned", ScanQueuedModel, "safety", what="verdict")


def safety_routes() -> APIRouter:
    router = APIRouter(tags=["safety"])
    router.add_api_route(
        "/package/{package_id}/safety",
        read_safety,
        methods=["GET"],
        response_model=SafetyModel,
        responses={
            200: {"headers": ETAG},
            202: _QUEUED,
            304: {"description": "unchanged"},
            **problems(401, 403, 404, 409, 422),
        },
    )
    return router


async def read_safety(request: Request, package_id: PackageId, caller: Searcher, wait: Wait = 0) -> Response:
    """Read the verdict on the package's content: what could run code in it, and what could not be read.

    While the content is being scanned the answer is 202; `wait` holds the request until the verdict is there.
    """
    verdicts = state_of(request.scope).services.verdicts
    found = await verdicts.get(package_id, caller, wait_seconds=wait_seconds(request))
    if found is None:
        return queued_response(package_id, "safety", retry_after_seconds=RETRY_AFTER_SECONDS)
    tag = found.summary.etag
    if is_unchanged(request.headers.get("if-none-match"), tag):
        return ReadyResponse(304, [(b"etag", tag.encode())])
    return ready_json(found.body, (b"etag", tag.encode()))
