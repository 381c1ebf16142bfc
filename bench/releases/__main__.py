"""The command: `python -m bench.releases`."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.engines import missing_engines, scaled_engines
from bench.releases.checking import Outcome, Plan, check

_DESCRIPTION = """\
Release fifty packages with their aliases, again and again, while fifty readers look them up on two servers of one
registry, and kill the server that makes the release (SIGKILL) at each of its steps. Counts the reads and those that
saw a part of a release. Exit code 1 when there are any."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.releases", description=_DESCRIPTION)
    parser.add_argument(
        "--reads", type=int, default=1_000_000, help="the least, for each backend (default: %(default)s)"
    )
    parser.add_argument(
        "--kills", type=int, default=None, help="at how many steps, evenly spread (default: at every step)"
    )
    parser.add_argument(
        "--pause", type=float, default=0.0, metavar="SECONDS", help="how long a reader waits after each answer"
    )
    parser.add_argument("--backend", choices=("embedded", "scaled", "both"), default="both")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    plan = Plan(reads=arguments.reads, kills=arguments.kills, pause_seconds=arguments.pause)
    mixed = 0
    if arguments.backend != "scaled":
        mixed += _check("embedded (SQLite)", {}, plan)
    if arguments.backend != "embedded":
        if missing_engines("releases"):
            return 2
        with scaled_engines() as settings:
            mixed += _check("at scale (DynamoDB Local)", settings, plan)
    return 1 if mixed else 0


def _check(name: str, settings: Mapping[str, str], plan: Plan) -> int:
    with tempfile.TemporaryDirectory(prefix="registry-releases-") as folder:
        outcome = asyncio.run(check(settings, Path(folder), plan, report=_progress(name)))
    tally = outcome.tally
    kinds = ", ".join(f"{count:,} of {kind}" for kind, count in sorted(tally.reads.items()))
    print(
        f"{name}: {tally.reads.total():,} reads ({kinds}) in {outcome.seconds:,.0f} s; {outcome.releases:,} releases "
        f"of {plan.packages} packages in {outcome.steps} steps each; {outcome.kills:,} kills, after which "
        f"{outcome.kept:,} releases were there and {outcome.lost:,} were not; {tally.cut:,} reads cut off, "
        f"{tally.refused:,} reads and {outcome.unavailable:,} writes answered by 503; "
        f"{len(tally.mixed):,} mixed views"
    )
    for mixed in tally.mixed[:20]:
        print(f"  {mixed}")
    return len(tally.mixed)


def _progress(name: str) -> Callable[[Outcome], None]:
    def show(outcome: Outcome) -> None:
        sys.stderr.write(
            f"\r{name}: {outcome.tally.reads.total():,} reads, {outcome.kills:,} kills, "
            f"{len(outcome.tally.mixed):,} mixed views "
        )

    return show


if __name__ == "__main__":
    sys.exit(main())
