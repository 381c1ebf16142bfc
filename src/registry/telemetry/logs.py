"""Structured logs: one event name and key-values a line, with the id of the request that caused it."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from registry.domain.redaction import redacted
from registry.telemetry.repeats import RepeatedFailures
from registry.telemetry.request_id import current_request_id


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if request_id := current_request_id():
        event["request_id"] = request_id
    return event


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A last line of defense: whatever a message was made of, no secret of a URL stands in it."""
    return {name: redacted(value) if isinstance(value, str) else value for name, value in event.items()}


def configure_logs(*, level: str, style: Literal["auto", "console", "json"]) -> None:
    """Send the logs of this program and of its libraries to stderr, all in one form."""
    console = sys.stderr.isatty() if style == "auto" else style == "console"
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[Processor] = (
        # Without the values of variables, which may be secrets.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact,
                *renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # One line a start and a stop is enough; requests are logged by the middleware.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING if level == "info" else level.upper())
    for library in ("botocore", "aiobotocore", "aioboto3", "httpx", "httpcore"):
        # At info they log every URL that is asked and where credentials were found; at debug, signed requests.
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            RepeatedFailures(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
