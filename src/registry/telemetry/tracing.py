"""Traces by OpenTelemetry: spans of requests, of their store calls and of jobs, sent to a collector by OTLP over HTTP.

Off by default; then nothing of OpenTelemetry is imported and no request passes here. Context comes in and goes out by
the header `traceparent` (W3C Trace Context). The SDK's own variables hold as well, such as `OTEL_TRACES_SAMPLER`,
`OTEL_RESOURCE_ATTRIBUTES` and `OTEL_EXPORTER_OTLP_HEADERS`.
"""

import time
from collections.abc import Awaitable, Callable

import httpx
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.telemetry import request_id

_PATH = "/v1/traces"
_SECOND = 1_000_000_000
_CONTEXT_HEADERS = (b"traceparent", b"tracestate")


class Tracing:
    """Makes spans. Implements `CallObserver`: a store call becomes a span of the request or job that made it."""

    def __init__(self, url: str, *, service: str, version: str) -> None:
        """`url` is the collector's, without the path. Spans are sent by a thread of its own, some at a time."""
        resource = Resource.create({"service.name": service, "service.version": version})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url.rstrip("/") + _PATH)))
        self._tracer = self._provider.get_tracer("registry")
        self._propagator = TraceContextTextMapPropagator()

    def close(self) -> None:
        """Send what is left. May take some seconds where the collector does not answer."""
        self._provider.shutdown()

    def job(self, name: str, work: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        """The same work, each time in a trace of its own."""

        async def traced(subject: str) -> None:
            with self._tracer.start_as_current_span(f"job {name}", attributes={"registry.subject": subject}):
                await work(subject)

        return traced

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        """A store call has ended; nothing is made of calls that belong to no request and no job, such as probes."""
        if not get_current_span().get_span_context().is_valid:
            return
        now = time.time_ns()
        span = self._tracer.start_span(
            f"{store} {operation}",
            kind=SpanKind.CLIENT,
            start_time=now - int(seconds * _SECOND),
            attributes={"registry.store": store, "registry.operation": operation, "registry.outcome": outcome},
        )
        if outcome in ("unavailable", "error"):
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end(now)

    def consumed(self, store: str, operation: str, units: float) -> None:
        """The metrics count capacity."""

    async def send_context(self, request: httpx.Request) -> None:
        """A hook of httpx: the request to another server carries the context."""
        self._propagator.inject(request.headers)

    def surround(self, app: ASGIApp) -> ASGIApp:
        """The application with a span for each request."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._request(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return traced

    async def _request(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope["headers"] if pair[0] in _CONTEXT_HEADERS]
        sent = {name.decode(): value.decode("latin-1") for name, value in headers}
        method, status = scope["method"], 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracer.start_as_current_span(
            method, context=self._propagator.extract(sent), kind=SpanKind.SERVER
        ) as span:
            try:
                await app(scope, receive, watched)
            finally:
                # The route, not the path: traces name no packages and hold no secrets of a query.
                route = getattr(scope.get("route"), "path", None)
                if route is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                span.set_attributes({"http.request.method": method, "http.response.status_code": status})
                added = dict(scope.get("added_headers", ()))
                span.set_attribute("registry.request_id", added.get(request_id.HEADER, b"").decode())
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))
