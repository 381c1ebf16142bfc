"""The clock and the ids of this host."""

import uuid
from datetime import timedelta
from itertools import pairwise

import pytest

from registry.adapters.system import SystemClock, UuidSource
from registry.ports.clock import Clock, IdSource


class Time:
    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def __call__(self) -> int:
        return self.milliseconds


def test_clock_is_in_utc() -> None:
    clock: Clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)


def test_id_is_a_uuid_of_version_7_with_the_time() -> None:
    ids: IdSource = UuidSource(time_ms=Time(0x0193_5B6C_7D8E))
    text = ids.new_id()
    parsed = uuid.UUID(text)
    assert str(parsed) == text
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert text.startswith("01935b6c-7d8e-7")


def test_ids_rise_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    time = Time(1_000_000)
    source = UuidSource(time_ms=time)
    ids = [source.new_id() for _ in range(1000)]
    time.milliseconds -= 5000
    ids += [source.new_id() for _ in range(1000)]
    time.milliseconds += 5001
    ids.append(source.new_id())
    assert all(one < other for one, other in pairwise(ids))
    assert all(uuid.UUID(text).version == 7 for text in ids)


def test_full_millisecond_borrows_from_the_next() -> None:
    source = UuidSource(time_ms=Time(7))
    last = source.new_id()
    source._tail = (1 << 74) - 1
    following = source.new_id()
    assert following > last
    assert int(following.replace("-", "")[:12], 16) == 8


def test_processes_do_not_make_the_same_ids() -> None:
    one, other = UuidSource(time_ms=Time(7)), UuidSource(time_ms=Time(7))
    assert one.new_id() != other.new_id()


@pytest.mark.parametrize("milliseconds", [0, (1 << 48) - 1])
def test_time_bounds(milliseconds: int) -> None:
    assert int(UuidSource(time_ms=Time(milliseconds)).new_id().replace("-", "")[:12], 16) == milliseconds
