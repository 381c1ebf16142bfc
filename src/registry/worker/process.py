"""A worker's process: rates until it is asked to end, and reports its health and its metrics meanwhile."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from registry.services.maintenance.background import Loops, beside, run_loops


def create_worker_app(
    open_work: Callable[[], AbstractAsyncContextManager[Loops]],
    *,
    collected: CollectorRegistry,
    version: str,
    state: Mapping[str, object],
) -> Starlette:
    """An ASGI application that runs the loops while it lives, and answers `GET /health` and `GET /metrics`.

    A rating that is under way when it ends is due again when its lease ends. `state` is for the server's protocol.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Mapping[str, object]]:
        async with open_work() as loops, beside(run_loops(loops)):
            yield state

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": version})

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(collected), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/health", health), Route("/metrics", metrics)], lifespan=lifespan)
