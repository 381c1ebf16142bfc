"""Holding a request until what it asks for has been made: `?wait=N`, or `Prefer: wait=N` (RFC 7240)."""

import re
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from registry.api.documentation import header
from registry.api.models.packages import PACKAGE_EXAMPLE
from registry.domain.errors import InvalidInput

MAX_WAIT_SECONDS = 30
Wait = Annotated[
    int, Query(ge=0, le=MAX_WAIT_SECONDS, description="seconds to hold the request; also `Prefer: wait=N`")
]
_DIGITS = re.compile(r"[0-9]{1,2}")
_PREFER_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)


def wait_seconds(request: Request) -> int:
    """`?wait=N` counts; a preference is only that: what cannot be granted is cut or ignored. Raises InvalidInput."""
    given = request.query_params.get("wait") if request.scope["query_string"] else None
    if given is not None:
        if not _DIGITS.fullmatch(given) or int(given) > MAX_WAIT_SECONDS:
            raise InvalidInput(f"a number of seconds from 0 to {MAX_WAIT_SECONDS}", pointer="/wait")
        return int(given)
    preferred = _PREFER_WAIT.search(",".join(request.headers.getlist("prefer")))
    return min(int(preferred[1]), MAX_WAIT_SECONDS) if preferred else 0


def queued_response(package_id: str, name: str, *, retry_after_seconds: int) -> Response:
    """202: what `/package/{id}/<name>` answers with is being made."""
    return Response(
        orjson.dumps({"status": "queued", "package_id": package_id}),
        202,
        headers={"Location": f"/package/{package_id}/{name}", "Retry-After": str(retry_after_seconds)},
        media_type="application/json",
    )


def queued_answer(description: str, model: type[BaseModel], name: str, *, what: str) -> dict[str, Any]:
    """What the schema says of `queued_response`."""
    return {
        "description": description,
        "model": model,
        "headers": {
            "Location": header(f"where the {what} will be", f"/package/{PACKAGE_EXAMPLE['id']}/{name}"),
            "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}},
        },
    }
