"""The report's tables, in Markdown."""

from collections.abc import Iterable, Sequence

from load.results import MIX, Operation, Scenario

_MIB = 2**20
Runs = dict[str, dict[str, Scenario]]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def milliseconds(value: float) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def targets(standard: dict[str, Scenario]) -> str:
    rows = []
    for scenario in standard.values():
        if scenario.name in {"closed", "locust", "k6"}:
            seen = scenario.total.summary()
            verdicts = [", ".join(scenario.missed(name)) or "met" for name in MIX["targets"]]
            cells = [f"{seen.mean_ms:.1f} ms", f"{seen.p95_ms:.1f} ms", f"{scenario.error_share:.2%}"]
            own = scenario.facts.get("floor_by_exit_code")
            told = f" (its own thresholds for the floor: {own})" if own else ""
            rows.append([scenario.generator + told, *cells, f"{scenario.per_second:,.0f}", *_missed(verdicts)])
    names = [str(name) for name in MIX["targets"]]
    return table(["100 closed users by", "mean", "p95", "errors", "requests/s", *names], rows)


def _missed(verdicts: list[str]) -> list[str]:
    return [words if words == "met" else f"missed: {words}" for words in verdicts]


def endpoints(scenario: Scenario) -> str:
    rows = [_line(name, operation, scenario.seconds) for name, operation in scenario.operations.items()]
    rows.append(_line("**all**", scenario.total, scenario.seconds))
    return table(["operation", "requests", "mean ms", "median", "p95", "p99", "max", "requests/s", "errors"], rows)


def _line(name: str, operation: Operation, seconds: float) -> list[str]:
    seen = operation.summary()
    times = [seen.mean_ms, seen.p50_ms, seen.p95_ms, seen.p99_ms, seen.most_ms]
    errors = ", ".join(f"{words}: {count}" for words, count in operation.errors.items()) or "0"
    return [name, f"{seen.count:,}", *map(milliseconds, times), f"{seen.count / seconds:,.1f}", errors]


def transfers(scenario: Scenario) -> str:
    rows = []
    for name, operation in sorted(scenario.operations.items(), key=lambda item: _size_bytes(item[0])):
        seen = operation.summary()
        speed = _size_bytes(name) / 1e6 / (seen.mean_ms / 1000)
        times = [seen.mean_ms, seen.p95_ms, seen.most_ms]
        rows.append([name, str(seen.count), *map(milliseconds, times), f"{speed:,.1f}", str(operation.failed)])
    return table(["transfer", "times", "mean ms", "p95", "max", "MB/s", "errors"], rows)


def _size_bytes(name: str) -> int:
    _, amount, unit = name.split()
    return int(amount) * {"kB": 1_000, "MB": 1_000_000}[unit]


def curve_points(standard: dict[str, Scenario]) -> list[Scenario]:
    """The runs of the scaling curve, fewest clients first."""
    found = [scenario for name, scenario in standard.items() if name.startswith("clients-")]
    return sorted(found, key=lambda scenario: scenario.clients)


def curve(standard: dict[str, Scenario]) -> str:
    rows = []
    for scenario in curve_points(standard):
        seen = scenario.total.summary()
        times = map(milliseconds, [seen.mean_ms, seen.p95_ms, seen.p99_ms])
        cores = [f"{scenario.cores(process):.2f}" for process in ("registry", "generator")]
        rows.append([str(scenario.clients), f"{scenario.per_second:,.0f}", *times, *cores, str(scenario.total.failed)])
    head = ["clients", "requests/s", "mean ms", "p95", "p99", "registry's cores", "generator's", "errors"]
    return table(head, rows) if rows else ""


def runs(found: Runs) -> str:
    rows = []
    for name, run in found.items():
        for scenario in (run[part] for part in ("closed", "open") if part in run):
            seen = scenario.total.summary()
            listing = scenario.operations["list"].summary() if "list" in scenario.operations else seen
            kind = f"{scenario.clients} closed" if scenario.arrivals_per_second is None else "open"
            rows.append(
                [
                    f"{name}, {kind}",
                    f"{scenario.packages:,}",
                    str(scenario.workers),
                    f"{scenario.per_second:,.0f}",
                    *map(milliseconds, [seen.mean_ms, seen.p95_ms, listing.mean_ms, listing.p95_ms]),
                    f"{scenario.facts['seed_seconds']:,.1f}",
                    f"{scenario.memory_bytes('registry') / _MIB:.0f}",
                    str(scenario.total.failed),
                ]
            )
    head = ["run", "packages", "workers", "requests/s", "mean ms", "p95", "list mean", "list p95", "seeding s", "MiB"]
    return table([*head, "errors"], rows)


