"""The commands: `python -m load run`, or `make load ARGS="--seconds 20"`, and `python -m load report`."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from bench.facts import run_facts
from bench.servers import data_folder, registry_server, signed_in
from load import results, scenarios, tools
from load.report import check, write
from load.scenarios import Bench
from load.seeding import seed

_CURVE_CLIENTS = (1, 10, 50, 100, 200)
_CURVE_SECONDS = 5
_PARTS = ("closed", "open", "together", "transfers", "curve", "locust", "k6")
_EPILOG = """\
examples:
  python -m load run                                        500 packages, 100 clients, all parts, in the embedded home
  python -m load run --seconds 5 --parts closed,together    two parts, quickly
  python -m load run --name scale --packages 100000 --parts closed,open
  python -m load run --name workers --workers 2 --parts closed
  REGISTRY_ADMIN_PASSWORD=… python -m load run --name cloud --url http://127.0.0.1:8000    a registry that runs
  python -m load report                                     write docs/performance.md and its plots
  python -m load report --check                             fail when the page and the raw results differ"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m load",
        description="Load a registry like its users do, keep the raw results, and make the report from them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure; the results are kept in load/results/<name>/")
    run.add_argument("--name", default="standard", help="of the folder (default: %(default)s)")
    run.add_argument("--clients", type=int, default=100, help="default: %(default)s")
    run.add_argument("--seconds", type=int, default=30, help="of each part with a set time (default: %(default)s)")
    run.add_argument("--packages", type=int, default=500, help="seeded through the API (default: %(default)s)")
    run.add_argument("--model-bytes", type=int, default=16 * 2**20, help="of what all download (default: %(default)s)")
    run.add_argument("--rate", type=float, default=300, help="open arrivals per second (default: %(default)s)")
    run.add_argument("--workers", type=int, default=1, help="server processes (default: %(default)s)")
    run.add_argument("--locust-processes", type=int, default=1, help="over 1: a master with so many workers")
    run.add_argument("--parts", default=",".join(_PARTS), help="default: %(default)s")
    run.add_argument("--url", help="a registry that runs on 127.0.0.1, of either home; it is filled, not cleaned")
    run.add_argument("--target", choices=["floor", "ours"], default="floor", help="sets the exit code")
    report = commands.add_parser("report", help="make docs/performance.md from the raw results")
    report.add_argument("--check", action="store_true", help="change nothing; fail when they differ")
    return parser.parse_args()


def main() -> int:
    """0; for `run` 1 when the closed run of the light generator misses the target."""
    arguments = _arguments()
    if arguments.command == "report":
        return check() if arguments.check else write()
    parts = arguments.parts.split(",")
    if unknown := set(parts) - set(_PARTS):
        raise SystemExit(f"no part {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    with _registry(arguments) as (url, pid, client):
        bench = _seeded(arguments, url, pid, client)
        _run(bench, arguments, parts)
    kept = bench.folder / "closed.json"
    if "closed" in parts and (missed := results.read(kept).missed(arguments.target)):
        print(f"target {arguments.target} missed: {', '.join(missed)}")
        return 1
    return 0


@contextlib.contextmanager
def _registry(arguments: argparse.Namespace) -> Iterator[tuple[str, int | None, httpx.Client]]:
    if arguments.url is None:
        with (
            data_folder() as folder,
            registry_server(folder, workers=arguments.workers) as server,
            signed_in(server) as client,
        ):
            yield server.url, server.pid, client
        return
    with httpx.Client(base_url=arguments.url, timeout=60.0, trust_env=False) as client:
        form = {"username": "admin", "password": os.environ["REGISTRY_ADMIN_PASSWORD"]}
        answer = client.post("/auth/token", data=form).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield arguments.url, None, client


def _seeded(arguments: argparse.Namespace, url: str, pid: int | None, client: httpx.Client) -> Bench:
    port = urlsplit(url).port or 80
    header = {"Authorization": client.headers["Authorization"]}
    began = time.perf_counter()
    seeded = seed(port, header, packages=arguments.packages, model=os.urandom(arguments.model_bytes))
    seconds = time.perf_counter() - began
    print(f"seeded {arguments.packages:,} packages in {seconds:.1f} s")
    facts = run_facts(["load"], quick=False)
    facts["seed_seconds"] = round(seconds, 2)
    facts["home"] = "embedded" if arguments.url is None else "one that was running"
    facts["mix"] = Bench.served_by(client)
    return Bench(
        url=url,
        port=port,
        pid=pid,
        token=header["Authorization"].removeprefix("Bearer "),
        client=client,
        seed=seeded,
        served=Bench.served_by(client),
        folder=results.RESULTS / arguments.name,
        facts=facts,
        workers=arguments.workers,
        log=print,
    )


def _run(bench: Bench, arguments: argparse.Namespace, parts: list[str]) -> None:
    clients, seconds = arguments.clients, arguments.seconds
    if "closed" in parts:
        scenarios.closed(bench, "closed", clients=clients, seconds=seconds)
    if "open" in parts:
        scenarios.opened(bench, "open", clients=clients, per_second=arguments.rate, seconds=seconds)
    if "together" in parts:
        scenarios.together(bench, clients=clients)
    if "transfers" in parts:
        scenarios.sizes(bench)
    for count in _CURVE_CLIENTS if "curve" in parts else ():
        scenarios.closed(bench, f"clients-{count}", clients=count, seconds=min(seconds, _CURVE_SECONDS))
    if "locust" in parts and _there(tools.has_locust(), "locust", "make load installs it"):
        scenarios.locust(bench, clients=clients, seconds=seconds, processes=arguments.locust_processes)
    if "k6" in parts and _there(tools.k6_program() is not None, "k6", "make k6 builds it"):
        scenarios.k6(bench, "k6", clients=clients, seconds=seconds)
        scenarios.k6(bench, "k6-open", clients=clients, seconds=seconds, per_second=arguments.rate)


def _there(found: bool, tool: str, remedy: str) -> bool:  # noqa: FBT001 – one positional fact
    if not found:
        print(f"{tool} is not installed and left out; {remedy}")
    return found


if __name__ == "__main__":
    sys.exit(main())
