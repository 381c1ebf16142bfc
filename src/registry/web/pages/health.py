"""How the service is doing: its components now and over the last hours."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api
from registry.web.rendering import page
from registry.web.routing import page_route

_WINDOWS = {60: "one hour", 360: "6 hours", 1440: "24 hours"}
_PLOT_WIDTH, _PLOT_HEIGHT = 600.0, 72.0
_TARGET_MS = 500.0
"""The registry's own target for the 95th percentile of requests; a store's calls stay far below it."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Mean latency by minute. `path` is the line, `errors` the places of minutes with failed calls."""

    path: str
    errors: list[float]
    top_ms: float
    target_y: float | None


def routes() -> list[Route]:
    return [page_route("/ui/health", show_health)]


async def show_health(request: Request, api: Api) -> Response:
    asked = request.query_params.get("minutes", "60")
    minutes = int(asked) if asked.isdecimal() and int(asked) in _WINDOWS else 60
    ready = await api.get("/health/ready")
    window = await api.get("/health/components", windowMinutes=minutes, includeTimeline="true")
    components = window.body["components"] if window.ok else []
    return page(
        request,
        "health.html",
        section="health",
        ready=ready.body,
        minutes=minutes,
        windows=_WINDOWS,
        components=[(component, plot(component.get("timeline") or [])) for component in components],
        refused=None if window.ok else window.detail,
    )


def plot(timeline: list[dict[str, Any]]) -> Plot | None:
    """None where nothing was called."""
    called = [minute for minute in timeline if minute["calls"]]
    if not called:
        return None
    times = [datetime.fromisoformat(minute["minute"]).timestamp() for minute in called]
    first, span = times[0], max(times[-1] - times[0], 60.0)
    top = max(max(minute["mean_ms"] for minute in called) * 1.15, 0.1)
    points = [
        ((time - first) / span * _PLOT_WIDTH, _PLOT_HEIGHT - minute["mean_ms"] / top * _PLOT_HEIGHT)
        for time, minute in zip(times, called, strict=True)
    ]
    path = " ".join(f"{'L' if place else 'M'} {x:.1f} {y:.1f}" for place, (x, y) in enumerate(points))
    errors = [round(x, 1) for (x, _), minute in zip(points, called, strict=True) if minute["errors"]]
    return Plot(path, errors, top, _PLOT_HEIGHT - _TARGET_MS / top * _PLOT_HEIGHT if top > _TARGET_MS else None)