def stores(scenario: Scenario) -> str:
    rows = []
    for calls in scenario.stores:
        p95 = "over the last bucket" if calls.p95_ms is None else f"≤ {milliseconds(calls.p95_ms)}"
        rows.append([f"{calls.store} {calls.operation}", f"{calls.count:,}", milliseconds(calls.mean_ms), p95])
    return table(["store operation", "calls", "mean ms", "p95"], rows)


def resources(standard: dict[str, Scenario]) -> str:
    rows = []
    for name, scenario in standard.items():
        cells = []
        for process in ("registry", "generator"):
            cores, count = scenario.cores(process), scenario.total.summary().count
            cells.append(f"{cores:.2f}")
            cells.append(f"{cores * scenario.seconds / count * 1e6:,.0f}" if count else "")
            cells.append(f"{scenario.memory_bytes(process) / _MIB:.0f}")
        rows.append([name, scenario.generator, *cells])
    each = ["CPU", "µs/request", "MiB"]
    head = [f"{process} {word}" for process in ("registry", "generator") for word in each]
    return table(["run", "generator", *head], rows)


def predecessor(found: Runs) -> str:
    """Each figure of the predecessor's report beside what was measured here, or that it was not."""
    standard = found["standard"]
    closed, transfer = standard.get("closed"), standard.get("transfers")
    scale = max(
        (run["closed"] for run in found.values() if "closed" in run), key=lambda run: run.packages, default=None
    )
    fifty = standard.get("clients-50")
    rows = [
        ["65 requests/s with 50 users", _throughput(fifty)],
        ["target: 100 clients on 500 packages, mean < 200 ms", _times(closed, "mean_ms", "mean")],
        ["target: p95 < 500 ms", _times(closed, "p95_ms", "p95")],
        ["target: errors < 1 %", "not measured" if closed is None else f"{closed.error_share:.2%}"],
        ["target: > 100 requests/s", _throughput(closed)],
        ["`GET /package/{id}/rate` 1.25 s", _rate(closed)],
        ["listings by table scan", _listing(scale)],
        ["uploads fail above 50 MB", _largest(transfer)],
    ]
    return table(["the predecessor", "here"], rows) + (
        "\n\nThe predecessor's figures are those of its own report, on AWS; ours are of the embedded home over "
        "loopback. They are not one experiment: the table tells where each figure stands, not a factor between them."
    )


def _throughput(scenario: Scenario | None) -> str:
    return "not measured" if scenario is None else f"{scenario.per_second:,.0f} requests/s, {scenario.clients} users"


def _times(scenario: Scenario | None, member: str, name: str) -> str:
    if scenario is None:
        return "not measured"
    return f"{name} {getattr(scenario.total.summary(), member):.1f} ms"


def _rate(scenario: Scenario | None) -> str:
    if scenario is None or not {"rate", "rate_queued"} & set(scenario.operations):
        return "not measured: the route was not served"
    words = {"rate": "a rating that is there", "rate_queued": "the answer that it is queued (202)"}
    found = [(words[name], scenario.operations[name].summary()) for name in words if name in scenario.operations]
    parts = [f"{word}: mean {seen.mean_ms:.1f} ms, p95 {seen.p95_ms:.1f} ms" for word, seen in found]
    return "; ".join([*parts, "rating itself runs in the background, of packages that link no source"])


def _listing(scenario: Scenario | None) -> str:
    if scenario is None or "list" not in scenario.operations:
        return "not measured"
    seen = scenario.operations["list"].summary()
    return f"from an index: mean {seen.mean_ms:.1f} ms under full load with {scenario.packages:,} packages"


def _largest(scenario: Scenario | None) -> str:
    if scenario is None:
        return "not measured"
    uploads = {name: found for name, found in scenario.operations.items() if name.startswith("upload ")}
    largest = max(uploads, key=_size_bytes)
    seen = uploads[largest].summary()
    return f"{largest}: {uploads[largest].failed} of {seen.count} fail, mean {seen.mean_ms / 1000:.1f} s each"
