"""Ranges are honest: in simulated worlds, whichever source fails, the true scores lie within what is stated.

A world is a package with all that its sources hold, drawn from a seed. It is rated with every source answering, and
again with each of them failing; the first rating is the truth, and must lie within the ranges of the others.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

from structlog.testing import capture_logs

from registry.domain.evidence import (
    Evidence,
)
from registry.domain.ratings import MetricName, Rating
from registry.rating.collect import EvidenceCollector
from registry.rating.score import DEFAULT_WEIGHTS, check_weights, net_score, net_score_range, rate
from registry.rating.sources import Sources
from trust.drawing import AT, Cards, World, make_world
from trust.sections import Section, table

WORLDS, WEIGHTINGS = 600, 4
SIGNALS = (
    "archive",
    "safety",
    "parents",
    "claims",
    "hub.info",
    "hub.card",
    "dataset.info",
    "dataset.card",
    "host.repository",
    "host.readme",
    "host.commits",
    "host.reviews",
    "host.tree",
    "hub",
    "host",
)
"""What is hidden: one answer, or all of a service."""


class _Clock:
    def now(self) -> datetime:
        return AT


async def _collect(world: World) -> Evidence:
    sources = Sources(archives=world, safety=world, code_host=world, hub=world, claims=world, parents=world)
    return await EvidenceCollector(sources, cards=Cards(), clock=_Clock(), monotonic=lambda: 0.0).collect(world.package)


async def rate_hidden(world: World, signal: str) -> Rating:
    """The rating of a world in which one source fails; with no signal all answer."""
    hidden = frozenset({signal, "dataset"} if signal == "hub" else {signal} if signal else ())
    return rate(await _collect(World(world.package, world.held, hidden))).rating


def weightings(seed: int) -> Iterator[dict[MetricName, float]]:
    """The default weights, each alone, and some at random."""
    yield dict(DEFAULT_WEIGHTS)
    for name in MetricName:
        yield {other: float(other is name) for other in MetricName}
    random = Random(seed)
    for _ in range(WEIGHTINGS):
        yield {name: random.choice((0.0, random.random(), 10 * random.random())) + 1e-6 for name in MetricName}


def violations(truth: Rating, stated: Rating, seed: int) -> list[str]:
    """Where the truth is outside of what is stated: names of metrics, `net score`; `not partial`."""
    found = []
    for true, said in zip(truth.metrics, stated.metrics, strict=True):
        if true.result.score is not None and not said.result.low <= true.result.score <= said.result.high:
            found.append(true.name.value)
        if true.result.score != said.result.score and not said.result.lost_to:
            found.append("not partial")
    for weights in weightings(seed):
        given = check_weights(weights)
        true_net = net_score(_weighed(truth, given))
        low, high = net_score_range(_weighed(stated, given))
        if true_net is not None and not low <= true_net <= high:
            found.append("net score")
    return found


def _weighed(rating: Rating, weights: dict[MetricName, float]) -> Any:
    return tuple(replace(metric, weight=weights[metric.name]) for metric in rating.metrics)


async def simulate(worlds: int) -> dict[str, Counter[str]]:
    """By hidden signal: partial ratings, violated ranges, and the sum of the widths of the net range in thousandths."""
    counts: dict[str, Counter[str]] = {signal: Counter() for signal in SIGNALS}
    with capture_logs():
        for seed in range(worlds):
            await _simulate_one(seed, counts)
    return counts


async def _simulate_one(seed: int, counts: dict[str, Counter[str]]) -> None:
    world = make_world(seed)
    truth = await rate_hidden(world, "")
    for signal in SIGNALS:
        stated = await rate_hidden(world, signal)
        count = counts[signal]
        count["worlds"] += 1
        count["partial"] += stated.status.value == "partial"
        count["violated"] += bool(violations(truth, stated, seed))
        low, high = stated.net_score_range
        count["width"] += round(1000 * (high - low))


def _table() -> str:
    counts = asyncio.run(simulate(WORLDS))
    rows = [
        (
            f"`{signal}`",
            count["worlds"],
            count["partial"],
            f"{count['width'] / count['worlds'] / 1000:.3f}",
            count["violated"],
        )
        for signal, count in counts.items()
    ]
    return table(
        ("source that fails", "worlds", "partial ratings", "mean width of the net range", "ranges violated"), rows
    )


SECTIONS = (Section("rating.md", "hidden-signals", _table),)
