"""The command: `python -m bench.simulation`, see `--help`. With `--write` it puts its report into docs/capacity.md."""

import argparse
import asyncio

from bench.simulation.report import PAGE, render, write
from bench.simulation.running import Plan, simulate

_DESCRIPTION = """\
Simulate a registry at scale in one process: the real DynamoDB adapters on the engine for measurement, which counts
capacity by AWS's rules, in a time of its own. In each second of that time the full number of requests is made. A second
takes ten to twenty of a core."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.simulation",
        description=_DESCRIPTION,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=int, default=12, help="how long, in simulated seconds")
    parser.add_argument("--requests", type=int, default=10_000, help="requests a second of all hosts together")
    parser.add_argument("--hosts", type=int, default=20, help="hosts that serve")
    parser.add_argument("--packages", type=int, default=10_000, help="packages in the table when it begins")
    parser.add_argument("--all-packages", type=int, default=1_000_000, help="packages that these stand for")
    parser.add_argument(
        "--followers", type=int, default=2, help="hosts that follow the changes; the others do the same"
    )
    parser.add_argument(
        "--call-ms", type=float, default=5.0, help="how long a call to DynamoDB is taken to be under way"
    )
    parser.add_argument("--no-lease", action="store_true", help="read the session of every request, none is remembered")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"write the report into {PAGE}")
    return parser.parse_args()


def main() -> None:
    given = _arguments()
    plan = Plan(
        seconds=given.seconds,
        requests=given.requests,
        hosts=given.hosts,
        packages=given.packages,
        all_packages=given.all_packages,
        followers=given.followers,
        call_seconds=given.call_ms / 1000,
        lease_seconds=0.0 if given.no_lease else 1.0,
        seed=given.seed,
    )
    text = render(asyncio.run(simulate(plan)))
    if given.write:
        write(text)
    print(text)


if __name__ == "__main__":
    main()
