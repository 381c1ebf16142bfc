"""The log of all audit entries, for admins."""

import base64
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response, StreamingResponse

from registry.api.authentication import Admin
from registry.api.documentation import LINK, problems
from registry.api.models.audit import CheckpointModel, EntryProofModel, LoggedEntryModel
from registry.api.models.packages import Page
from registry.api.models.pages import DEFAULT_LIMIT
from registry.api.models.requests import ID_PATTERN
from registry.api.paging import Cursor, Limit, page_response, position
from registry.api.state import state_of
from registry.domain.audit_log import AuditFilter
from registry.domain.packages import AuditAction

NDJSON = "application/x-ndjson"
_MAX_POSITION = 2**53
_TIME = "2026-11-23T15:43:00Z"


def _written_out(value: str) -> str:
    """Pydantic also takes numbers, as seconds since the epoch, which the schema does not allow."""
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", value):
        raise ValueError("must be a timestamp as in RFC 3339, such as 2026-11-23T15:43:00Z")
    return value


Moment = Annotated[datetime, BeforeValidator(_written_out, json_schema_input_type=datetime)]


def audit_routes() -> APIRouter:
    router = APIRouter(tags=["audit"])
    ndjson: dict[str, Any] = {"schema": {"type": "string"}, "example": '{"position": 0, …}\n'}
    router.add_api_route(
        "/audit",
        list_entries,
        methods=["GET"],
        response_model=Page[LoggedEntryModel],
        responses={200: {"headers": LINK, "content": {NDJSON: ndjson}}, **problems(401, 403, 422)},
    )
    router.add_api_route(
        "/audit/checkpoint",
        read_checkpoint,
        methods=["GET"],
        response_model=CheckpointModel,
        responses=problems(401, 403),
    )
    router.add_api_route(
        "/audit/proof/{position}",
        prove_entry,
        methods=["GET"],
        response_model=EntryProofModel,
        responses=problems(401, 403, 404, 422),
    )
    return router


def _in_utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


async def list_entries(
    request: Request,
    caller: Admin,
    user: Annotated[str | None, Query(max_length=64, description="who did it")] = None,
    action: Annotated[AuditAction | None, Query()] = None,
    package: Annotated[str | None, Query(pattern=ID_PATTERN, description="the package's id")] = None,
    since: Annotated[Moment | None, Query(description="this moment or later", examples=[_TIME])] = None,
    until: Annotated[Moment | None, Query(description="this moment or earlier", examples=[_TIME])] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List who did what to any package, newest first.

    With `Accept: application/x-ndjson` all of it comes, an entry a line, whatever `limit` says. A page may be short,
    even empty, and have a `next_cursor`.
    """
    services = state_of(request.scope).services
    wanted = AuditFilter(user, action, _in_utc(since), _in_utc(until))
    await services.retrieval.downloads.settle()
    if NDJSON in request.headers.get("accept", ""):
        entries = services.global_audit.export(wanted, package_id=package)
        first = await anext(entries, None)  # what fails, fails before the answer begins
        return StreamingResponse(_lines(first, entries), media_type=NDJSON)
    after = position(request, services.cursors, cursor)
    page = await services.global_audit.list_page(wanted, package_id=package, limit=limit, after=after)
    return page_response(request, services.cursors, [orjson.dumps(item) for item in page.items], page.next_after)


async def _lines(first: dict[str, Any] | None, rest: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    if first is not None:
        yield orjson.dumps(first) + b"\n"
    async for item in rest:
        yield orjson.dumps(item) + b"\n"


async def read_checkpoint(request: Request, caller: Admin) -> Response:
    """Read the log's size and root, signed. Keep it elsewhere: it shows later that nothing before it was changed."""
    signed = await state_of(request.scope).services.global_audit.checkpoint()
    body = {
        "size": signed.checkpoint.size,
        "root": signed.checkpoint.root.hex(),
        "note": signed.note,
        "public_key": base64.b64encode(signed.public_key).decode(),
    }
    return Response(orjson.dumps(body), media_type="application/json")


async def prove_entry(
    request: Request, position: Annotated[int, Path(ge=0, le=_MAX_POSITION, examples=[0])], caller: Admin
) -> Response:
    """Prove an entry's place in the log, without the other entries."""
    proof = await state_of(request.scope).services.global_audit.prove(position)
    return Response(orjson.dumps(proof), media_type="application/json")
