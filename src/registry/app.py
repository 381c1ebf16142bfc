"""The ASGI application: middleware, problem documents, routes and the lifespan."""

import contextlib
import functools
import gc
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from registry import __version__
from registry.allocator import share_one_heap
from registry.api.error_handlers import on_http_error, on_registry_error, on_validation_error
from registry.api.hot import HotRoutes
from registry.api.hub.paths import is_hub, register_convertors, with_raw_path
from registry.api.openapi import DESCRIPTION, TAGS, complete_schema, operation_id
from registry.api.routes import (
    accounts,
    audit,
    badge,
    content,
    files,
    hub,
    hub_files,
    hub_listing,
    listing,
    load_tests,
    names,
    packages,
    ratings,
    relations,
    releases,
    safety,
    search,
    service,
    tokens,
    uploads,
    webhooks,
)
from registry.api.state import ApiLimits, ApiState, Stopping
from registry.composition import Running, open_registry, run_background
from registry.composition.tracing import make_tracing
from registry.domain.errors import RegistryError
from registry.services.maintenance.background import beside
from registry.settings import Settings, load_settings
from registry.telemetry import metrics
from registry.telemetry.emf import write_metrics
from registry.telemetry.logs import configure_logs
from registry.web.application import is_page, pages
from registry.web.documentation_pages import add_documentation_pages
from registry.web.help import add_help
from registry.web.sessions import API_PREFIX, with_session_as_token
from registry.wire.client_address import with_client_address
from registry.wire.middleware import RequestMiddleware
from registry.wire.request_scheduler import RequestScheduler
from registry.wire.stopping import stopping_at_signals


class _Application(FastAPI):
    """FastAPI, asked after the hot routes and the pages; all within the same middleware.

    As FastAPI's last routes the pages cost 0.7 ms more: every route before them is compared with the path.
    """

    def serve_first(self, routes: HotRoutes, wrap: Callable[[ASGIApp], ASGIApp], *, address_header: bytes) -> None:
        self._hot, self._wrapped = routes, wrap(routes)
        self._pages = wrap(pages())
        self._address_header = address_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._address_header and scope["type"] == "http":
            scope = with_client_address(scope, self._address_header)
        if scope["type"] == "http" and scope["path"].startswith(API_PREFIX + "/"):
            scope = with_session_as_token(scope)
        elif scope["type"] == "http" and is_hub(scope):
            scope = with_raw_path(scope)
        if self._hot.find(scope):
            scope["app"] = self
            await self._wrapped(scope, receive, send)
        elif scope["type"] == "http" and is_page(scope["path"]):
            scope["app"] = self
            await self._pages(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def api_state(running: Running, settings: Settings, scraped: CollectorRegistry, stopping: Stopping) -> ApiState:
    """What the routes get of a registry that is open."""
    return ApiState(
        services=running.services,
        limits=ApiLimits(
            settings.max_json_bytes,
            settings.max_inline_bytes,
            settings.max_package_bytes,
            settings.requests_per_minute,
        ),
        request_attempts=running.attempts,
        metrics=scraped,
        version=__version__,
        stopping=stopping,
    )


def create_app(settings: Settings) -> FastAPI:
    """The application over the stores that the settings choose; they are opened when it starts."""
    collected = metrics.collected_registry()
    http = metrics.HttpMetrics(collected)
    queues = metrics.QueueMetrics(collected, workers=settings.workers)
    edge_metrics = metrics.EdgeMetrics(collected)
    tracing = make_tracing(settings, service="registry-api")
    stopping = Stopping()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Stopping]]:
        async with open_registry(
            settings,
            observer=metrics.StoreMetrics(collected),
            housekeeping=metrics.HousekeepingMetrics(collected),
            ratings_observer=metrics.RatingMetrics(collected),
            tracing=tracing,
        ) as running:
            app.state.api = api_state(running, settings, metrics.scraped_registry(collected), stopping)
            services = running.services
            services.health.follow_requests(http.totals)
            services.deliveries.observers.append(metrics.DeliveryMetrics(collected))
            if services.edge is not None:
                services.edge.observers.append(edge_metrics)
            services.verdicts.observers.append(metrics.VerdictMetrics(collected))
            own_queues = {
                "ingest": lambda: services.ingest.depth,
                "downloads": lambda: services.retrieval.downloads.depth,
            }
            shared_queues: dict[tuple[str, str], Callable[[], Awaitable[int]]] = {
                ("depth", "webhooks"): services.deliveries.depth,
                ("depth", "ratings"): services.ratings.count_waiting,
                ("depth", "scans"): services.verdicts.count_waiting,
            }
            for name, count in (("ratings", services.ratings.count_due), ("scans", services.verdicts.count_due)):
                shared_queues["due", name] = count
                shared_queues["overdue", name] = functools.partial(count, late_seconds=metrics.OVERDUE_SECONDS)
            more: dict[str, Callable[[], Awaitable[None]]] = {
                "queues": lambda: queues.follow(own_queues),
                "shared queues": lambda: queues.follow_shared(shared_queues, on_depth=services.health.note_depth),
            }
            if settings.cloudwatch_namespace:
                more["metrics"] = functools.partial(
                    write_metrics, collected, namespace=settings.cloudwatch_namespace, service="api"
                )
            async with beside(run_background(services, settings, more)):
                # What lives now lives on: the collector need not look at it again.
                gc.collect()
                gc.freeze()
                with stopping_at_signals(
                    stopping, leave_seconds=settings.leave_seconds, stop_seconds=settings.stop_seconds
                ):
                    yield {"stopping": stopping}

    app = _Application(
        title="Registry",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        separate_input_output_schemas=False,
    )
    register_convertors()
    hot = [
        *packages.hot_routes(),
        *ratings.hot_routes(),
        *service.hot_routes(),
        *content.hot_routes(),
        *tokens.hot_routes(),
        *listing.hot_routes(),
        *relations.hot_routes(),
        *search.hot_routes(),
        *packages.writing_routes(),
        *hub_files.hot_routes(),
    ]
    app.router.routes[:0] = [each.route for each in hot]
    for router in (
        packages.patch_routes(),
        names.name_routes(),
        releases.release_routes(),
        ratings.rating_routes(),
        badge.badge_routes(),
        safety.safety_routes(),
        files.file_routes(),
        uploads.upload_routes(),
        uploads.part_routes(),
        accounts.sign_in_routes(),
        accounts.user_routes(),
        tokens.token_routes(),
        webhooks.webhook_routes(),
        audit.audit_routes(),
        hub_listing.hub_listing_routes(),
        hub.hub_routes(),
        service.service_routes(),
        load_tests.load_test_routes(),
    ):
        app.include_router(router)
    add_documentation_pages(app)
    add_help(app)
    complete_schema(app)
    app.add_exception_handler(RegistryError, on_registry_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    requests = functools.partial(
        RequestMiddleware,
        metrics=http,
        scheduler=RequestScheduler(),
        stopping=stopping,
        log_requests=settings.log_requests,
        tagged=bool(settings.edge_distribution_id),
    )

    def wrap(app: ASGIApp) -> ASGIApp:
        return requests(app) if tracing is None else tracing.surround(requests(app))

    app.add_middleware(wrap)
    app.serve_first(HotRoutes(hot), wrap, address_header=settings.client_address_header.lower().encode())
    return app


def create_configured_app() -> FastAPI:
    """The application for a server's worker process: the settings come from its environment."""
    share_one_heap()
    settings = load_settings()
    configure_logs(level=settings.log_level, style=settings.log_format)
    return create_app(settings)
