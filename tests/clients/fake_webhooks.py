"""Webhooks of the registry in memory: they are kept, and every delivery is made at once."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from registry.domain.documents import format_time
from tests.clients.fake_http import Refusal, page


class FakeWebhooks:
    """Webhooks by id, and deliveries by webhook, newest first. `caller` refuses whoever lacks a permission."""

    def __init__(self, caller: Callable[[Request, str], str]) -> None:
        self._caller = caller
        self.kept: dict[str, dict[str, Any]] = {}
        self.deliveries: dict[str, list[dict[str, Any]]] = {}

    def clear(self) -> None:
        self.kept.clear()
        self.deliveries.clear()

    def routes(self) -> list[Route]:
        return [
            Route("/webhooks", self.list_all, methods=["GET"]),
            Route("/webhooks", self.add, methods=["POST"]),
            Route("/webhooks/{id}", self.delete, methods=["DELETE"]),
            Route("/webhooks/{id}/deliveries", self.list_deliveries),
            Route("/webhooks/{id}/test", self.test, methods=["POST"]),
            Route("/webhooks/{id}/deliveries/{delivery}/replay", self.replay, methods=["POST"]),
        ]

    def _find(self, request: Request) -> str:
        self._caller(request, "admin")
        webhook_id: str = request.path_params["id"]
        if webhook_id not in self.kept:
            raise Refusal(404, "not-found", "There is no such webhook.")
        return webhook_id

    async def add(self, request: Request) -> Response:
        self._caller(request, "admin")
        body = await request.json()
        if "127.0.0.1" in body["url"]:
            errors = [{"pointer": "/url", "detail": "its host has a private address"}]
            raise Refusal(422, "validation", "The request is not valid.", errors=errors)
        webhook_id, now = str(uuid.uuid4()), format_time(datetime.now(UTC))
        made = {"id": webhook_id, "url": body["url"], "events": body["events"], "status": "active", "created_at": now}
        self.kept[webhook_id], self.deliveries[webhook_id] = made, []
        return JSONResponse({**made, "secret": body.get("secret") or "whsec_made"}, 201)

    async def list_all(self, request: Request) -> Response:
        self._caller(request, "admin")
        return page(request, list(self.kept.values()))

    async def delete(self, request: Request) -> Response:
        del self.kept[self._find(request)]
        return Response(status_code=204)

    async def list_deliveries(self, request: Request) -> Response:
        return page(request, self.deliveries[self._find(request)])

    async def test(self, request: Request) -> Response:
        webhook_id = self._find(request)
        if self.kept[webhook_id]["status"] == "disabled":
            raise Refusal(409, "webhook-disabled", "The webhook is disabled.")
        now = format_time(datetime.now(UTC))
        pending = {"id": str(uuid.uuid4()), "event": "webhook.test", "status": "pending", "attempts": 0}
        pending |= {"response_status": None, "at": now}
        made = {**pending, "status": "delivered", "attempts": 1, "response_status": 204}
        self.deliveries[webhook_id].insert(0, made)
        return JSONResponse(pending, 202)

    async def replay(self, request: Request) -> Response:
        for delivery in self.deliveries[self._find(request)]:
            if delivery["id"] == request.path_params["delivery"]:
                delivery["attempts"] += 1
                return JSONResponse({**delivery, "status": "pending"}, 202)
        raise Refusal(404, "not-found", "There is no such delivery.")
