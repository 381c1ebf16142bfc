"""Health in the browser: plots over a window, and a load test."""

from datetime import UTC, datetime

from playwright.sync_api import expect

from registry.web.pages.health import plot
from tests.web.conftest import Watched
from tests.web.test_accessibility import violations

_NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def minute(at: str, calls: int, mean_ms: float, errors: int = 0) -> dict[str, object]:
    return {"minute": f"2026-11-30T{at}:00Z", "calls": calls, "errors": errors, "mean_ms": mean_ms, "max_ms": mean_ms}


def test_a_plot_spans_the_window() -> None:
    drawn = plot([minute("11:00", 1, 1.0), minute("11:30", 4, 10_000.0, 1), minute("11:31", 0, 0.0)], _NOW, 60)
    assert drawn is not None
    assert drawn.latency == "M 0.0 48.0 L 300.0 0.0"
    assert drawn.calls == [(0.0, 18.0), (300.0, 72.0)]
    assert drawn.errors == [300.0]
    assert drawn.top_calls == 4
    assert 0 < drawn.target_y < 48
    assert plot([minute("11:31", 0, 0.0)], _NOW, 60) is None


def test_a_single_minute_is_seen() -> None:
    drawn = plot([minute("11:30", 1, 10_000.0)], _NOW, 60)
    assert drawn is not None
    assert drawn.latency == "M 295.0 0.0 L 305.0 0.0"


def test_a_day_is_summed_up_by_the_hour() -> None:
    drawn = plot([minute("10:05", 1, 2.0), minute("10:50", 3, 4.0, 1), minute("11:00", 5, 1.0)], _NOW, 1440)
    assert drawn is not None
    rows = [(row["begin"][11:16], row["calls"], row["errors"], row["mean_ms"], row["max_ms"]) for row in drawn.rows]
    assert rows == [("10:05", 4, 1, 3.5, 4.0), ("11:00", 5, 0, 1.0, 1.0)]


def test_an_admin_runs_a_load_test(admin: Watched) -> None:
    page = admin.open("/ui/health")
    page.get_by_role("button", name="Run it").click()
    expect(page.get_by_role("status")).to_contain_text("requests per second")
    expect(page.get_by_role("region", name="Load test by request").get_by_role("row")).to_have_count(5)
    assert violations(page) == []


def test_without_a_session_there_is_no_load_test(visitor: Watched) -> None:
    page = visitor.open("/ui/health")
    expect(page.get_by_role("heading", name="Health")).to_be_visible()
    expect(page.get_by_role("button", name="Run it")).to_have_count(0)
