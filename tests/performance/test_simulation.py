"""The simulation of a registry at scale: it runs, and what operations consume stays within bounds."""

import asyncio
import re

import pytest

from bench.simulation import report
from bench.simulation.running import Plan, Result, simulate

pytestmark = pytest.mark.performance

MOST_UNITS = {
    # By request: read units, write units.
    "read": (1.1, 0.0),
    "list": (11.0, 0.0),
    "publish": (0.6, 66.0),
}
"""Of a host that has the session."""


@pytest.fixture(scope="module")
def result() -> Result:
    plan = Plan(
        seconds=2,
        requests=250,
        hosts=20,
        packages=220,
        all_packages=1_000_000,
        followers=2,
        call_seconds=0.005,
        lease_seconds=1e9,
        seed=1,
    )
    return asyncio.run(simulate(plan))


def test_every_request_of_the_mix_is_made_and_answered(result: Result) -> None:
    assert sum(result.requests.values()) == 500
    assert not result.failed
    assert result.lags
    assert all(0 <= lag < 10 for lag in result.lags)


@pytest.mark.parametrize("operation", MOST_UNITS)
def test_units_stay_within_bounds(result: Result, operation: str) -> None:
    read, written = (units / result.requests[operation] for units in result.units[operation])
    most_read, most_written = MOST_UNITS[operation]
    sessions = 2.0  # the first request of each user to each host reads the account and the token
    assert read <= most_read + sessions
    assert written <= most_written


def test_the_report_names_its_command_its_scale_and_the_cost(result: Result) -> None:
    text = report.render(result)
    assert text.startswith("`python -m bench.simulation --seconds 2 --requests 250")
    assert "220 packages stand for 1,000,000" in text
    assert re.search(r"\| records, a month at this rate: writes \| \$[\d,]+ \|", text)
    assert "of the limit" in text
