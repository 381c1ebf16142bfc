"""How long engines may take, and how an engine's own account of its calls becomes an observer's."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from registry.adapters.dynamodb.change_positions import MAX_WRITE
from registry.adapters.dynamodb.connection import DynamoLimits
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.engine_calls import OnCall
from registry.adapters.redis.connection import RedisLimits
from registry.adapters.s3 import S3Limits
from registry.domain.errors import RegistryError, Unavailable
from registry.settings import Settings
from registry.telemetry.observation import CallObserver

OnUnits = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """How long each engine may take (docs/failures.md says what follows)."""

    records: DynamoLimits = field(default_factory=DynamoLimits)
    bytes: S3Limits = field(default_factory=S3Limits)
    shared: RedisLimits = field(default_factory=RedisLimits)

    def times(self, factor: float) -> "EngineLimits":
        """The same with all times multiplied, as far as they go."""
        records, stored, shared = self.records, self.bytes, self.shared
        return EngineLimits(
            replace(
                records,
                connect_seconds=records.connect_seconds * factor,
                read_seconds=records.read_seconds * factor,
                # Those who follow the changes rely on it, and must not miss a write.
                deadline_seconds=min(records.deadline_seconds * factor, MAX_WRITE.total_seconds() - 1),
            ),
            replace(
                stored,
                connect_seconds=stored.connect_seconds * factor,
                answer_seconds=stored.answer_seconds * factor,
                deadline_seconds=stored.deadline_seconds * factor,
            ),
            replace(
                shared,
                connect_seconds=shared.connect_seconds * factor,
                call_seconds=shared.call_seconds * factor,
            ),
        )


def limits_of(settings: Settings) -> EngineLimits:
    """The limits that the settings ask for."""
    return EngineLimits().times(settings.engine_patience)


def report_calls(observer: CallObserver, store: str) -> OnCall:
    """The hook for an engine's calls."""

    def on_call(operation: str, seconds: float, error: Exception | None) -> None:
        observer.observe(store, operation, seconds, _outcome(error))

    return on_call


def report_units(observer: CallObserver, store: str) -> OnUnits:
    """The hook for what an engine's calls consumed."""
    return partial(observer.consumed, store)


def _outcome(error: Exception | None) -> str:
    if error is None:
        return "ok"
    if isinstance(error, Unavailable):
        return "unavailable"
    return "refused" if isinstance(error, RegistryError | ConditionFailed) else "error"
