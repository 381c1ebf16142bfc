"""The results in docs/benchmarks.md and their plots are those of the saved baseline."""

from bench.page import IMAGES, PAGE, baseline, digest, with_results


def test_the_results_are_those_of_the_baseline() -> None:
    page = PAGE.read_text()
    assert page == with_results(page, baseline()), "python -m bench --page"


def test_every_suite_has_its_plot() -> None:
    suites = [report.rows[0].suite for report in baseline()]
    assert sorted(path.stem for path in IMAGES.iterdir()) == sorted(suites)
    for suite in suites:
        assert digest() in (IMAGES / f"{suite}.svg").read_text(), f"{suite}: python -m bench --page"
