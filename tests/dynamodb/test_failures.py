"""What a caller sees when DynamoDB is slow, hangs, is down, throttles or is not DynamoDB at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.connection import DynamoLimits, open_table
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.engine_calls import OnCall, ignore_call
from registry.domain.errors import Unavailable
from registry.domain.packages import Package
from tests.dynamodb.samples import change, package
from tests.engines.fault_proxy import ERROR_PAGE, NONSENSE, Fault, FaultProxy, HttpAnswer, dynamodb_error, fault_proxy
from tests.engines.tables import PATIENT, SESSION, CallCounter
from tests.factories import ManualClock

Opening = AbstractAsyncContextManager[DynamoTable]
SHORT = DynamoLimits(connect_seconds=0.2, read_seconds=0.2, deadline_seconds=0.6)
BOUNDED_SECONDS = 20
"""Against "for ever", on a machine that has more to do."""


@pytest.fixture(params=[True, False], ids=["direct", "aioboto3"])
def direct(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def proxy(dynamodb_endpoint: str) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(dynamodb_endpoint) as proxy:
        yield proxy


def through(
    proxy: FaultProxy, table: DynamoTable, *, limits: DynamoLimits, direct: bool, on_call: OnCall = ignore_call
) -> Opening:
    """The fresh table as one sees it through the proxy."""
    url = f"http://127.0.0.1:{proxy.port}"
    return open_table(table.name, endpoint_url=url, session=SESSION, limits=limits, on_call=on_call, direct=direct)


@pytest.fixture
async def behind_proxy(
    table: DynamoTable, proxy: FaultProxy, calls: CallCounter, *, direct: bool
) -> AsyncIterator[DynamoTable]:
    async with through(proxy, table, limits=PATIENT, on_call=calls, direct=direct) as opened:
        yield opened


@pytest.fixture
async def impatient(
    table: DynamoTable, proxy: FaultProxy, clock: ManualClock, *, direct: bool
) -> AsyncIterator[DynamoPackageStore]:
    """The packages for a caller with short time-outs. Only failures are certain through this."""
    async with through(proxy, table, limits=SHORT, direct=direct) as opened:
        yield DynamoPackageStore(opened, clock=clock)


@pytest.fixture
def packages(behind_proxy: DynamoTable, clock: ManualClock) -> DynamoPackageStore:
    return DynamoPackageStore(behind_proxy, clock=clock)


async def back_again(packages: DynamoPackageStore, package_id: str) -> Package:
    """The package, once the engine is used again."""
    async with asyncio.timeout(BOUNDED_SECONDS):
        while True:
            try:
                return await packages.get(package_id)
            except Unavailable:
                await asyncio.sleep(0.05)


async def test_through_a_proxy_that_does_nothing_all_is_well(packages: DynamoPackageStore) -> None:
    published = package(readme="x" * 200_000)
    await packages.add(published, change(published))
    assert await packages.get(published.id) == published


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DOWN, Fault.CUT])
async def test_a_lost_engine_is_unavailable_in_bounded_time_and_then_back(
    packages: DynamoPackageStore, impatient: DynamoPackageStore, proxy: FaultProxy, fault: Fault
) -> None:
    published = package()
    await packages.add(published, change(published))
    proxy.fault = fault

    async with asyncio.timeout(BOUNDED_SECONDS):
        with pytest.raises(Unavailable):
            await impatient.get(published.id)
        with pytest.raises(Unavailable):
            await impatient.add(package("other"), change(published))

    proxy.fault = Fault.NONE
    assert await back_again(impatient, published.id) == published


async def test_a_slow_engine_is_waited_for_up_to_the_time_out(
    packages: DynamoPackageStore, impatient: DynamoPackageStore, proxy: FaultProxy
) -> None:
    published = package()
    await packages.add(published, change(published))
    proxy.fault, proxy.delay_seconds = Fault.SLOW, 0.5

    with pytest.raises(Unavailable):
        await impatient.get(published.id)
    assert await packages.get(published.id) == published


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        (dynamodb_error("ProvisionedThroughputExceededException"), 4),
        (dynamodb_error("ThrottlingException"), 4),
        (dynamodb_error("RequestLimitExceeded"), 4),
        (dynamodb_error("InternalServerError", 500), 2),
        (ERROR_PAGE, 2),
        (NONSENSE, 2),
        (HttpAnswer(200, b"{}", content_type="application/x-amz-json-1.0"), 2),
        (HttpAnswer(200, b'{"x": 1}', content_type="application/x-amz-json-1.0", request_id="fault"), 2),
        (HttpAnswer(200, b"nonsense", content_type="application/x-amz-json-1.0", request_id="fault"), 2),
        (HttpAnswer(200, b"[]", content_type="application/x-amz-json-1.0", request_id="fault"), 2),
        (HttpAnswer(200, b'{"Items": [7]}', content_type="application/x-amz-json-1.0", request_id="fault"), 2),
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
    pause, paused = behind_proxy.calls.pause, 0

    async def pause_and_recover(attempt: int) -> None:
        nonlocal paused
        paused += 1
        proxy.fault = Fault.NONE
        await pause(attempt)

    behind_proxy.calls.pause = pause_and_recover  # type: ignore[method-assign]
    published = package()

    await packages.add(published, change(published))

    assert paused == 1
    assert await packages.get(published.id) == published


async def test_a_write_whose_answer_was_lost_is_done_once(
    packages: DynamoPackageStore, proxy: FaultProxy, behind_proxy: DynamoTable
) -> None:
    published = package()
    proxy.fault = Fault.CUT
    pause = behind_proxy.calls.pause

    async def pause_and_recover(attempt: int) -> None:
        proxy.fault = Fault.NONE
        await pause(attempt)

    behind_proxy.calls.pause = pause_and_recover  # type: ignore[method-assign]

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
