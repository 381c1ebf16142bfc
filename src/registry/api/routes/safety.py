"""The safety verdict on a package's content."""

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.api.authentication import Searcher
from registry.api.conditional import is_unchanged
from registry.api.documentation import ETAG, header, problems
from registry.api.hot import ReadyResponse, ready_json
from registry.api.models.packages import PACKAGE_EXAMPLE
from registry.api.models.safety import SafetyModel, ScanQueuedModel
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.api.waiting import Wait, wait_seconds
from registry.services.safety.verdicts import RETRY_AFTER_SECONDS

_QUEUED = {
    "description": "the content is being scanned",
    "model": ScanQueuedModel,
    "headers": {
        "Location": header("where the verdict will be", f"/package/{PACKAGE_EXAMPLE['id']}/safety"),
        "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}},
    },
}


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
        return Response(
            orjson.dumps({"status": "queued", "package_id": package_id}),
            202,
            headers={"Location": f"/package/{package_id}/safety", "Retry-After": str(RETRY_AFTER_SECONDS)},
            media_type="application/json",
        )
    tag = found.summary.etag
    if is_unchanged(request.headers.get("if-none-match"), tag):
        return ReadyResponse(304, [(b"etag", tag.encode())])
    return ready_json(found.body, (b"etag", tag.encode()))
