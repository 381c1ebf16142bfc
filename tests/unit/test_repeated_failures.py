"""Failures that repeat are logged once a minute for each source and cause."""

import re
from pathlib import Path
from typing import Any

import pytest
import structlog

import registry
from registry.telemetry.repeats import REPEATING, RepeatedFailures

ONCE = {
    "archive_facts_unknown",  # of one archive
    "ingest_failed",  # ends an ingest
    "package_quarantined",
    "parsing_aborted",  # of one file
}


def _passed(processor: RepeatedFailures, name: str, **members: Any) -> dict[str, Any] | None:
    try:
        return dict(processor(None, "warning", {"event": name, **members}))
    except structlog.DropEvent:
        return None


def test_one_line_for_each_source_and_cause_a_minute() -> None:
    now = [0.0]
    processor = RepeatedFailures(monotonic=lambda: now[0])
    github = {"source": "github", "reason": "GitHub could not be reached: ConnectError"}
    assert _passed(processor, "rating_source_failed", **github) == {"event": "rating_source_failed", **github}
    for _ in range(3):
        assert _passed(processor, "rating_source_failed", **github) is None
    assert _passed(processor, "rating_source_failed", **{**github, "source": "huggingface"})
    assert _passed(processor, "rating_source_failed", **{**github, "reason": "it did not answer within 10 s"})
    now[0] = 60.0
    again = _passed(processor, "rating_source_failed", **github)
    assert again is not None
    assert again["repeats"] == 3
    now[0] = 120.0
    again = _passed(processor, "rating_source_failed", **github)
    assert again is not None
    assert "repeats" not in again


@pytest.mark.parametrize("name", ["package_quarantined", "ingest_failed", "request_failed"])
def test_what_happens_once_is_always_logged(name: str) -> None:
    processor = RepeatedFailures()
    assert all(_passed(processor, name, reason="as before") for _ in range(3))


def test_loops_that_break_are_told_apart_by_their_error() -> None:
    processor = RepeatedFailures()
    assert _passed(processor, "background_loop_failed", loop="sweep", exc_info=ValueError())
    assert _passed(processor, "background_loop_failed", loop="sweep", exc_info=KeyError())
    assert _passed(processor, "background_loop_failed", loop="sweep", exc_info=KeyError()) is None


def test_every_failure_with_a_reason_is_known_here() -> None:
    """Whether a new event repeats is decided when it is written."""
    sources = Path(registry.__file__).parent.rglob("*.py")
    calls = [re.findall(r'_log\.\w+\(\s*"(\w+)",[^()]*reason=', path.read_text(encoding="utf-8")) for path in sources]
    assert {name for names in calls for name in names} - ONCE <= REPEATING
