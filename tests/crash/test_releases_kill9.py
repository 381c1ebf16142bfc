"""SIGKILL of the server at steps of a release, while others read: nobody sees a part of it (see bench.releases)."""

from collections.abc import Mapping
from pathlib import Path

from bench.releases.checking import Plan, check

PLAN = Plan(reads=1_000, kills=6, packages=8, readers=10, reads_after_a_kill=168, pause_seconds=0.05)
"""Its kills are all steps that have names, and one or more of the others; the reads after them alone are enough."""


async def test_no_reader_sees_a_part_of_a_release(backend: Mapping[str, str], tmp_path: Path) -> None:
    outcome = await check(backend, tmp_path, PLAN)
    assert outcome.tally.mixed == []
    assert outcome.tally.reads.total() >= PLAN.reads
    assert outcome.kills == PLAN.kills
    assert outcome.kept
    assert outcome.lost
