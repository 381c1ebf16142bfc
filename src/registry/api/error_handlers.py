"""Errors become problem documents here: those of the domain, of the framework, and defects."""

import http
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from registry.api.hub.paths import is_hub
from registry.api.hub.refusals import as_clients_show, unknown_address
from registry.api.problem_kinds import ProblemKind
from registry.api.problems import HTTP_PROBLEMS, PROBLEMS, problem_response
from registry.domain import errors, serving_errors

_log = structlog.get_logger(__name__)
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


def _kind_of(error: errors.RegistryError) -> ProblemKind:
    return next(PROBLEMS[base] for base in type(error).__mro__ if base in PROBLEMS)


async def on_registry_error(request: Request, error: Exception) -> Response:
    """An error of the domain, as the table has it."""
    assert isinstance(error, errors.RegistryError)  # noqa: S101  (registered for this class only)
    kind = _kind_of(error)
    if isinstance(error, errors.RevisionConflict) and "if-match" not in request.headers:
        # 412 speaks of a precondition (RFC 9110, section 13): without one it is a plain conflict.
        kind = HTTP_PROBLEMS[409]
    headers: dict[str, str] = {}
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(
        error, errors.Throttled | errors.Unavailable | serving_errors.NotScannedYet | serving_errors.BeingFetched
    ):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if is_hub(request.scope):
        kind, shown = as_clients_show(error, kind)
        headers |= shown
    return problem_response(kind, str(error), path=request.url.path, headers=headers, members=_members(error))


def _members(error: errors.RegistryError) -> dict[str, Any]:
    """What a problem document of this error has besides the members of all."""
    if isinstance(error, errors.InvalidInput):
        broken = [{"pointer": broken.pointer, "detail": broken.detail} for broken in error.errors]
        return {"errors": broken, **error.details}
    if isinstance(error, errors.PackageExists):
        return {"existing_id": error.existing_id}
    if isinstance(error, serving_errors.ArchiveUnreadable) and error.path is not None:
        return {"path": error.path}
    if isinstance(error, errors.ReleaseRefused):
        return {"reasons": error.reasons}
    if isinstance(error, serving_errors.PolicyRefused):
        return {"rules": [{"rule": rule, "reason": reason} for rule, reason in error.reasons.items()]}
    if isinstance(error, errors.NameTooSimilar):
        return {"similar_to": error.similar_to}
    return {}


async def on_http_error(request: Request, error: Exception) -> Response:
    """What the framework raises: unknown routes, methods, malformed bodies."""
    assert isinstance(error, HTTPException)  # noqa: S101
    status = error.status_code
    kind = HTTP_PROBLEMS.get(status) or ProblemKind(status, f"http-{status}", http.HTTPStatus(status).phrase, "")
    headers = dict(error.headers or {})
    if status == 405:
        # The router names the methods of the first route with this path only.
        headers["Allow"] = ", ".join(allowed_methods(request))
    detail = kind.meaning if error.detail == http.HTTPStatus(status).phrase else str(error.detail)
    if is_hub(request.scope):
        headers |= unknown_address()
    return problem_response(kind, detail, path=request.url.path, headers=headers)


def allowed_methods(request: Request) -> list[str]:
    """The methods of the request's path, over all routes."""
    paths = request.app.openapi()["paths"]
    # A path that stands in the schema as it is (/package/byRegEx) is no id of /package/{package_id}.
    if (wanted := request.scope["path"]) in paths:
        methods = {method.upper() for method in paths[wanted]}
    else:
        methods = {method for method in _METHODS if _is_served(request, method)}
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def _is_served(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Pydantic's findings as pointers into the body, or the names of parameters."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    broken = [errors.FieldError(errors.json_pointer(*found["loc"][1:]), found["msg"]) for found in error.errors()[:100]]
    return await on_registry_error(request, errors.InvalidInput(broken))


async def on_any_error(request: Request, error: Exception) -> Response:
    """Whatever was raised. Of a defect a client sees nothing but the request id; the log has the rest."""
    if isinstance(error, errors.RegistryError):
        return await on_registry_error(request, error)
    if isinstance(error, HTTPException):
        return await on_http_error(request, error)
    path = request.url.path
    _log.error("request_failed", path=path, exc_info=error)
    return problem_response(HTTP_PROBLEMS[500], "The registry failed. Its log says more.", path=path)
