"""For admins: users and their permissions, webhooks and their deliveries, quarantine, and the audit trail."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.domain.events import SUBSCRIBABLE
from registry.domain.packages import AuditAction
from registry.web.api_calls import Api, CallFailed
from registry.web.pages.account import PERMISSIONS
from registry.web.rendering import page, problem_page, see_other
from registry.web.routing import page_route
from registry.web.sessions import read_form

EVENTS = tuple(sorted(SUBSCRIBABLE))
_AUDIT_FILTERS = ("user", "action", "package", "since", "until")
_INVALID = 422


def routes() -> list[Route]:
    return [
        page_route("/ui/admin", show_admin),
        page_route("/ui/admin/users", add_user, methods=("POST",)),
        page_route("/ui/admin/users/{name}/permissions", change_permissions, methods=("POST",)),
        page_route("/ui/admin/users/{name}/delete", delete_user, methods=("POST",)),
        page_route("/ui/admin/webhooks", show_webhooks),
        page_route("/ui/admin/webhooks", add_webhook, methods=("POST",)),
        page_route("/ui/admin/webhooks/{id}", show_deliveries),
        page_route("/ui/admin/webhooks/{id}/test", test_webhook, methods=("POST",)),
        page_route("/ui/admin/webhooks/{id}/delete", delete_webhook, methods=("POST",)),
        page_route("/ui/admin/quarantine", show_quarantine),
        page_route("/ui/admin/audit", show_audit),
        page_route("/ui/admin/audit/export", export_audit),
    ]


def _chosen(fields: dict[str, str]) -> list[str]:
    return [name for name in PERMISSIONS if fields.get(f"permission-{name}")]


async def show_admin(request: Request, api: Api, **values: Any) -> Response:
    users = await api.read("/users", limit=200, cursor=request.query_params.get("cursor"))
    shown = {"errors": {}, "given": {}, **values}
    return page(request, "users.html", section="admin", tab="users", users=users, permissions=PERMISSIONS, **shown)


async def add_user(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    body = {"name": fields.get("name", ""), "password": fields.get("password", ""), "permissions": _chosen(fields)}
    response = await api.call("POST", "/users", json=body)
    if not response.ok:
        errors = response.field_errors() or {"name": response.detail}
        return await show_admin(request, api, errors=errors, given=fields)
    return see_other("/ui/admin", done="user-added")


async def change_permissions(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    path = f"/users/{request.path_params['name']}/permissions"
    response = await api.call("PUT", path, json={"permissions": _chosen(fields)})
    return see_other("/ui/admin", done="permissions") if response.ok else problem_page(request, response)


async def delete_user(request: Request, api: Api) -> Response:
    await read_form(request)
    response = await api.call("DELETE", f"/users/{request.path_params['name']}")
    return see_other("/ui/admin", done="user-removed") if response.ok else problem_page(request, response)


async def show_webhooks(request: Request, api: Api, **values: Any) -> Response:
    webhooks = await api.read("/webhooks")
    shown = {"errors": {}, "given": {}, "fresh": None, **values}
    return page(
        request, "webhooks.html", section="admin", tab="webhooks", webhooks=webhooks["items"], events=EVENTS, **shown
    )


async def add_webhook(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    events = [name for name in EVENTS if fields.get(f"event-{name}")]
    response = await api.call("POST", "/webhooks", json={"url": fields.get("url", ""), "events": events})
    if not response.ok:
        errors = response.field_errors() or {"url": response.detail}
        return await show_webhooks(request, api, errors=errors, given=fields)
    return await show_webhooks(request, api, fresh=response.body)


async def show_deliveries(request: Request, api: Api) -> Response:
    path = f"/webhooks/{request.path_params['id']}/deliveries"
    deliveries = await api.read(path, limit=50, cursor=request.query_params.get("cursor"))
    return page(
        request,
        "deliveries.html",
        section="admin",
        tab="webhooks",
        webhook_id=request.path_params["id"],
        deliveries=deliveries,
    )


async def test_webhook(request: Request, api: Api) -> Response:
    await read_form(request)
    webhook_id = request.path_params["id"]
    response = await api.call("POST", f"/webhooks/{webhook_id}/test")
    if not response.ok:
        return problem_page(request, response)
    return see_other(f"/ui/admin/webhooks/{webhook_id}", done="webhook-tested")


async def delete_webhook(request: Request, api: Api) -> Response:
    await read_form(request)
    response = await api.call("DELETE", f"/webhooks/{request.path_params['id']}")
    return see_other("/ui/admin/webhooks", done="webhook-removed") if response.ok else problem_page(request, response)


async def show_quarantine(request: Request, api: Api) -> Response:
    cursor = request.query_params.get("cursor")
    packages = await api.read("/packages", status="quarantined", limit=50, cursor=cursor, include="rating")
    return page(request, "quarantine.html", section="admin", tab="quarantine", packages=packages)


async def show_audit(request: Request, api: Api) -> Response:
    given = _audit_filters(request)
    response = await api.get("/audit", limit=100, cursor=request.query_params.get("cursor"), **given)
    if not response.ok and response.status != _INVALID:
        raise CallFailed(response)
    return page(
        request,
        "audit.html",
        status=response.status,
        section="admin",
        tab="audit",
        entries=response.body if response.ok else {"items": [], "next_cursor": None},
        given=given,
        errors=response.field_errors(),
        actions=[action.value for action in AuditAction],
    )


async def export_audit(request: Request, api: Api) -> Response:
    """All entries that match, a JSON document a line."""
    headers = {"Accept": "application/x-ndjson"}
    return api.streamed("/audit", query=_audit_filters(request), headers=headers, filename="audit.ndjson")


def _audit_filters(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "").strip() for name in _AUDIT_FILTERS}
