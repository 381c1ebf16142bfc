"""One package: README, metadata, safety, activity, and what its owner may change."""

import asyncio
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.domain.packages import PackageStatus
from registry.web.api_calls import Api, ApiResponse
from registry.web.charts import bars
from registry.web.markdown import render_readme
from registry.web.rendering import package_url, page, problem_page, see_other
from registry.web.routing import page_route
from registry.web.sessions import read_form

_OK = 200


def routes() -> list[Route]:
    return [
        page_route("/ui/packages/{type}/{name:path}", show_latest),
        page_route("/ui/package/{id}", show_package),
        page_route("/ui/package/{id}/safety", show_safety),
        page_route("/ui/package/{id}/activity", show_activity),
        page_route("/ui/package/{id}/status", change_status, methods=("POST",)),
        page_route("/ui/package/{id}/delete", delete_package, methods=("POST",)),
    ]


async def read_package(request: Request, api: Api) -> dict[str, Any]:
    """The package that the address names, with its rating. Raises CallFailed."""
    package: dict[str, Any] = await api.read(f"/package/{request.path_params['id']}", include="rating")
    return package


def package_page(request: Request, package: dict[str, Any], template: str, tab: str, **values: Any) -> Response:
    """A page about one package, with the header and tabs that all of them share."""
    offered = PackageStatus(package["status"]).is_offered
    return page(request, template, section="packages", package=package, tab=tab, offered=offered, **values)


async def show_latest(request: Request, api: Api) -> Response:
    """The newest version of a name: an address that people can share."""
    type_, name = request.path_params["type"], request.path_params["name"]
    named = await api.read(f"/names/{type_}/{name}")
    latest = named["latest"] or (named["versions"][0] if named["versions"] else None)
    if latest is None:
        return problem_page(request, ApiResponse.problem(404, "No version", f"{name} has no version that you may see."))
    return see_other(package_url(latest["id"]))


async def show_package(request: Request, api: Api) -> Response:
    package = await read_package(request, api)
    named = await api.get(name_path(package))
    downloaded = await api.get(f"/package/{package['id']}/downloads")
    readme = await asyncio.to_thread(render_readme, package["readme"]) if package.get("readme") else None
    return package_page(
        request,
        package,
        "package.html",
        "",
        readme=readme,
        named=named.body if named.ok else None,
        name_tag=named.headers.get("etag", ""),
        versions=_versions(package, named),
        found_license=await _license_evidence(package, api),
        downloads=bars(downloaded.body["days"]) if downloaded.ok else None,
        quarantined=await _quarantined_ancestors(package, api),
        may_change=_may_change(request, package, named),
        server=f"{request.url.scheme}://{request.url.netloc}",
    )


async def _quarantined_ancestors(package: dict[str, Any], api: Api) -> list[dict[str, Any]]:
    if not package["dependencies"]:
        return []
    graph = await api.get(f"/package/{package['id']}/lineage", include="details")
    return quarantined_ancestors(graph.body) if graph.ok else []


def quarantined_ancestors(graph: dict[str, Any]) -> list[dict[str, Any]]:
    """The quarantined packages that the first one of a lineage is made from, directly or not."""
    return [node for node in graph["nodes"][1:] if node["status"] == PackageStatus.QUARANTINED]


async def _license_evidence(package: dict[str, Any], api: Api) -> dict[str, Any] | None:
    """What the rating says of the license: where it was found, and whether places contradict each other."""
    if not package["rating"]:
        return None
    rated = await api.get(f"/package/{package['id']}/rate")
    return rated.body["metrics"]["license"] if rated.status == _OK else None


async def show_safety(request: Request, api: Api) -> Response:
    package = await read_package(request, api)
    response = await api.get(f"/package/{package['id']}/safety")
    verdict = response.body if response.status == _OK else None
    findings = findings_by_file(verdict["findings"]) if verdict else []
    return package_page(
        request, package, "safety.html", "safety", response=response, verdict=verdict, findings=findings
    )


async def show_activity(request: Request, api: Api) -> Response:
    query = {"limit": 50, "cursor": request.query_params.get("cursor")}
    package = await read_package(request, api)
    entries = await api.read(f"/package/{package['id']}/audit", **query)
    return package_page(request, package, "activity.html", "activity", entries=entries)


async def change_status(request: Request, api: Api) -> Response:
    fields = await read_form(request)
    path = f"/package/{request.path_params['id']}"
    response = await api.call("PATCH", path, json={"status": fields.get("status")})
    if not response.ok:
        return problem_page(request, response)
    return see_other(package_url(request.path_params["id"]), done="status")


async def delete_package(request: Request, api: Api) -> Response:
    await read_form(request)
    response = await api.call("DELETE", f"/package/{request.path_params['id']}")
    return see_other("/ui/packages", done="deleted") if response.ok else problem_page(request, response)


def findings_by_file(findings: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Findings with their file, files with a dangerous one first."""
    ordered = sorted(findings, key=lambda finding: (finding["path"], finding["level"]))
    files = [(path, list(found)) for path, found in groupby(ordered, key=lambda finding: finding["path"])]
    return sorted(files, key=lambda file: file[1][0]["level"] != "dangerous")


def name_path(package: dict[str, Any]) -> str:
    return f"/names/{package['type']}/{package['name']}"


def _versions(package: dict[str, Any], named: ApiResponse) -> list[dict[str, Any]]:
    """The newest versions of the name, and the package itself where it is older than those."""
    listed: list[dict[str, Any]] = named.body["versions"] if named.ok else []
    return listed if any(other["id"] == package["id"] for other in listed) else [package, *listed]


def _may_change(request: Request, package: dict[str, Any], named: ApiResponse) -> bool:
    user = request.state.user
    if user is None:
        return False
    owners = named.body["owners"] if named.ok else [package["created_by"]]
    return "admin" in user.permissions or user.name in owners
