"""The command: `python -m bench`, or `make bench ARGS="reading --quick"`."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.facts import run_facts
from bench.page import baseline, save, write
from bench.report import Report, print_report
from bench.servers import end_in_order_on_sigterm
from bench.suites import SUITES, Options

RESULTS = Path(__file__).parent / "results"
_DESCRIPTION = """\
Measure the registry beside baselines of the same run and print one table.

Servers are started for real, each measurement alternates with its baseline, and a row gives the median of the rounds
with its spread (half the way from the lowest round to the highest). Costs are CPU time of the server's process, so
that other programs disturb them little; speeds are wall-clock times and want a quiet machine."""
_EPILOG = """\
examples:
  python -m bench                                  all suites; the result is kept in bench/results/
  python -m bench reading publishing               two of them
  python -m bench --quick                          see that everything works; rough figures
  python -m bench reading --json before.json       keep a result, ...
  python -m bench reading --compare before.json    ... change the code, and see what became of it
  python -m bench --save                           keep the result as the baseline in bench/, rewrite the page
  python -m bench --page                           measure nothing: the page and its plots from the baseline"""


def _arguments() -> argparse.Namespace:
    suites = "\n".join(f"  {name:12} {suite.summary}" for name, suite in SUITES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"{_DESCRIPTION}\n\nsuites:\n{suites}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suites", nargs="*", metavar="suite", help="what to measure (default: everything)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, less data")
    parser.add_argument("--mib", type=int, metavar="N", help="size of the package of `files` (512; with --quick 64)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here as well")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="instead of the saved baseline")
    parser.add_argument("--save", action="store_true", help="keep these suites' rows as the baseline, and print them")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md from the baseline, and end")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.suites if name not in SUITES]:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    return arguments


def main() -> int:
    """Run the suites; 0 when they ran, whether or not goals were met."""
    arguments = _arguments()
    end_in_order_on_sigterm()
    if arguments.page:
        write()
        return 0
    before = Report.read(arguments.compare) if arguments.compare else _saved()
    chosen = arguments.suites or list(SUITES)
    facts, options = run_facts(chosen, quick=arguments.quick), Options(quick=arguments.quick, package_mib=arguments.mib)
    rows, progress = [], Console(stderr=True)
    for name in chosen:
        with progress.status(f"measuring {name} …"):
            for row in SUITES[name].rows(options):
                rows.append(row)
                progress.print(f"[dim]{row.suite}: {row.name}[/dim]")
    report = Report(facts, tuple(rows))
    kept = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    for path in (kept, arguments.json):
        if path:
            report.write(path)
    if arguments.save:
        save(report)
        write()
    print_report(report, before, Console(width=None if sys.stdout.isatty() else 160))
    return 0


def _saved() -> Report | None:
    rows = [row for report in baseline() for row in report.rows]
    return Report({}, tuple(rows)) if rows else None


if __name__ == "__main__":
    sys.exit(main())
