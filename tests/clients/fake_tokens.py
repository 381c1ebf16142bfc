"""API tokens of the registry in memory: they are kept, and good until they are revoked."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from registry.domain.api_tokens import beginning_of, make_token_text
from registry.domain.documents import format_time
from tests.clients.fake_http import Refusal, page


class FakeTokens:
    """Tokens by id. `caller` names who asks; `known` are the tokens that the registry accepts, with their users."""

    def __init__(self, caller: Callable[..., str], known: Callable[[], dict[str, str]]) -> None:
        self._caller = caller
        self._known = known
        self.kept: dict[str, tuple[str, str, dict[str, Any]]] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/tokens", self.list_all, methods=["GET"]),
            Route("/tokens", self.add, methods=["POST"]),
            Route("/tokens/{id}", self.revoke, methods=["DELETE"]),
            Route("/whoami", self.whoami),
        ]

    async def add(self, request: Request) -> Response:
        user, body, text = self._caller(request), await request.json(), make_token_text()
        now, seconds = datetime.now(UTC), body.get("expires_in")
        made = {
            "id": str(uuid.uuid4()),
            "name": body["name"],
            "permissions": body["permissions"],
            "packages": body.get("packages", ["*"]),
            "created_at": format_time(now),
            "expires_at": None if seconds is None else format_time(now + timedelta(seconds=seconds)),
        }
        self.kept[made["id"]] = (user, text, made)
        self._known()[text] = user
        return JSONResponse({**made, "token": text}, 201)

    async def list_all(self, request: Request) -> Response:
        user = request.query_params.get("user", self._caller(request))
        items = [
            {**made, "prefix": beginning_of(text), "last_used_at": None}
            for owner, text, made in self.kept.values()
            if owner == user
        ]
        return page(request, items[::-1])

    async def revoke(self, request: Request) -> Response:
        self._caller(request)
        found = self.kept.pop(request.path_params["id"], None)
        if found is None:
            raise Refusal(404, "not-found", "There is no such token.")
        self._known().pop(found[1])
        return Response(status_code=204)

    async def whoami(self, request: Request) -> Response:
        user, text = self._caller(request), request.headers["Authorization"].split()[1]
        made = next((made for _, own, made in self.kept.values() if own == text), None)
        token = {
            "kind": "api" if made else "session",
            "name": made["name"] if made else None,
            "packages": made["packages"] if made else ["*"],
            "expires_at": made["expires_at"] if made else None,
        }
        return JSONResponse({"name": user, "permissions": made["permissions"] if made else ["search"], "token": token})
