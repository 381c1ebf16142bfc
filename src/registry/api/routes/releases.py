"""Releases: drafts and aliases in one atomic change."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry.api.authentication import Uploader
from registry.api.documentation import problems
from registry.api.models.names import DryRunModel, ReleaseBody, ReleaseModel
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.documents import summary_members
from registry.services.names.releases import parse_aliases


def release_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["names"])
    router.add_api_route(
        "/releases",
        release_packages,
        methods=["POST"],
        response_model=ReleaseModel | DryRunModel,
        responses=problems(400, 401, 403, 409, 413, 415, 422),
    )
    return router


async def release_packages(
    request: Request,
    caller: Uploader,
    body: ReleaseBody,
    dry_run: Annotated[bool, Query(description="change nothing, and say what would stand against it")] = False,  # noqa: FBT002
) -> Response:
    """Make all the drafts active and move the aliases in one atomic change, or change nothing."""
    services = state_of(request.scope).services
    done = await services.releases.release(caller, body.packages, parse_aliases(body.aliases), dry_run=dry_run)
    if dry_run:
        return _json({"possible": not done.reasons, "reasons": done.reasons})
    for package in done.packages:
        await services.ratings.hint(package.id, caller.name)
    return _json(
        {
            "packages": [summary_members(package) for package in done.packages],
            "aliases": {f"{kind.value}/{name}": moves for (kind, name), moves in done.aliases.items()},
        }
    )


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
