"""How the service is doing: its components now and over the last hours, and a load test where it is allowed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import log10
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api
from registry.web.rendering import page
from registry.web.routing import page_route
from registry.web.sessions import read_form

_WINDOWS = {60: "one hour", 360: "6 hours", 1440: "24 hours"}
_PLOT_WIDTH, _PLOT_HEIGHT = 600.0, 72.0
_TARGET_MS = 500.0
"""The registry's own target for the 95th percentile of requests; a store's calls stay far below it."""
_LEAST_MS, _MOST_MS = 0.01, 10_000.0
_TABLE_ROWS = 24
_LENGTHS = (1, 5, 10, 30, 60)
_CLIENTS = (1, 10, 25, 50)


@dataclass(frozen=True, slots=True)
class Plot:
    """Calls of a component over the window, by minute. Latencies are on a logarithmic scale.

    `latency` is a line, `calls` the bars of minutes as (left edge, height), `errors` the places of minutes with failed
    calls; `rows` sum up what is drawn, for the table.
    """

    latency: str
    calls: list[tuple[float, float]]
    width: float
    errors: list[float]
    top_calls: int
    target_y: float
    rows: list[dict[str, Any]]


def routes() -> list[Route]:
    return [
        page_route("/ui/health", show_health),
        page_route("/ui/health/load-test", run_load_test, methods=("POST",)),
    ]


async def show_health(request: Request, api: Api, **values: Any) -> Response:
    asked = request.query_params.get("minutes", "60")
    minutes = int(asked) if asked.isdecimal() and int(asked) in _WINDOWS else 60
    ready = await api.get("/health/ready")
    window = await api.get("/health/components", windowMinutes=minutes, includeTimeline="true")
    components = window.body["components"] if window.ok else []
    now = datetime.now(UTC)
    shown = {"report": None, "problem": None, "seconds": 10, "clients": 10, **values}
    return page(
        request,
        "health.html",
        section="health",
        ready=ready.body,
        minutes=minutes,
        windows=_WINDOWS,
        components=[(component, plot(component.get("timeline") or [], now, minutes)) for component in components],
        refused=None if window.ok else window.detail,
        lengths=await _allowed_lengths(request, api),
        client_counts=_CLIENTS,
        **shown,
    )


async def _allowed_lengths(request: Request, api: Api) -> list[int]:
    """How many seconds a load test may take; none for others than admins, and where the setting allows none."""
    user = request.state.user
    if user is None or "admin" not in user.permissions:
        return []
    bound = await api.get("/load-tests")
    return [seconds for seconds in _LENGTHS if bound.ok and seconds <= bound.body["most_seconds"]]


async def run_load_test(request: Request, api: Api) -> Response:
    """Run a load test and show its report, or why there is none."""
    fields = await read_form(request)
    chosen = {name: int(text) if (text := fields.get(name, "")).isdecimal() else 0 for name in ("seconds", "clients")}
    response = await api.call("POST", "/load-tests", json=chosen)
    if not response.ok:
        return await show_health(request, api, problem=response.reasons, **chosen)
    return await show_health(request, api, report=response.body, **chosen)


def plot(timeline: list[dict[str, Any]], now: datetime, minutes: int) -> Plot | None:
    """None where nothing was called."""
    called = [minute for minute in timeline if minute["calls"]]
    if not called:
        return None
    begin = now - timedelta(minutes=minutes)
    places = [_place(minute["minute"], begin, minutes) for minute in called]
    points = [(x, _height_of(minute["mean_ms"])) for x, minute in zip(places, called, strict=True)]
    if len(points) == 1:  # a line of one minute, or nothing is seen
        (x, y), width = points[0], max(_PLOT_WIDTH / minutes, 1.0)
        points = [(x - width / 2, y), (x + width / 2, y)]
    top = max(minute["calls"] for minute in called)
    return Plot(
        latency=" ".join(f"{'L' if number else 'M'} {x:.1f} {y:.1f}" for number, (x, y) in enumerate(points)),
        calls=[
            (round(x, 1), round(minute["calls"] / top * _PLOT_HEIGHT, 1))
            for x, minute in zip(places, called, strict=True)
        ],
        width=round(max(_PLOT_WIDTH / minutes, 1.0), 2),
        errors=[round(x, 1) for x, minute in zip(places, called, strict=True) if minute["errors"]],
        top_calls=top,
        target_y=round(_height_of(_TARGET_MS), 1),
        rows=summed(called, minutes),
    )


def _place(minute: str, begin: datetime, minutes: int) -> float:
    ago = (datetime.fromisoformat(minute) - begin).total_seconds() / 60
    return min(max(ago / minutes, 0.0), 1.0) * _PLOT_WIDTH


def _height_of(milliseconds: float) -> float:
    """The distance of a latency from the upper edge."""
    bounded = min(max(milliseconds, _LEAST_MS), _MOST_MS)
    return _PLOT_HEIGHT * (1 - log10(bounded / _LEAST_MS) / log10(_MOST_MS / _LEAST_MS))


def summed(called: list[dict[str, Any]], minutes: int) -> list[dict[str, Any]]:
    """The minutes in rows of equal length, `_TABLE_ROWS` at most: begin, calls, errors, mean and longest time."""
    length = max(minutes // _TABLE_ROWS, 1)
    rows: dict[float, list[dict[str, Any]]] = {}
    for minute in called:
        begin = datetime.fromisoformat(minute["minute"]).timestamp()
        rows.setdefault(begin // (length * 60), []).append(minute)
    return [_row(some) for some in rows.values()]


def _row(some: list[dict[str, Any]]) -> dict[str, Any]:
    calls = sum(minute["calls"] for minute in some)
    return {
        "begin": some[0]["minute"],
        "calls": calls,
        "errors": sum(minute["errors"] for minute in some),
        "mean_ms": sum(minute["mean_ms"] * minute["calls"] for minute in some) / calls,
        "max_ms": max(minute["max_ms"] for minute in some),
    }
