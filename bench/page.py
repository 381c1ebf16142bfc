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
_ANSWERS, _END_OF_ANSWERS = "<!-- Answers: made by `python -m bench --page` too. -->", "<!-- End of answers. -->"
QUESTIONS = (
    ("How soon does it answer after a start?", "start", ("start to first answer, new data folder",)),
    ("What does reading a package by its id cost the server?", "reading", ("read by id",)),
    ("And a page of 50 among 100,000 packages?", "reading", ("page of 50 among 100,000 packages",)),
    ("Among a million packages, in the store alone?", "listing", ("page, first page (1,000,000 packages)",)),
    ("How many small packages can be published a second?", "publishing", ("publish 1 KiB, 16 connections",)),
    ("How fast do large files go up and down?", "transfers", ("upload 1 GiB", "download 1 GiB")),
    ("How much memory does a file of 1 GiB take?", "transfers", ("upload 1 GiB, growth of the server's memory",)),
    (
        "How long does a search among 100,000 packages take?",
        "searching",
        (
            "words, page of 50 (all match) (100,000 packages)",
            "regex over names, page of 50 (100,000 packages)",
        ),
    ),
    (
        "How long does the slowest of 100 reads take while hostile patterns are searched for?",
        "searching",
        ("the same during hostile searches, p99",),
    ),
    ("What does a rating that is there cost?", "ratings", ("cached rating",)),
)
"""What readers ask, the suite that answers it, and the names of its rows."""


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
    """The page, its parts between the markers, generated again."""
    answered = _between(page, _ANSWERS, _END_OF_ANSWERS, answers(reports))
    return _between(answered, _BEGIN, _END, results(reports))


def _between(page: str, begin: str, end: str, text: str) -> str:
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def answers(reports: list[Report]) -> str:
    """What a reader asks first, each with its rows of the table. Raises KeyError for a row that is not there."""
    rows = {(row.suite, row.name): row for report in reports for row in report.rows}
    lines = ["| question | answer | goal |", "| --- | --- | --- |"]
    for question, suite, names in QUESTIONS:
        found = [rows[suite, name] for name in names]
        measured = [amount(row.value, row.unit) + (f" ({row.name})" if len(found) > 1 else "") for row in found]
        goals = [f"{goal_of(row)}: {'met' if row.met else 'missed'}" for row in found if row.met is not None]
        lines.append(f"| {question} | {'; '.join(measured)} | {'; '.join(goals)} |")
    missed = [f"{row.suite}: {row.name}" for row in rows.values() if row.met is False]
    lines.append(f"| Which goals are missed? | {'; '.join(missed) or 'none'} | |")
    return "\n".join(lines)


def results(reports: list[Report]) -> str:
    """One table of every row; then a plot for each suite, and where it was measured."""
    parts = [_table([row for report in reports for row in report.rows])]
    for report in reports:
        suite, facts = report.rows[0].suite, report.facts
        measured = f"`{suite}`: {facts['at']}, commit {facts['commit']}, {_shown(facts['machine'])}"
        rough = " (quick: rough figures)" if "quick" in facts["suites"] else ""
        parts.append(f"{measured}{rough}\n\n![{suite}](images/benchmarks/{suite}.svg)")
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
