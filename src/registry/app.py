"""The ASGI application: middleware, problem documents, routes and the lifespan."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from registry.api import metrics
from registry.api.documentation_pages import add_documentation_pages
from registry.api.middleware import Surroundings
from registry.api.openapi import DESCRIPTION, TAGS, complete_schema
from registry.api.problems import on_http_error, on_registry_error, on_validation_error
from registry.api.routes import accounts, content, packages, relations, service
from registry.api.state import ApiLimits, ApiState
from registry.composition import open_registry, run_background
from registry.domain.errors import RegistryError
from registry.logs import configure_logs
from registry.settings import Settings, load_settings

VERSION = version("registry")


def create_app(settings: Settings) -> FastAPI:
    """The application over the stores that the settings choose; they are opened when it starts."""
    collected = metrics.collected_registry()
    depths = metrics.queue_depth_gauge(collected)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_registry(settings, observer=metrics.StoreMetrics(collected)) as running:
            app.state.api = ApiState(
                services=running.services,
                limits=ApiLimits(settings.max_json_bytes, settings.max_inline_bytes, settings.requests_per_minute),
                request_attempts=running.attempts,
                metrics=metrics.scraped_registry(collected),
                version=VERSION,
            )
            running.services.ingest.watch_depth(depths.labels("ingest").set)
            background = asyncio.create_task(run_background(running.services, settings))
            # What lives now lives on: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            try:
                yield
            finally:
                background.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await background

    app = FastAPI(
        title="Registry",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.router.routes[:0] = [*packages.hot_routes(), *service.hot_routes(), *content.hot_routes()]
    for router in (
        packages.package_routes(),
        packages.patch_routes(),
        relations.relation_routes(),
        accounts.sign_in_routes(),
        accounts.user_routes(),
        service.service_routes(),
    ):
        app.include_router(router)
    add_documentation_pages(app)
    complete_schema(app)
    app.add_exception_handler(RegistryError, on_registry_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_middleware(Surroundings, metrics=metrics.HttpMetrics(collected), log_requests=settings.log_requests)
    return app


def create_configured_app() -> FastAPI:
    """The application for a server's worker process: the settings come from its environment."""
    settings = load_settings()
    configure_logs(level=settings.log_level, style=settings.log_format)
    return create_app(settings)
