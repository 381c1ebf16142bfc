"""The service itself: health, metrics, kinds of problems, reset."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from registry.api.authentication import Admin
from registry.api.caching import caching_of
from registry.api.documentation import problems
from registry.api.hot import HotRoute, hot_route, ready_json
from registry.api.models.service import ComponentsModel, HealthModel, ProblemKindModel, ReadinessModel
from registry.api.problems import problem_kinds
from registry.api.state import state_of
from registry.domain.documents import format_time
from registry.domain.errors import NotFound
from registry.ports.health import HealthSample
from registry.services.health.load_tests import TARGET_P95_MS
from registry.services.health.traffic import QueueWindow, RequestWindow, p95_seconds


def hot_routes() -> list[HotRoute]:
    return [
        hot_route(
            "/health",
            _answer_health,
            documented=read_health,
            tags=["service"],
            response_model=HealthModel,
            responses=problems(),
        )
    ]


def service_routes() -> APIRouter:
    router = APIRouter(tags=["service"])
    router.add_api_route(
        "/health/ready",
        read_readiness,
        methods=["GET"],
        response_model=ReadinessModel,
        responses={**problems(), 503: {"description": "not ready", "model": ReadinessModel}},
    )
    router.add_api_route(
        "/health/components",
        read_component_health,
        methods=["GET"],
        response_model=ComponentsModel,
        responses=problems(401, 403, 422),
    )
    router.add_api_route(
        "/metrics",
        read_metrics,
        methods=["GET"],
        response_class=PlainTextResponse,
        responses={200: {"description": "Prometheus text", "content": {"text/plain": {}}}, **problems()},
    )
    router.add_api_route(
        "/problems", list_problems, methods=["GET"], response_model=list[ProblemKindModel], responses=problems()
    )
    router.add_api_route(
        "/problems/{slug}",
        read_problem,
        methods=["GET"],
        response_model=ProblemKindModel,
        responses=problems(404, 422),
    )
    router.add_api_route("/reset", reset_registry, methods=["DELETE"], responses=problems(401, 403))
    return router


async def read_health() -> None:
    """The process is alive."""


async def _answer_health(request: Request) -> Response:
    body = b'{"status":"ok","version":"' + state_of(request.scope).version.encode() + b'"}'
    return ready_json(body)


async def read_readiness(request: Request) -> Response:
    """Whether requests should come here: all needed components answer, and the process is not stopping."""
    state = state_of(request.scope)
    states = await state.services.health.probe_all()
    stopping = state.stopping.begun
    ready = not stopping and all(state.ok or state.optional for state in states)
    components = {
        state.name: {
            "status": "ok" if state.ok else "unavailable",
            "optional": state.optional,
            "detail": state.detail,
        }
        for state in states
    }
    whole = all(state.ok for state in states)
    good = "ready" if whole else "degraded"
    bad = "stopping" if stopping else "not_ready"
    return JSONResponse({"status": good if ready else bad, "components": components}, 200 if ready else 503)


async def read_component_health(
    request: Request,
    window_minutes: Annotated[int, Query(alias="windowMinutes", ge=5, le=1440)] = 60,
    *,
    include_timeline: Annotated[bool, Query(alias="includeTimeline")] = False,
) -> Response:
    """Calls, errors and times of components over the window, requests and queues, from all processes."""
    window = await state_of(request.scope).services.health.window(minutes=window_minutes)
    components = [
        {
            "name": component.name,
            "status": component.status,
            "calls": component.calls,
            "errors": component.errors,
            "mean_ms": _milliseconds(component.mean_seconds),
            "max_ms": _milliseconds(component.max_seconds),
            "timeline": [_minute(sample) for sample in component.timeline] if include_timeline else None,
        }
        for component in window.components
    ]
    body = {
        "window_minutes": window_minutes,
        "components": components,
        "requests": _requests(window.requests, include_timeline=include_timeline),
        "queues": [_queue(queue, include_timeline=include_timeline) for queue in window.queues],
    }
    return Response(orjson.dumps(body), media_type="application/json")


def _requests(window: RequestWindow, *, include_timeline: bool) -> dict[str, object]:
    timeline = [
        {
            "minute": format_time(sample.minute),
            "calls": sample.calls,
            "errors": sample.errors,
            "p95_ms": _milliseconds(p95_seconds(sample.buckets)),
        }
        for sample in (window.timeline if include_timeline else ())
    ]
    return {
        "calls": window.calls,
        "errors": window.errors,
        "mean_ms": _milliseconds(window.mean_seconds),
        "p95_ms": _milliseconds(window.p95_seconds),
        "target_p95_ms": TARGET_P95_MS,
        "timeline": timeline if include_timeline else None,
    }


def _queue(window: QueueWindow, *, include_timeline: bool) -> dict[str, object]:
    timeline = [{"minute": format_time(sample.minute), "depth": sample.depth} for sample in window.timeline]
    return {"name": window.name, "max_depth": window.max_depth, "timeline": timeline if include_timeline else None}


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _minute(sample: HealthSample) -> dict[str, object]:
    return {
        "minute": format_time(sample.minute),
        "calls": sample.calls,
        "errors": sample.errors,
        "mean_ms": _milliseconds(sample.total_seconds / sample.calls if sample.calls else 0.0),
        "max_ms": _milliseconds(sample.max_seconds),
    }


async def read_metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(generate_latest(state_of(request.scope).metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def list_problems(request: Request) -> list[ProblemKindModel]:
    """Every kind of error that this service answers with."""
    caching_of(request.scope).for_all = True
    return [_kind(slug) for slug in problem_kinds()]


async def read_problem(
    request: Request, slug: Annotated[str, Path(max_length=64, examples=["package-exists"])]
) -> ProblemKindModel:
    """What a kind of error means: the page behind a problem's `type`."""
    if slug not in problem_kinds():
        raise NotFound("There is no such kind of problem. GET /problems lists them.")
    caching_of(request.scope).for_all = True
    return _kind(slug)


def _kind(slug: str) -> ProblemKindModel:
    kind = problem_kinds()[slug]
    return ProblemKindModel(type=f"/problems/{slug}", title=kind.title, status=kind.status, meaning=kind.meaning)


async def reset_registry(request: Request, caller: Admin) -> dict[str, str]:
    """Back to an empty registry with the first admin. Everything published is lost."""
    await state_of(request.scope).services.maintenance.reset()
    return {"status": "reset"}
