"""The saved baseline, and the table and plots of docs/benchmarks.md that are made from it."""

import hashlib
from pathlib import Path

from bench.report import Report, Row, amount, goal_of
from bench.suites import SUITES

BASELINE = Path(__file__).parent / "baseline"
"""A file for each suite, with the machine, the commit and the time that its rows were measured at."""
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
IMAGES = PAGE.parent / "images" / "benchmarks"
_BEGIN, _END = "<!-- Results: made by `python -m bench --page` from bench/baseline/. -->", "<!-- End of results. -->"


def baseline() -> list[Report]:
    """What is saved, one report for each suite."""
    return [Report.read(path) for name in SUITES if (path := BASELINE / f"{name}.json").exists()]


def digest() -> str:
    """SHA-256 of the baseline; its plots carry it."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(BASELINE.glob("*.json")))).hexdigest()


def save(report: Report) -> None:
    """Put a run's rows in the place of what was saved of the same suites."""
    for suite in dict.fromkeys(row.suite for row in report.rows):
        report.of_suite(suite).write(BASELINE / f"{suite}.json")


def with_results(page: str, reports: list[Report]) -> str:
    """The page, its part between the two marks made again."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{results(reports)}\n\n{_END}{after}"


def results(reports: list[Report]) -> str:
    """One table of every row; then a plot for each suite, and where it was measured."""
    parts = [_table([row for report in reports for row in report.rows])]
    for report in reports:
        suite, facts = report.rows[0].suite, report.facts
        told = f"`{suite}`: {facts['at']}, commit {facts['commit']}, {_shown(facts['machine'])}"
        rough = " (quick: rough figures)" if "quick" in facts["suites"] else ""
        parts.append(f"{told}{rough}\n\n![{suite}](images/benchmarks/{suite}.svg)")
    return "\n\n".join(parts)


def _shown(machine: dict[str, str]) -> str:
    return ", ".join(f"{name} {fact}" for name, fact in machine.items())


def _table(rows: list[Row]) -> str:
    lines = [
        "| suite | what | measured | baseline | ratio | ± | goal | |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        name = f"{row.name} ({row.note})" if row.note else row.name
        baseline = f"{amount(row.baseline_value, row.unit)} ({row.baseline_name})" if row.baseline_value else ""
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
        verdict = {None: "", True: "met", False: "missed"}[row.met]
        cells = [
            row.suite,
            name,
            amount(row.value, row.unit),
            baseline,
            ratio,
            f"{row.spread:.0%}",
            goal_of(row),
            verdict,
        ]
        lines.append(f"| {' | '.join(cell.replace('|', '¦') for cell in cells)} |")
    return "\n".join(lines)


def write() -> None:
    """Write the page's results and all plots from the baseline."""
    from bench.plots import draw_suite  # matplotlib is needed here alone

    reports = baseline()
    PAGE.write_text(with_results(PAGE.read_text(), reports))
    for path in IMAGES.glob("*.svg"):
        path.unlink()
    for report in reports:
        draw_suite(report, IMAGES / f"{report.rows[0].suite}.svg", digest())
