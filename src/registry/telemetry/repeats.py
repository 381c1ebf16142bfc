"""Failures that background work meets again and again: a line for each source and cause, then one a minute."""

import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import structlog
from structlog.typing import EventDict, WrappedLogger

REPEATING = frozenset(
    {
        "audit_log_waits",
        "background_loop_failed",
        "bytes_left_to_the_sweep",
        "card_unreadable",
        "deliveries_not_listed",
        "deliveries_wait",
        "delivery_not_made",
        "delivery_not_settled",
        "download_entries_wait",
        "edge_not_registered",
        "health_samples_wait",
        "ingest_not_renewed",
        "ingest_waits",
        "job_queue_away",
        "listing_upgrade_waits",
        "manifest_left_to_the_sweep",
        "manifest_waits",
        "parameters_unknown",
        "pending_not_listed",
        "ranking_waits",
        "rating_source_failed",
        "rating_waits",
        "refresh_waits",
        "scan_again_failed",
        "scan_requests_not_listed",
        "scrub_failed",
        "search_index_lags",
        "search_index_waits",
        "search_snapshot_not_taken",
        "search_snapshot_waits",
        "sweep_failed",
        "token_use_not_recorded",
        "unpacking_failed",
        "upload_bytes_wait_for_sweep",
        "verdict_waits",
    }
)
"""Events that say that something is tried again. What happens once (a quarantine, a failed ingest) is always logged."""
_MOST_CAUSES = 256


@dataclass(slots=True)
class _Seen:
    logged_at: float
    repeats: int = 0


class RepeatedFailures:
    """A structlog processor. A failure passes when its source and cause were not logged within `every_seconds`; then it
    has the member `repeats`, where others like it were left out before.

    For each process by itself: a log line is no place to count in. Metrics count every failure.
    """

    def __init__(self, *, every_seconds: float = 60.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._every_seconds = every_seconds
        self._monotonic = monotonic
        self._seen: OrderedDict[tuple[str, ...], _Seen] = OrderedDict()
        self._lock = Lock()

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if event.get("event") not in REPEATING:
            return event
        now, cause = self._monotonic(), _cause_of(event)
        with self._lock:
            seen = self._seen.get(cause)
            if seen is not None and now - seen.logged_at < self._every_seconds:
                seen.repeats += 1
                raise structlog.DropEvent
            if seen is not None and seen.repeats:
                event["repeats"] = seen.repeats
            self._seen[cause] = _Seen(now)
            self._seen.move_to_end(cause)
            if len(self._seen) > _MOST_CAUSES:
                self._seen.popitem(last=False)
        return event


def _cause_of(event: EventDict) -> tuple[str, ...]:
    error = event.get("exc_info")
    kind = sys.exc_info()[0] if error is True else type(error) if isinstance(error, BaseException) else None
    members = (event.get(name, "") for name in ("event", "source", "loop", "webhook_id", "reason"))
    return (*map(str, members), kind.__name__ if kind else "")
