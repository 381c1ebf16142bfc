"""What a caller sees when DynamoDB is slow, hangs, is down, throttles or is not DynamoDB at all."""

import time
from collections.abc import AsyncIterator

import pytest

from registry.adapters.dynamodb.client import DynamoLimits, DynamoTable, open_table
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.domain.errors import Unavailable
from tests.dynamodb.conftest import HandClock
from tests.dynamodb.samples import change, package
from tests.engines.fault_proxy import ERROR_PAGE, NONSENSE, Fault, FaultProxy, HttpAnswer, dynamodb_error, fault_proxy
from tests.engines.tables import SESSION, CallCounter

LIMITS = DynamoLimits(connect_seconds=0.2, read_seconds=0.2, deadline_seconds=0.6)
DEADLINE_WITH_ROOM_SECONDS = 5
"""Against "for ever", on a machine that has more to do."""


@pytest.fixture
async def proxy(dynamodb_endpoint: str) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(dynamodb_endpoint) as proxy:
        yield proxy


@pytest.fixture
async def behind_proxy(table: DynamoTable, proxy: FaultProxy, calls: CallCounter) -> AsyncIterator[DynamoTable]:
    """The fresh table as one sees it through the proxy."""
    url = f"http://127.0.0.1:{proxy.port}"
    async with open_table(table.name, endpoint_url=url, session=SESSION, limits=LIMITS, on_call=calls) as through:
        yield through


@pytest.fixture
def packages(behind_proxy: DynamoTable, clock: HandClock) -> DynamoPackageStore:
    return DynamoPackageStore(behind_proxy, clock=clock)


async def test_through_a_proxy_that_does_nothing_all_is_well(packages: DynamoPackageStore) -> None:
    published = package(readme="x" * 200_000)
    await packages.add(published, change(published))
    assert await packages.get(published.id) == published


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DOWN, Fault.CUT])
async def test_a_lost_engine_is_unavailable_in_bounded_time_and_then_back(
    packages: DynamoPackageStore, proxy: FaultProxy, fault: Fault
) -> None:
    published = package()
    await packages.add(published, change(published))
    proxy.fault = fault
    begun = time.monotonic()

    with pytest.raises(Unavailable):
        await packages.get(published.id)
    with pytest.raises(Unavailable):
        await packages.add(package("other"), change(published))

    assert time.monotonic() - begun < DEADLINE_WITH_ROOM_SECONDS
    proxy.fault = Fault.NONE
    assert await packages.get(published.id) == published


async def test_a_slow_engine_is_waited_for_up_to_the_time_out(packages: DynamoPackageStore, proxy: FaultProxy) -> None:
    published = package()
    await packages.add(published, change(published))
    proxy.fault, proxy.delay_seconds = Fault.SLOW, 0.02

    assert await packages.get(published.id) == published

    proxy.delay_seconds = 60
    with pytest.raises(Unavailable):
        await packages.get(published.id)


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        (dynamodb_error("ProvisionedThroughputExceededException"), 4),
        (dynamodb_error("ThrottlingException"), 4),
        (dynamodb_error("RequestLimitExceeded"), 4),
        (dynamodb_error("InternalServerError", 500), 2),
        (ERROR_PAGE, 2),
        (NONSENSE, 2),
        (HttpAnswer(200, b"", content_type="application/x-amz-json-1.0"), 2),
    ],
)
async def test_an_engine_that_refuses_is_tried_again_and_then_unavailable(
    packages: DynamoPackageStore, proxy: FaultProxy, calls: CallCounter, answer: HttpAnswer, tries: int
) -> None:
    proxy.reply_with(answer)

    with pytest.raises(Unavailable) as caught:
        await packages.find_document("any")

    assert caught.value.retry_after_seconds > 0
    assert calls["Query"] == tries


async def test_a_throttled_write_is_done_once_when_it_passes(
    packages: DynamoPackageStore, proxy: FaultProxy, behind_proxy: DynamoTable
) -> None:
    proxy.reply_with(dynamodb_error("ThrottlingException"))
    pause, paused = behind_proxy._pause, 0

    async def pause_and_recover(attempt: int) -> None:
        nonlocal paused
        paused += 1
        proxy.fault = Fault.NONE
        await pause(attempt)

    behind_proxy._pause = pause_and_recover  # type: ignore[method-assign]
    published = package()

    await packages.add(published, change(published))

    assert paused == 1
    assert await packages.get(published.id) == published


async def test_a_write_whose_answer_was_lost_is_done_once(
    packages: DynamoPackageStore, proxy: FaultProxy, behind_proxy: DynamoTable
) -> None:
    published = package()
    proxy.fault = Fault.CUT
    pause = behind_proxy._pause

    async def pause_and_recover(attempt: int) -> None:
        proxy.fault = Fault.NONE
        await pause(attempt)

    behind_proxy._pause = pause_and_recover  # type: ignore[method-assign]

    await packages.add(published, change(published))

    assert await packages.get(published.id) == published


async def test_an_engine_that_is_down_is_left_alone_for_a_moment(
    packages: DynamoPackageStore, proxy: FaultProxy, calls: CallCounter
) -> None:
    proxy.fault = Fault.DOWN
    for _ in range(5):
        with pytest.raises(Unavailable):
            await packages.find_document("any")
    tried = calls.total()

    with pytest.raises(Unavailable, match="in a moment"):
        await packages.find_document("any")

    assert calls.total() == tried
