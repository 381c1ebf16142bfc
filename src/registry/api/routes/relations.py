"""What a package depends on, what that costs, and what happened to it."""

import asyncio
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry.api.authentication import Searcher
from registry.api.documentation import LINK, problems
from registry.api.models.packages import AuditEntryModel, CostModel, DownloadsModel, LineageModel, Page
from registry.api.paging import DEFAULT_LIMIT, Cursor, Limit, page_response, position
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.domain.documents import format_time
from registry.domain.packages import AuditEntry, PackageStatus
from registry.domain.pages import cut_page
from registry.services.packages.catalog import Lineage, LineageNode
from registry.services.packages.lineage_licenses import find_conflicts


def relation_routes() -> APIRouter:
    router = APIRouter(tags=["packages"])
    errors = problems(401, 403, 404, 422)
    router.add_api_route(
        "/package/{package_id}/lineage", read_lineage, methods=["GET"], response_model=LineageModel, responses=errors
    )
    router.add_api_route(
        "/package/{package_id}/cost", read_cost, methods=["GET"], response_model=CostModel, responses=errors
    )
    router.add_api_route(
        "/package/{package_id}/downloads",
        read_downloads,
        methods=["GET"],
        response_model=DownloadsModel,
        responses=errors,
    )
    router.add_api_route(
        "/package/{package_id}/audit",
        list_audit,
        methods=["GET"],
        response_model=Page[AuditEntryModel],
        responses={200: {"headers": LINK}, **errors},
    )
    return router


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


async def read_lineage(
    request: Request,
    package_id: PackageId,
    caller: Searcher,
    include: Annotated[
        Literal["details"] | None,
        Query(description="`details`: status, license and size of each node, and license conflicts"),
    ] = None,
) -> Response:
    """All that the package depends on, transitively. Names are resolved now, to the newest version that fits.

    With details, a dependency that only quarantined versions fit is resolved to one of them, to be seen as such.
    """
    catalog = state_of(request.scope).services.catalog
    lineage = await catalog.lineage(package_id, caller, quarantined=include is not None)
    details: dict[str, Any] = {}
    if include is not None:
        details["conflicts"] = [
            {"from": conflict.source, "to": conflict.target, "reason": conflict.reason}
            for conflict in await asyncio.to_thread(find_conflicts, lineage)
        ]
    return _json(
        {
            "nodes": [_lineage_node(node) | (_node_details(node) if include else {}) for node in lineage.nodes],
            "edges": [{"from": edge.source, "to": edge.target, "relation": edge.relation} for edge in lineage.edges],
            "complete": lineage.complete,
            **details,
        }
    )


def _lineage_node(node: LineageNode) -> dict[str, Any]:
    return {
        "id": node.id,
        "name": node.name,
        "version": node.version,
        "type": node.type,
        "registered": node.package is not None,
    }


def _node_details(node: LineageNode) -> dict[str, Any]:
    package = node.package
    unseen = PackageStatus.QUARANTINED if node.barred else None
    return {
        "status": package.status if package else unseen,
        "license": package.license if package else None,
        "bytes": node.size,
    }


async def read_cost(
    request: Request,
    package_id: PackageId,
    caller: Searcher,
    *,
    dependency: Annotated[bool, Query(description="count the dependencies too")] = False,
) -> Response:
    """How many bytes the package takes, alone or with each of its dependencies counted once."""
    catalog = state_of(request.scope).services.catalog
    if dependency:
        nodes = (await catalog.lineage(package_id, caller)).nodes
    else:
        nodes = Lineage.of_one(await catalog.get(package_id, caller)).nodes
    items = [_cost_item(node) for node in nodes]
    return _json(
        {
            "package_id": package_id,
            "standalone_bytes": items[0]["bytes"] or 0,
            "total_bytes": sum(item["bytes"] or 0 for item in items),
            "items": items,
        }
    )


def _cost_item(node: LineageNode) -> dict[str, Any]:
    return {"id": node.id, "name": node.name, "version": node.version, "bytes": node.size}


async def read_downloads(request: Request, package_id: PackageId, caller: Searcher) -> Response:
    """Count the downloads of this version on each of the last 30 days.

    What one reader fetches of a content by ranges or files within a minute is one download.
    """
    services = state_of(request.scope).services
    await services.catalog.get_document(package_id, caller)
    await services.retrieval.downloads.settle()
    days = await services.popularity.list_days(package_id)
    return _json(
        {
            "package_id": package_id,
            "total": sum(count for _, count in days),
            "days": [{"day": day.isoformat(), "count": count} for day, count in days],
        }
    )


async def list_audit(
    request: Request, package_id: PackageId, caller: Searcher, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Who did what to the package, newest first."""
    services = state_of(request.scope).services
    after = position(request, services.cursors, cursor)
    await services.retrieval.downloads.settle()
    # One more than asked for shows whether there is a next page.
    entries = await services.catalog.list_audit(package_id, caller, limit=limit + 1, after=after)
    page, next_after = cut_page(entries, limit, lambda entry: entry.id)
    return page_response(request, services.cursors, [_entry(entry) for entry in page], next_after)


def _entry(entry: AuditEntry) -> bytes:
    return orjson.dumps(
        {
            "at": format_time(entry.at),
            "user": entry.user,
            "action": entry.action,
            "revision": entry.revision,
            "sha256": entry.sha256,
        }
    )
