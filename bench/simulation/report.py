"""The report of a simulation in Markdown, and its place in docs/capacity.md."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.simulation.running import READ_LIMIT, WRITE_LIMIT, Plan, Result

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "capacity.md"
_PRICES = ROOT / "deploy" / "aws" / "prices.json"
_BEGIN, _END = "<!-- Results: made by `python -m bench.simulation --write`. -->", "<!-- End of results. -->"
_MONTH_SECONDS = 730 * 3600
_SHOWN = 12
_KINDS = {
    "L#all": "entry in the listing of all",
    "L#name": "entry under the name",
    "L#owner": "entry under the owner",
    "L#tag": "entries under tags",
    "L#type": "entry under the type",
    "L#version": "entry under the version",
    "L#minor": "entry under the minor version",
    "L#major": "entry under the major version",
    "L#score": "entries under the score",
    "N": "version, name",
    "S namespace": "namespace",
    "F alike": "names that look alike",
    "C": "change in the feed",
    "E": "event",
    "M": "rating request",
    "A": "audit entry",
    "X": "log of audit entries",
    "Y": "user's bytes",
    "U account": "account",
    "T token": "revoked token",
    "P": "record, safety (by query)",
    "P record": "record, with its README",
    "P readme": "README of its own",
    "P safety": "scan request",
    "B blob": "blob",
    "R rating": "rating",
}
_VALUES = (
    ("L#active#tag#", "a tag"),
    ("L#active#owner#", "an owner"),
    ("L#active#name#", "a name"),
    ("L#active#version#", "an exact version"),
    ("L#active#minor#", "a minor version"),
    ("L#active#major#", "a major version"),
    ("S#", "a namespace"),
    ("L#active#type#", "a type (one shard of four)"),
    ("L#active#all#", "all packages (one shard of four)"),
    ("M#", "rating requests (one shard of four)"),
    ("C#", "changes (one shard)"),
)
"""Keys that publishes of one value share, and what the value is."""


def render(result: Result) -> str:
    """All tables."""
    return "\n".join(_lines(result))


def write(text: str) -> None:
    """Put the report between the marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    PAGE.write_text(f"{head}{_BEGIN}\n\n{text}\n\n{_END}{tail}", encoding="utf-8")


def _lines(result: Result) -> Iterator[str]:
    plan = result.plan
    made = sum(result.requests.values())
    reads, writes = (sum(kinds.values()) / plan.seconds for kinds in (result.read_by_kind, result.write_by_kind))
    yield f"`{_command(plan)}`: {_scale(plan, made)}"
    yield ""
    yield "| | all hosts together |"
    yield "| --- | ---: |"
    yield f"| requests | {made / plan.seconds:,.0f}/s |"
    yield f"| reads | {reads:,.0f} units/s |"
    yield f"| writes | {writes:,.0f} units/s |"
    refused = _share(result.refused_reads, result.read_by_kind), _share(result.refused_writes, result.write_by_kind)
    yield f"| throttled: beyond what a key gives | {refused[0]} of the read units, {refused[1]} of the write units |"
    yield from _lag(result.lags)
    yield from _costs(result, reads, writes)
    yield ""
    yield "Units of a request, its session included:"
    yield ""
    yield "| request | share | read units | write units |"
    yield "| --- | ---: | ---: | ---: |"
    for operation, count in result.requests.most_common():
        read, written = (units / count for units in result.units[operation])
        yield f"| {operation} | {count / made:.0%} | {read:.2f} | {written:.1f} |"
    if result.failed:
        yield ""
        yield "Requests that failed: " + ", ".join(f"{count} {kind}" for kind, count in result.failed.items()) + "."
    for title, kinds in (("reads", result.read_by_kind), ("writes", result.write_by_kind)):
        yield ""
        yield f"Where {title} go:"
        yield ""
        yield "| kind of item | units/s | share |"
        yield "| --- | ---: | ---: |"
        total = sum(kinds.values())
        for kind, taken in kinds.most_common(_SHOWN):
            yield f"| {_named(kind)} | {taken / plan.seconds:,.0f} | {taken / total:.0%} |"
    for title, hottest, limit in (
        ("reads", result.hottest_reads, READ_LIMIT),
        ("writes", result.hottest_writes, WRITE_LIMIT),
    ):
        yield ""
        yield f"The partition keys with most {title} in one second; a partition gives {limit:,}:"
        yield ""
        yield "| key | units | of the limit |"
        yield "| --- | ---: | ---: |"
        for key, units in _one_of_each(hottest):
            yield f"| `{key}` | {units:,.0f} | {units / limit:.0%} |"
    yield ""
    yield "Publishes a second of one value until its key is full:"
    yield ""
    yield "| value | write units of a publish | publishes/s |"
    yield "| --- | ---: | ---: |"
    for prefix, value in _VALUES:
        most = max((units for key, units in result.per_publish.items() if key.startswith(prefix)), default=0.0)
        if most:
            yield f"| {value} | {most:.0f} | {WRITE_LIMIT / most:,.0f} |"


def _scale(plan: Plan, made: int) -> str:
    return (
        f"{made:,} requests in {plan.seconds} simulated seconds, so at the full rate. Scaled down: {plan.packages:,} "
        f"packages stand for {plan.all_packages:,} (popularity is drawn among all; storage is extrapolated), and "
        f"{plan.followers} followers of changes for {plan.hosts} hosts (their reads are multiplied)."
    )


def _command(plan: Plan) -> str:
    return (
        f"python -m bench.simulation --seconds {plan.seconds} --requests {plan.requests} --hosts {plan.hosts} "
        f"--packages {plan.packages} --followers {plan.followers}" + ("" if plan.lease_seconds else " --no-lease")
    )


def _lag(lags: list[float]) -> Iterator[str]:
    if len(lags) < 2:
        return
    middle, late, last = statistics.median(lags), statistics.quantiles(lags, n=100)[98], max(lags)
    yield f"| a host has learned of a change after | {middle:.2f} s (median), {late:.2f} s (99 of 100), {last:.2f} s |"


def _costs(result: Result, reads: float, writes: float) -> Iterator[str]:
    prices = json.loads(_PRICES.read_text(encoding="utf-8"))["prices"]
    millions = _MONTH_SECONDS / 1e6
    stored = result.bytes_per_package * result.plan.all_packages / 1e9
    parts = {
        "reads": reads * millions * prices["dynamodb_read"]["dollars"],
        "writes": writes * millions * prices["dynamodb_write"]["dollars"],
        f"storage, {stored:,.0f} GB": stored * prices["dynamodb_storage"]["dollars"],
    }
    for part, dollars in parts.items():
        yield f"| records, a month at this rate: {part} | ${dollars:,.0f} |"


def _share(part: float, kinds: Counter[str]) -> str:
    whole = sum(kinds.values())
    return f"{part / whole:.1%}" if whole else "0%"


def _named(kind: str) -> str:
    index, _, own = kind.rpartition(" ") if kind.startswith("GSI-") else ("", "", kind)
    if index:
        return f"{index}: {_KINDS.get(own, f'`{own}`')}"
    return _KINDS.get(kind, f"`{kind}`")


def _one_of_each(hottest: Counter[str]) -> Iterable[tuple[str, float]]:
    """The hottest keys, three of a kind at most."""
    seen = Counter[str]()
    found: list[tuple[str, float]] = []
    for key, units in hottest.most_common():
        kind = key.split("#")[0]
        seen[kind] += 1
        if seen[kind] <= 3 and len(found) < _SHOWN:
            found.append((key.replace("|", "\\|"), float(units)))
    return found
