"""The predecessor's figures, each beside its counterpart here."""

from collections.abc import Callable

from load.markdown import amount, table
from load.noise import Figure, Rounds, Setup
from load.results import Quantiles
from load.tables import size_bytes

_NOT = "not measured"
_PREDECESSORS_LIMIT_BYTES = 50_000_000


def predecessor(setups: dict[str, Setup]) -> str:
    """One row for each figure of its report; where one was not measured here, that."""
    standard, scaled = setups["standard"], setups.get("scaled", {})
    closed, at_scale = standard.get("closed"), scaled.get("closed")
    growing = setups.get("packages", {})
    largest = max(growing.values(), key=lambda rounds: rounds.one.packages, default=None)
    rows = [
        ["65 requests/s with 50 users", _throughput(standard.get("clients-50")), _NOT],
        ["100 users on 500 packages, target: mean < 200 ms", *_both(closed, at_scale, _mean)],
        ["target: p95 < 500 ms", *_both(closed, at_scale, _p95)],
        ["target: errors < 1 %", *_both(closed, at_scale, lambda rounds: f"{rounds.error_share:.2%}")],
        ["target: > 100 requests/s", *_both(closed, at_scale, _throughput)],
        ["`GET /package/{id}/rate`: 1.25 s, computed each time", *_both(closed, at_scale, _rate)],
        ["listings by table scan, so slower with each package", _listing(closed, largest), _listing(at_scale, None)],
        ["uploads fail over 50 MB", _uploads(standard.get("transfers")), _uploads(scaled.get("transfers"))],
    ]
    return table(["the predecessor", "embedded backend", "scaled backend, on one machine"], rows)


def _both(closed: Rounds | None, at_scale: Rounds | None, shown: Callable[[Rounds], str]) -> list[str]:
    return [_NOT if rounds is None else shown(rounds) for rounds in (closed, at_scale)]


def _throughput(rounds: Rounds | None) -> str:
    if rounds is None:
        return _NOT
    return f"{amount(rounds.figure(lambda one: one.per_second).value)} requests/s, {rounds.one.clients} users"


def _mean(rounds: Rounds) -> str:
    return f"mean {amount(rounds.figure(lambda one: one.total.summary().mean_ms).value)} ms"


def _p95(rounds: Rounds) -> str:
    return f"p95 {amount(rounds.figure(lambda one: one.total.summary().p95_ms).value)} ms"


def _operation(rounds: Rounds, name: str, of: Callable[[Quantiles], float]) -> Figure:
    return rounds.of_operation(name).figure(lambda one: of(one.operations[name].summary()))


def _rate(rounds: Rounds) -> str:
    words = {"rate": "a rating that is there", "rate_queued": "the answer that it is under way (202)"}
    parts = []
    for name, word in words.items():
        if name in rounds.operations:
            mean, p95 = (
                _operation(rounds, name, of).value for of in (lambda seen: seen.mean_ms, lambda seen: seen.p95_ms)
            )
            parts.append(f"{word}: mean {amount(mean)} ms, p95 {amount(p95)} ms")
    return "; ".join(parts) or _NOT


def _listing(rounds: Rounds | None, largest: Rounds | None) -> str:
    parts = []
    for found in (rounds, largest):
        if found is not None and "list" in found.operations:
            mean = _operation(found, "list", lambda seen: seen.mean_ms).value
            parts.append(f"mean {amount(mean)} ms with {found.one.packages:,} packages")
    return f"from an index: {', '.join(parts)}" if parts else _NOT


def _uploads(rounds: Rounds | None) -> str:
    if rounds is None:
        return _NOT
    parts = []
    for name, operation in sorted(rounds.one.operations.items(), key=lambda item: size_bytes(item[0])):
        if name.startswith("upload ") and size_bytes(name) > _PREDECESSORS_LIMIT_BYTES:
            seen = operation.summary()
            parts.append(f"{name}: {operation.failed} of {seen.count} fail, mean {seen.mean_ms / 1000:.1f} s")
    return "; ".join(parts) or _NOT
