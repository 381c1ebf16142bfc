"""What the application hands to every route."""

import asyncio
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from starlette.types import Scope

from registry.ports.throttle import AttemptCounter
from registry.services.container import Services


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """Limits from the settings, in bytes unless named otherwise."""

    max_json_bytes: int
    max_inline_bytes: int
    max_package_bytes: int
    requests_per_minute: int


@dataclass(slots=True)
class Stopping:
    """Whether this process was asked to end. The server protocol and `/health/ready` look at it."""

    begun: bool = False
    requests: set[asyncio.Task[None]] = field(default_factory=set)
    """Those that are being answered, as the server keeps them."""


@dataclass(frozen=True, slots=True)
class ApiState:
    """Opened in the lifespan, kept as `app.state.api`."""

    services: Services
    limits: ApiLimits
    request_attempts: AttemptCounter
    metrics: CollectorRegistry
    version: str
    stopping: Stopping


def state_of(scope: Scope) -> ApiState:
    state: ApiState = scope["app"].state.api
    return state
