"""How the service is doing: its components now and over the last hours, and a load test where it is allowed."""

from collections.abc import Sequence
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
_TARGET_ERRORS_PERCENT = 1.0
"""As of a component: more errors are called degraded."""
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


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests over the window, by minute: bars of requests and of errors, a line of the 95th percentile.

    `rows` sum up what is drawn, for the table.
    """

    per_second: str
    top_per_second: float
    errors: str
    top_errors: float
    errors_target_y: float
    p95: str
    p95_target_y: float
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Queue:
    """The depths of a queue over the window, by minute, as bars; `rows` have its highest depths."""

    depths: str
    top: int
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
        requests=window.body["requests"] if window.ok else None,
        traffic=traffic(window.body["requests"]["timeline"], now, minutes) if window.ok else None,
        queues=[(each, queue(each["timeline"], now, minutes)) for each in window.body["queues"]] if window.ok else [],
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


def traffic(timeline: list[dict[str, Any]], now: datetime, minutes: int) -> Traffic | None:
    """None where there was no request."""
    if not timeline:
        return None
    begin = now - timedelta(minutes=minutes)
    places = [_place(minute["minute"], begin, minutes) for minute in timeline]
    rates = [minute["calls"] / 60 for minute in timeline]
    errors = [_percent(minute["errors"], minute["calls"]) for minute in timeline]
    top_rate, top_errors = max(rates), max(*errors, 5 * _TARGET_ERRORS_PERCENT)
    timed = [
        (x, _height_of(minute["p95_ms"]))
        for x, minute in zip(places, timeline, strict=True)
        if minute["p95_ms"] is not None
    ]
    return Traffic(
        per_second=_bars(places, rates, top_rate, minutes),
        top_per_second=top_rate,
        errors=_bars(places, errors, top_errors, minutes),
        top_errors=top_errors,
        errors_target_y=round(_PLOT_HEIGHT * (1 - _TARGET_ERRORS_PERCENT / top_errors), 1),
        p95=_steps(timed, minutes),
        p95_target_y=round(_height_of(_TARGET_MS), 1),
        rows=[_traffic_row(some) for some in _grouped(timeline, minutes)],
    )


def queue(timeline: list[dict[str, Any]], now: datetime, minutes: int) -> Queue:
    """The plot of a queue; empty while nothing waits."""
    begin = now - timedelta(minutes=minutes)
    depths = [minute["depth"] for minute in timeline]
    top = max(depths, default=0)
    rows = [
        {"begin": some[0]["minute"], "depth": max(minute["depth"] for minute in some)}
        for some in _grouped(timeline, minutes)
    ]
    places = [_place(minute["minute"], begin, minutes) for minute in timeline]
    return Queue(_bars(places, depths, top, minutes), top, rows)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _bars(places: list[float], values: Sequence[float], top: float, minutes: int) -> str:
    """One path of all bars: an element for each minute of a day would be most of the page."""
    width = max(_PLOT_WIDTH / minutes, 1.0)
    drawn = [(x, value / top * _PLOT_HEIGHT) for x, value in zip(places, values, strict=True) if value]
    return "".join(
        f"M{min(x, _PLOT_WIDTH - width):.1f} {_PLOT_HEIGHT:.0f}v{-height:.1f}h{width:.1f}v{height:.1f}z"
        for x, height in drawn
    )


def _steps(points: list[tuple[float, float]], minutes: int) -> str:
    """A level for each minute, joined with the next one: the line has gaps where there was no request."""
    width = _PLOT_WIDTH / minutes
    path, end = "", -_PLOT_WIDTH
    for x, y in points:
        follows = 0 <= x - end < width / 2
        path += f"{'L' if follows else 'M'}{x:.1f} {y:.1f}H{x + width:.1f}"
        end = x + width
    return path


def _place(minute: str, begin: datetime, minutes: int) -> float:
    ago = (datetime.fromisoformat(minute) - begin).total_seconds() / 60
    return min(max(ago / minutes, 0.0), 1.0) * _PLOT_WIDTH


def _height_of(milliseconds: float) -> float:
    """The distance of a latency from the upper edge."""
    bounded = min(max(milliseconds, _LEAST_MS), _MOST_MS)
    return _PLOT_HEIGHT * (1 - log10(bounded / _LEAST_MS) / log10(_MOST_MS / _LEAST_MS))


def summed(called: list[dict[str, Any]], minutes: int) -> list[dict[str, Any]]:
    """Begin, calls, errors, mean and longest time of each row of minutes."""
    return [_row(some) for some in _grouped(called, minutes)]


def _grouped(timeline: list[dict[str, Any]], minutes: int) -> list[list[dict[str, Any]]]:
    """The minutes in rows of equal length, about `_TABLE_ROWS` for the window."""
    length = max(minutes // _TABLE_ROWS, 1)
    rows: dict[float, list[dict[str, Any]]] = {}
    for minute in timeline:
        begin = datetime.fromisoformat(minute["minute"]).timestamp()
        rows.setdefault(begin // (length * 60), []).append(minute)
    return list(rows.values())


def _traffic_row(some: list[dict[str, Any]]) -> dict[str, Any]:
    calls, errors = sum(minute["calls"] for minute in some), sum(minute["errors"] for minute in some)
    return {
        "begin": some[0]["minute"],
        "calls": calls,
        "errors": errors,
        "percent": _percent(errors, calls),
        "p95_ms": max((minute["p95_ms"] for minute in some if minute["p95_ms"] is not None), default=None),
    }


def _row(some: list[dict[str, Any]]) -> dict[str, Any]:
    calls = sum(minute["calls"] for minute in some)
    return {
        "begin": some[0]["minute"],
        "calls": calls,
        "errors": sum(minute["errors"] for minute in some),
        "mean_ms": sum(minute["mean_ms"] * minute["calls"] for minute in some) / calls,
        "max_ms": max(minute["max_ms"] for minute in some),
    }
