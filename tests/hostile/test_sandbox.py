"""The sandbox's promises, with jobs that break each rule."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.adapters.processes.sandbox import PoolPlan, ProcessSandbox, open_sandbox
from registry.adapters.processes.slots import FairSlots
from registry.domain.errors import (
    NotFound,
    ParsingAborted,
    ParsingCrashed,
    ParsingOutOfMemory,
    ParsingTimedOut,
)
from registry.ports.sandbox import JobLimits
from tests.hostile import jobs

_ROOT = str(Path(__file__).parents[2])
_PLAN = PoolPlan(2, modules=("tests.hostile.jobs",), search_path=(_ROOT,))
_LIMITS = JobLimits(seconds=20, memory_bytes=256 * 1024 * 1024)
_SHORT = JobLimits(seconds=0.5)


@dataclass
class _Bytes:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    async def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


class _Gone(_Bytes):
    async def read(self, offset: int, length: int) -> bytes:
        raise NotFound("the bytes are gone")


@pytest.fixture
async def sandbox() -> AsyncIterator[ProcessSandbox]:
    async with open_sandbox(urgent=_PLAN, background=_PLAN) as opened:
        yield opened


async def test_a_job_reads_content_and_its_result_comes_back_typed(sandbox: ProcessSandbox) -> None:
    assert await sandbox.run(jobs.report, _Bytes(b"0123456789"), "name", limits=_LIMITS) == jobs.Report(
        jobs.Color.RED, (("name", 4), ("789", 10))
    )


async def test_content_of_several_windows_is_read_whole(sandbox: ProcessSandbox) -> None:
    assert await sandbox.run(jobs.total, _Bytes(bytes(3_000_000)), limits=_LIMITS) == 3_000_000
    assert await sandbox.run(jobs.total, _Bytes(b""), limits=_LIMITS) == 0


@pytest.mark.parametrize(
    ("job", "arguments", "limits", "error"),
    [
        (jobs.spin, (), _SHORT, ParsingTimedOut),
        (jobs.sleep, (), _SHORT, ParsingTimedOut),
        (jobs.spin_in_c, (), _SHORT, ParsingTimedOut),
        (jobs.fill_memory, (), _LIMITS, ParsingOutOfMemory),
        (jobs.crash, (), _LIMITS, ParsingCrashed),
        (jobs.leave, (0,), _LIMITS, ParsingCrashed),
        (jobs.leave, (3,), _LIMITS, ParsingCrashed),
        (jobs.talk_nonsense, (), _LIMITS, ParsingCrashed),
        (jobs.fail, (), _LIMITS, ParsingCrashed),
        (jobs.recurse, (), _LIMITS, ParsingCrashed),
        (jobs.wrong_form, (), _LIMITS, ParsingCrashed),
        (jobs.huge_number, (), _LIMITS, ParsingCrashed),
        (jobs.surrogate, (), _LIMITS, ParsingCrashed),
    ],
)
async def test_whatever_a_job_does_is_told_apart(
    sandbox: ProcessSandbox,
    job: Callable[..., object],
    arguments: tuple[object, ...],
    limits: JobLimits,
    error: type[ParsingAborted],
) -> None:
    with pytest.raises(error) as raised:
        await sandbox.run(job, None, *arguments, limits=limits)
    assert "script" not in str(raised.value)
    assert await sandbox.run(jobs.total, _Bytes(b"others go on"), limits=_LIMITS) == 12


async def test_a_job_cannot_read_beyond_the_content(sandbox: ProcessSandbox) -> None:
    with pytest.raises(ParsingCrashed, match="not there"):
        await sandbox.run(jobs.ask_beyond_the_end, _Bytes(b"x"), limits=_LIMITS)


async def test_the_stores_errors_pass(sandbox: ProcessSandbox) -> None:
    with pytest.raises(NotFound):
        await sandbox.run(jobs.total, _Gone(b"x"), limits=_LIMITS)


async def test_a_job_has_no_secret_no_network_and_no_file_of_the_server(
    sandbox: ProcessSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await sandbox.run(jobs.surroundings, None, limits=_LIMITS)
    assert not [name for name in found if name.startswith(("REGISTRY_", "AWS_", "PYTEST"))]
    assert set(found) <= {"LANG", "LC_ALL", "LC_CTYPE", "TZ"} | {name for name in found if name.startswith("try-")}
    # The standard streams, its channel, and the folder that is being listed.
    assert len(found["try-descriptors"].split(",")) <= 5
    if sys.platform == "linux":
        assert found["try-socket"] == found["try-network"] == found["try-signal"] == "PermissionError"


async def test_programs_that_a_killed_job_started_end_with_it(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with pytest.raises(ParsingTimedOut):
        await sandbox.run(jobs.start_a_program, None, str(started), limits=JobLimits(seconds=3))
    assert started.exists()
    await sandbox.close()
    assert not _processes_about(str(started))


async def test_what_a_job_leaves_on_the_disk_is_removed(sandbox: ProcessSandbox) -> None:
    folder = Path(await sandbox.run(jobs.leave_a_file, None, limits=_LIMITS))
    await sandbox.close()
    assert folder.parents[1].name not in os.listdir(folder.parents[2])  # noqa: PTH208


async def test_a_cancelled_job_is_killed_and_its_slot_is_free(sandbox: ProcessSandbox) -> None:
    for _ in range(3):
        job = asyncio.create_task(sandbox.run(jobs.spin, None, limits=_LIMITS))
        await asyncio.sleep(0)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    assert await sandbox.run(jobs.total, _Bytes(b"abc"), limits=_LIMITS) == 3


async def test_a_dead_template_fails_its_jobs_and_is_replaced(sandbox: ProcessSandbox) -> None:
    job = asyncio.create_task(sandbox.run(jobs.sleep, None, limits=_LIMITS))
    assert await sandbox.run(jobs.total, _Bytes(b"abc"), limits=_LIMITS, user="another") == 3
    for process in _children_about("adapters.processes.template"):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(ParsingCrashed):
        await job
    assert await sandbox.run(jobs.total, _Bytes(b"abcd"), limits=_LIMITS) == 4


async def test_closing_takes_no_longer_than_killing() -> None:
    async with open_sandbox(urgent=_PLAN, background=_PLAN) as sandbox:
        running = [asyncio.create_task(sandbox.run(jobs.spin, None, limits=_LIMITS, user=name)) for name in "ab"]
        assert await sandbox.run(jobs.total, _Bytes(b"abc"), limits=_LIMITS, urgent=True) == 3
        began = time.monotonic()
    assert time.monotonic() - began < 5
    ended = await asyncio.gather(*running, return_exceptions=True)
    assert [type(each) for each in ended] == [ParsingCrashed, ParsingCrashed]


async def test_a_user_with_many_slow_jobs_leaves_room_for_others(sandbox: ProcessSandbox) -> None:
    slow = [asyncio.create_task(sandbox.run(jobs.sleep, None, limits=_LIMITS, user="slow")) for _ in range(10)]
    assert await sandbox.run(jobs.total, _Bytes(b"abc"), limits=_LIMITS, user="quick") == 3
    for job in slow:
        job.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_users_wait_in_turn() -> None:
    slots, order = FairSlots(2), []

    async def work(user: str) -> None:
        await slots.acquire(user)
        order.append(user)
        await asyncio.sleep(0)
        slots.release(user)

    await slots.acquire("first")
    await slots.acquire("second")
    works = [asyncio.create_task(work(user)) for user in ["a"] * 4 + ["b"] * 2 + ["c"]]
    await asyncio.sleep(0)
    slots.release("first")
    await asyncio.gather(*works)
    assert order[:3] == ["a", "b", "c"]
    assert sorted(order) == ["a"] * 4 + ["b"] * 2 + ["c"]


async def test_a_single_slot_is_shared_in_turn_too() -> None:
    slots = FairSlots(1)
    await slots.acquire("a")
    waiting = [asyncio.create_task(slots.acquire(user)) for user in ("a", "b")]
    await asyncio.sleep(0)
    slots.release("a")
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def _processes_about(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
        except OSError:
            continue
        if text.encode() in command:
            found.append(int(folder.name))
    return found


def _children_about(text: str) -> list[int]:
    children = Path("/proc/self/task").glob("*/children")
    own = {int(number) for each in children for number in each.read_text().split()}
    return sorted(own & set(_processes_about(text)))
