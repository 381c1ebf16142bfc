"""Health in the browser: plots over a window, and a load test."""

from datetime import UTC, datetime

from playwright.sync_api import expect

from registry.web.pages.health import plot, queue, traffic
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


def requests(at: str, calls: int, p95_ms: float | None, errors: int = 0) -> dict[str, object]:
    return {"minute": f"2026-11-30T{at}:00Z", "calls": calls, "errors": errors, "p95_ms": p95_ms}


def test_requests_are_drawn_by_minute_with_gaps_and_targets() -> None:
    timeline = [requests("11:00", 60, 10_000.0), requests("11:01", 120, 1.0, 60), requests("11:30", 6, None)]
    drawn = traffic(timeline, _NOW, 60)
    assert drawn is not None
    assert drawn.p95 == "M0.0 0.0H10.0L10.0 48.0H20.0"
    assert drawn.per_second == "M0.0 72v-36.0h10.0v36.0zM10.0 72v-72.0h10.0v72.0zM300.0 72v-3.6h10.0v3.6z"
    assert (drawn.top_per_second, drawn.top_errors) == (2.0, 50.0)
    assert drawn.errors == "M10.0 72v-72.0h10.0v72.0z"
    assert 0 < drawn.p95_target_y < 48
    assert drawn.errors_target_y == 70.6
    assert [(row["calls"], row["percent"], row["p95_ms"]) for row in drawn.rows] == [
        (180, 100 * 60 / 180, 10_000.0),
        (6, 0.0, None),
    ]
    assert traffic([], _NOW, 60) is None


def test_a_queue_is_drawn_by_minute() -> None:
    timeline = [{"minute": f"2026-11-30T11:{at}:00Z", "depth": depth} for at, depth in (("00", 0), ("30", 4))]
    drawn = queue(timeline, _NOW, 60)
    assert (drawn.depths, drawn.top) == ("M300.0 72v-72.0h10.0v72.0z", 4)
    assert [row["depth"] for row in drawn.rows] == [0, 4]
    assert queue(timeline[:1], _NOW, 60).depths == ""


def test_requests_and_queues_are_shown(admin: Watched) -> None:
    page = admin.open("/ui/health?minutes=1440")
    shown = page.get_by_role("region", name="Requests", exact=True)
    expect(shown).to_contain_text("95 % within")
    expect(shown.get_by_role("img")).to_have_count(3)
    shown.get_by_text("As a table").click()
    expect(shown.get_by_role("columnheader", name="95 % in the worst minute, ms")).to_be_visible()
    expect(page.get_by_role("region", name="Queues", exact=True).get_by_role("img")).to_have_count(3)
    assert violations(page) == []


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
