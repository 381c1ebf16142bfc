"""A bounded load test of this instance, for admins, where a setting allows it."""

import asyncio
import itertools
import time
from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from registry.api.authentication import Admin
from registry.api.documentation import problems
from registry.api.inner_calls import exchange, inner_scope
from registry.api.models.requests import Strict
from registry.api.models.service import LoadReportModel, LoadTestBoundModel
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.errors import RegistryError
from registry.services.health.load_tests import TARGET_P95_MS, by_kind

_PACKAGES = 25
_KEPT = frozenset({b"authorization", b"x-authorization", b"host"})
_Answers = dict[str, list[tuple[int, float]]]


class LoadTestBody(Strict):
    """How long, and with how many clients, each of which waits for its answer before it asks again."""

    model_config = Strict.model_config | {"json_schema_extra": {"examples": [{"seconds": 10, "clients": 10}]}}

    seconds: Annotated[int, Field(ge=1, le=60)] = 10
    clients: Annotated[int, Field(ge=1, le=50)] = 10


def load_test_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["service"])
    router.add_api_route(
        "/load-tests",
        run_load_test,
        methods=["POST"],
        response_model=LoadReportModel,
        responses=problems(400, 401, 403, 413, 415, 422, 429),
    )
    router.add_api_route(
        "/load-tests",
        read_bound,
        methods=["GET"],
        response_model=LoadTestBoundModel,
        responses=problems(401, 403),
    )
    return router


async def read_bound(request: Request, caller: Admin) -> LoadTestBoundModel:
    """How long a load test may be; 0: this registry allows none."""
    return LoadTestBoundModel(most_seconds=state_of(request.scope).services.load_tests.most_seconds)


async def run_load_test(request: Request, caller: Admin, body: LoadTestBody) -> Response:
    """Read from this instance for some seconds, and answer with the times it took.

    The requests are made inside the process that answers: they pass everything but the network and the server
    protocol. Other requests are served meanwhile, slower. One test runs at a time.
    """
    state = state_of(request.scope)
    async with state.services.load_tests.leased(body.seconds):
        package_ids = await state.services.catalog.list_newest_ids(caller, limit=_PACKAGES)
        began = time.perf_counter()
        answers = await _load(request, package_ids, seconds=body.seconds, clients=body.clients)
        seconds = time.perf_counter() - began
    rows = by_kind(answers)
    report = {
        "seconds": round(seconds, 2),
        "clients": body.clients,
        "per_second": round(rows[0].requests / seconds, 1),
        "target_p95_ms": TARGET_P95_MS,
        "reached": rows[0].errors == 0 and (rows[0].p95_ms or 0.0) <= TARGET_P95_MS,
        "measured": [asdict(row) for row in rows],
    }
    return Response(orjson.dumps(report), media_type="application/json")


async def _load(request: Request, package_ids: list[str], *, seconds: int, clients: int) -> _Answers:
    """Status and seconds of every answer, by the kind of request."""
    targets = [("health", "/health"), ("list", "/packages")]
    targets += [("package", f"/package/{package_id}") for package_id in package_ids]
    answers: _Answers = {name: [] for name, _ in targets}
    headers = [(name, value) for name, value in request.scope["headers"] if name in _KEPT]
    deadline = time.perf_counter() + seconds

    async def client(number: int) -> None:
        for name, path in itertools.islice(itertools.cycle(targets), number, None):
            began = time.perf_counter()
            if began >= deadline:
                return
            try:
                status = (await exchange(request.app, inner_scope(request.scope, "GET", path, headers=headers))).status
            except RegistryError:
                status = 500
            answers[name].append((status, time.perf_counter() - began))
            # A read may be answered without ever waiting: others come in between here.
            await asyncio.sleep(0)

    await asyncio.gather(*(client(number) for number in range(clients)))
    return answers
