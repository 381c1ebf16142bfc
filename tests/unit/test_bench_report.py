"""The frame of the benchmarks: judging, keeping and comparing rows. No figure is measured here."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.report import Measured, Report, Row, print_report
from bench.suites import SUITES


def row(value: float, **members: object) -> Row:
    return Row(**{"suite": "s", "name": "n", "value": value, "unit": "µs", "spread": 0.1, **members})  # type: ignore[arg-type]


def shown(report: Report, before: Report | None = None) -> str:
    page = io.StringIO()
    print_report(report, before, Console(file=page, width=240))
    return page.getvalue()


def test_spread_is_half_the_way_from_lowest_to_highest() -> None:
    assert Measured.of([10, 8, 12]) == Measured(10, 0.2)
    assert Measured.of([0.0]) == Measured(0.0, 0.0)


@pytest.mark.parametrize(
    ("judged", "met"),
    [
        (row(5), None),
        (row(5, goal=5), True),
        (row(6, goal=5), False),
        (row(6, goal=5, more_is_better=True), True),
        (row(4, goal=5, more_is_better=True), False),
        (row(100, ratio=2.0, goal=2.5), True),
        (row(1, ratio=3.0, goal=2.5), False),
    ],
)
def test_goal_is_about_the_ratio_where_there_is_one(judged: Row, met: object) -> None:
    assert judged.met is met


def test_a_report_comes_back_from_its_file(tmp_path: Path) -> None:
    report = Report({"commit": "abc", "machine": {"cores": "2"}}, (row(5, goal=5, baseline_value=2.0, ratio=2.5),))
    report.write(tmp_path / "results" / "one.json")
    assert Report.read(tmp_path / "results" / "one.json") == report


def test_change_within_the_spread_of_both_runs_is_noise() -> None:
    before = Report({}, (row(100),))
    assert "noise ±20%" in shown(Report({}, (row(119),)), before)
    assert "worse" not in shown(Report({}, (row(119),)), before)
    assert "+30% worse" in shown(Report({}, (row(130),)), before)
    assert "-30% better" in shown(Report({}, (row(70),)), before)
    assert "new" in shown(Report({}, (row(70, name="other"),)), before)


def test_every_suite_has_its_module() -> None:
    folder = Path(__file__).parents[2] / "bench"
    for suite in SUITES.values():
        assert (folder / f"{suite.module}.py").is_file()
