"""What a package depends on, what that costs, and what happened to it."""

import asyncio
from typing import Annotated, Any, Literal

import orjson
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from registry.api.authentication import Searcher, admit, authenticate, token_of
from registry.api.documentation import LINK, problems
from registry.api.hot import HotRoute, hot_route, ready_json
from registry.api.models.packages import AuditEntryModel, CostModel, DownloadsModel, LineageModel, Page
from registry.api.models.pages import PageQuery
from registry.api.paging import page_response, position
from registry.api.queries import read_query
from registry.api.routes.packages import PackageId
from registry.api.state import state_of
from registry.domain.accounts import Permission
from registry.domain.documents import format_time
from registry.domain.packages import AuditEntry, PackageStatus
from registry.domain.pages import cut_page
from registry.services.packages.catalog import Lineage, LineageNode
from registry.services.packages.lineage_licenses import find_conflicts


def hot_routes() -> list[HotRoute]:
    errors = problems(401, 403, 404, 422)
    return [
        hot_route(
            "/package/{package_id}/lineage",
            _read_lineage,
            documented=read_lineage,
            tags=["packages"],
            response_model=LineageModel,
            responses=errors,
        ),
        hot_route(
            "/package/{package_id}/cost",
            _read_cost,
            documented=read_cost,
            tags=["packages"],
            response_model=CostModel,
            responses=errors,
        ),
        hot_route(
            "/package/{package_id}/downloads",
            _read_downloads,
            documented=read_downloads,
            tags=["packages"],
            response_model=DownloadsModel,
            responses=errors,
        ),
        hot_route(
            "/package/{package_id}/audit",
            _list_audit,
            documented=list_audit,
            tags=["packages"],
            response_model=Page[AuditEntryModel],
            responses={200: {"headers": LINK}, **errors},
        ),
    ]


class LineageQuery(BaseModel):
    """The parameters of a lineage."""

    model_config = ConfigDict(frozen=True)

    include: Annotated[
        Literal["details"] | None,
        Field(description="`details`: status, license and size of each node, and license conflicts"),
    ] = None


class CostQuery(BaseModel):
    """The parameters of a cost."""

    model_config = ConfigDict(frozen=True)

    dependency: Annotated[bool, Field(description="count the dependencies too")] = False


async def read_lineage(package_id: PackageId, query: Annotated[LineageQuery, Query()], caller: Searcher) -> None:
    """All that the package depends on, transitively. Names are resolved now, to the newest version that fits.

    With details, a dependency that only quarantined versions fit is resolved to one of them, to be seen as such.
    """


async def _read_lineage(request: Request) -> Response:
    scope = request.scope
    caller = await authenticate(scope, Permission.SEARCH)
    include = read_query(request, LineageQuery).include
    lineage = await state_of(scope).services.catalog.lineage(
        scope["path_params"]["package_id"], caller, quarantined=include is not None
    )
    details: dict[str, Any] = {}
    if include is not None:
        details["conflicts"] = [
            {"from": conflict.source, "to": conflict.target, "reason": conflict.reason}
            for conflict in await asyncio.to_thread(find_conflicts, lineage)
        ]
    body = orjson.dumps(
        {
            "nodes": [_lineage_node(node) | (_node_details(node) if include else {}) for node in lineage.nodes],
            "edges": [{"from": edge.source, "to": edge.target, "relation": edge.relation} for edge in lineage.edges],
            "complete": lineage.complete,
            **details,
        }
    )
    return ready_json(body)


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


async def read_cost(package_id: PackageId, query: Annotated[CostQuery, Query()], caller: Searcher) -> None:
    """How many bytes the package takes, alone or with each of its dependencies counted once."""


async def _read_cost(request: Request) -> Response:
    scope = request.scope
    caller = await authenticate(scope, Permission.SEARCH)
    package_id, catalog = scope["path_params"]["package_id"], state_of(scope).services.catalog
    if read_query(request, CostQuery).dependency:
        nodes = (await catalog.lineage(package_id, caller)).nodes
    else:
        nodes = Lineage.of_one(await catalog.get(package_id, caller)).nodes
    items = [_cost_item(node) for node in nodes]
    body = orjson.dumps(
        {
            "package_id": package_id,
            "standalone_bytes": items[0]["bytes"] or 0,
            "total_bytes": sum(item["bytes"] or 0 for item in items),
            "items": items,
        }
    )
    return ready_json(body)


def _cost_item(node: LineageNode) -> dict[str, Any]:
    return {"id": node.id, "name": node.name, "version": node.version, "bytes": node.size}


async def read_downloads(package_id: PackageId, caller: Searcher) -> None:
    """Count the downloads of this version on each of the last 30 days.

    What one reader fetches of a content by ranges or files within a minute is one download.
    """


async def _read_downloads(request: Request) -> Response:
    package_id, services = request.scope["path_params"]["package_id"], state_of(request.scope).services
    caller, found = await services.reading.find(token_of(request.scope), package_id)
    await admit(request.scope, caller, Permission.SEARCH)
    await services.access.shown(found, caller)
    await services.retrieval.downloads.settle()
    days = await services.popularity.list_days(package_id)
    body = orjson.dumps(
        {
            "package_id": package_id,
            "total": sum(count for _, count in days),
            "days": [{"day": day.isoformat(), "count": count} for day, count in days],
        }
    )
    return ready_json(body)


async def list_audit(package_id: PackageId, query: Annotated[PageQuery, Query()], caller: Searcher) -> None:
    """Who did what to the package, newest first."""


async def _list_audit(request: Request) -> Response:
    scope = request.scope
    package_id, services = scope["path_params"]["package_id"], state_of(scope).services
    caller, found = await services.reading.find(token_of(scope), package_id)
    await admit(scope, caller, Permission.SEARCH)
    query = read_query(request, PageQuery)
    after = position(request, services.cursors, query.cursor)
    await services.access.shown(found, caller)
    await services.retrieval.downloads.settle()
    # One more than asked for shows whether there is a next page.
    entries = await services.catalog.list_audit(package_id, limit=query.limit + 1, after=after)
    page, next_after = cut_page(entries, query.limit, lambda entry: entry.id)
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
