"""Webhooks, for admins."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from registry.api.authentication import Admin
from registry.api.caching import NO_STORE
from registry.api.documentation import LINK, header, problems
from registry.api.models.packages import Page
from registry.api.models.pages import DEFAULT_LIMIT
from registry.api.models.requests import ID_PATTERN
from registry.api.models.webhooks import (
    DELIVERY_EXAMPLE,
    WEBHOOK_EXAMPLE,
    DeliveryModel,
    NewWebhookBody,
    NewWebhookModel,
    WebhookModel,
)
from registry.api.paging import Cursor, Limit, page_response, position
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.documents import format_time
from registry.domain.pages import cut_page
from registry.domain.redaction import receiver_url
from registry.domain.webhooks import Delivery, Webhook

WebhookId = Annotated[str, Path(pattern=ID_PATTERN, examples=[WEBHOOK_EXAMPLE["id"]])]
DeliveryId = Annotated[str, Path(pattern=ID_PATTERN, examples=[DELIVERY_EXAMPLE["id"]])]
_LOCATION = {"Location": header("where the webhook is", f"/webhooks/{WEBHOOK_EXAMPLE['id']}")}
_NEW_WEBHOOK = {"url": WEBHOOK_EXAMPLE["url"], "events": WEBHOOK_EXAMPLE["events"]}


def webhook_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["webhooks"])
    errors = problems(401, 403, 404, 422)
    accepted: dict[str, Any] = {"methods": ["POST"], "status_code": 202, "response_model": DeliveryModel}
    router.add_api_route(
        "/webhooks",
        add_webhook,
        methods=["POST"],
        status_code=201,
        response_model=NewWebhookModel,
        responses={201: {"headers": _LOCATION}, **problems(400, 401, 403, 413, 415, 422)},
        openapi_extra={"requestBody": {"content": {"application/json": {"example": _NEW_WEBHOOK}}}},
    )
    router.add_api_route(
        "/webhooks",
        list_webhooks,
        methods=["GET"],
        response_model=Page[WebhookModel],
        responses={200: {"headers": LINK}, **problems(401, 403, 422)},
    )
    router.add_api_route(
        "/webhooks/{webhook_id}", read_webhook, methods=["GET"], response_model=WebhookModel, responses=errors
    )
    router.add_api_route(
        "/webhooks/{webhook_id}",
        delete_webhook,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        responses=errors,
    )
    router.add_api_route(
        "/webhooks/{webhook_id}/deliveries",
        list_deliveries,
        methods=["GET"],
        response_model=Page[DeliveryModel],
        responses={200: {"headers": LINK}, **errors},
    )
    with_conflict = problems(401, 403, 404, 409, 422)
    router.add_api_route("/webhooks/{webhook_id}/test", test_webhook, responses=with_conflict, **accepted)
    router.add_api_route(
        "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", replay_delivery, responses=with_conflict, **accepted
    )
    return router


def _members(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": receiver_url(webhook.url),
        "events": sorted(webhook.events),
        "status": "disabled" if webhook.disabled else "active",
        "created_at": format_time(webhook.created_at),
    }


def _delivery(delivery: Delivery) -> bytes:
    return orjson.dumps(
        {
            "id": delivery.id,
            "event": delivery.event,
            "status": delivery.status,
            "attempts": delivery.attempts,
            "response_status": delivery.response_status,
            "at": format_time(delivery.at),
        }
    )


async def add_webhook(request: Request, caller: Admin, body: NewWebhookBody) -> Response:
    """Register a webhook: each event is sent to its URL as a signed POST (Standard Webhooks).

    Two things are in this answer only: the secret that verifies the signatures, and the whole URL, which may be a
    secret itself. Private, loopback and link-local targets are refused; redirects are not followed.
    """
    webhook = await state_of(request.scope).services.webhooks.register(body.url, set(body.events), secret=body.secret)
    headers = {"Location": f"/webhooks/{webhook.id}", **NO_STORE}
    content = orjson.dumps({**_members(webhook), "url": webhook.url, "secret": webhook.secret})
    return Response(content, 201, headers=headers, media_type="application/json")


async def list_webhooks(
    request: Request, caller: Admin, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """List webhooks, oldest first, without their secrets."""
    services = state_of(request.scope).services
    after = position(request, services.cursors, cursor)
    webhooks = await services.webhooks.list_webhooks(limit=limit + 1, after=after)
    page, next_after = cut_page(webhooks, limit, lambda webhook: webhook.id)
    return page_response(request, services.cursors, [orjson.dumps(_members(each)) for each in page], next_after)


async def read_webhook(request: Request, webhook_id: WebhookId, caller: Admin) -> Response:
    """Read a webhook, without its secret."""
    webhook = await state_of(request.scope).services.webhooks.get(webhook_id)
    return Response(orjson.dumps(_members(webhook)), media_type="application/json")


async def delete_webhook(request: Request, webhook_id: WebhookId, caller: Admin) -> Response:
    """Delete a webhook. What was still to be sent to it is not sent."""
    await state_of(request.scope).services.webhooks.remove(webhook_id)
    return Response(status_code=204)


async def list_deliveries(
    request: Request, webhook_id: WebhookId, caller: Admin, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """List a webhook's deliveries of the last 30 days, newest first."""
    services = state_of(request.scope).services
    after = position(request, services.cursors, cursor)
    deliveries = await services.webhooks.list_deliveries(webhook_id, limit=limit + 1, after=after)
    page, next_after = cut_page(deliveries, limit, lambda delivery: delivery.id)
    return page_response(request, services.cursors, [_delivery(each) for each in page], next_after)


async def test_webhook(request: Request, webhook_id: WebhookId, caller: Admin) -> Response:
    """Send an event of the type `webhook.test`; its delivery is listed with the others."""
    delivery = await state_of(request.scope).services.webhooks.test(webhook_id)
    return Response(_delivery(delivery), 202, media_type="application/json")


async def replay_delivery(request: Request, webhook_id: WebhookId, delivery_id: DeliveryId, caller: Admin) -> Response:
    """Send a delivery again, under the same `webhook-id`. One that is pending is left to its turn."""
    delivery = await state_of(request.scope).services.webhooks.replay(webhook_id, delivery_id)
    return Response(_delivery(delivery), 202, media_type="application/json")
