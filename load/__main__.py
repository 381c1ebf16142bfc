"""The commands `python -m load run` (or `make load`), `report` (or `make report`) and `compare`."""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

from bench.facts import run_facts
from load import results
from load.campaign import SETUPS, Campaign
from load.compare import compare
from load.model import random_model, real_model
from load.noise import read_setups
from load.plan import PARTS, QUICK, STANDARD, Plan
from load.report import check, write
from load.results import MIX, RESULTS

_BACKENDS = {
    "embedded": [name for name in SETUPS if name != "scaled"],
    "scaled": ["scaled"],
    "both": list(SETUPS),
}
_PLAN = Plan()
_PAGE_FOLDER = Path(__file__).parent.parent / "docs"
_EPILOG = f"""\
set-ups: {", ".join(SETUPS)}
parts: {", ".join(PARTS)}

examples:
  python -m load run                                   the whole of the embedded storage backend
  python -m load run --backend both                    and that at scale, where its engines are
  python -m load run --quick --results DIR             see that everything works; rough figures
  python -m load run --setups packages --most-packages 10000
  python -m load run --setups standard --parts locust --locust-workers 4     a master and four workers
  REGISTRY_ADMIN_PASSWORD=… python -m load run --url http://127.0.0.1:8000     a registry that runs
  python -m load report                                write docs/performance.md and its plots
  python -m load report --check                        fail when the page and the raw results differ
  python -m load compare DIR                           which figures of two runs differ by more than the noise"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m load",
        description="Load a registry like its users do, keep the raw results, and make the report from them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure, and keep the raw results")
    run.add_argument("--backend", choices=list(_BACKENDS), default="embedded", help="default: %(default)s")
    run.add_argument("--setups", help="instead of all of a storage backend, with commas")
    run.add_argument("--parts", default=",".join(PARTS), help="default: all")
    run.add_argument("--quick", action="store_true", help="short measurements of few sizes")
    run.add_argument("--clients", type=int, help=f"default: {_PLAN.clients}")
    run.add_argument("--seconds", type=int, help=f"of each round, default: {_PLAN.seconds}")
    run.add_argument("--rounds", type=int, help=f"of the standard set-up, default: {_PLAN.rounds}")
    run.add_argument("--packages", type=int, help=f"seeded through the API, default: {_PLAN.packages}")
    run.add_argument("--most-packages", type=int, help=f"of the curve, default: {_PLAN.sizes[-1]:,}")
    run.add_argument("--rate", type=float, help=f"open arrivals per second, default: {_PLAN.rate:g}")
    run.add_argument("--locust-workers", type=int, help=f"beside its master, default: {_PLAN.locust_workers}")
    run.add_argument("--model-bytes", type=int, help="all download random bytes: for a machine without package index")
    run.add_argument("--url", help="a registry on 127.0.0.1, on either storage backend; it is filled, not cleaned")
    run.add_argument("--target", choices=list(MIX["targets"]), default="floor", help="sets the exit code")
    report = commands.add_parser("report", help="make the page and its plots from the raw results")
    report.add_argument("--check", action="store_true", help="change nothing; fail when they differ")
    report.add_argument("--into", type=Path, default=_PAGE_FOLDER, help="folder of performance.md (default: docs)")
    for command in (run, report):
        command.add_argument("--results", type=Path, default=RESULTS, help="folder (default: load/results)")
    comparing = commands.add_parser("compare", help="compare with the raw results of another run")
    comparing.add_argument("other", type=Path)
    comparing.add_argument("--results", type=Path, default=RESULTS, help="folder (default: load/results)")
    return parser.parse_args()


def main() -> int:
    """0; 1 when `run` misses its target, `report --check` or `compare` find a difference."""
    arguments = _arguments()
    if arguments.command == "report":
        make = check if arguments.check else write
        return make(arguments.results, arguments.into)
    if arguments.command == "compare":
        return compare(arguments.results, arguments.other)
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    plan, setups = _plan(arguments), _setups(arguments)
    model = random_model(arguments.model_bytes) if arguments.model_bytes else real_model()
    facts = run_facts(setups, quick=arguments.quick)
    began = time.perf_counter()
    campaign = Campaign(plan, arguments.results, model, lambda line: print(line, flush=True))
    if arguments.url:
        campaign.run_on(arguments.url)
    else:
        campaign.run(setups)
    seconds = time.perf_counter() - began
    command = " ".join(["python -m load", *sys.argv[1:]])
    results.write_run(arguments.results, {**facts, "command": command, "wall_seconds": round(seconds)})
    print(f"measured in {seconds / 60:.1f} minutes")
    closed = read_setups(arguments.results).get(STANDARD, {}).get("closed")
    if closed and (missed := closed.missed(arguments.target)):
        print(f"target {arguments.target} missed: {', '.join(missed)}")
        return 1
    return 0


def _plan(arguments: argparse.Namespace) -> Plan:
    plan = QUICK if arguments.quick else _PLAN
    chosen = {
        name: getattr(arguments, name)
        for name in ("clients", "seconds", "rounds", "packages", "rate", "locust_workers")
        if getattr(arguments, name) is not None
    }
    if most := arguments.most_packages:
        chosen["sizes"] = (*(size for size in plan.sizes if size < most), most)
    parts = frozenset(arguments.parts.split(","))
    if unknown := parts - set(PARTS):
        raise SystemExit(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return replace(plan, parts=parts, **chosen)


def _setups(arguments: argparse.Namespace) -> list[str]:
    setups: list[str] = arguments.setups.split(",") if arguments.setups else _BACKENDS[arguments.backend]
    if unknown := set(setups) - set(SETUPS):
        raise SystemExit(f"no set-up {', '.join(sorted(unknown))}; there are {', '.join(SETUPS)}")
    return setups


if __name__ == "__main__":
    sys.exit(main())
