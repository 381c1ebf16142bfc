"""A scan as an isolated job: it ends by itself before it is killed, so that no finding is lost with it."""

import io
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO

from registry.domain.safety import encode_report
from registry.formats.scanning.content_walk import ContentWalk
from registry.formats.scanning.limits import LimitReached, ScanLimits
from registry.formats.scanning.report import Collector
from registry.formats.scanning.sources import Source


class _OutOfTime(BaseException):
    """No `Exception`: what a reader catches of broken bytes must not catch this."""


def scan_job(file: BinaryIO, filename: str, limits: ScanLimits, seconds: float) -> str:
    """The report on `file` as JSON. After `seconds`, or without memory, it says what was found until then."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    collector = Collector(findings=limits.findings)
    try:
        with _alarm(seconds):
            ContentWalk(limits, collector, filename).scan_content(Source(file, size, near=False))
    except LimitReached as error:
        collector.miss(filename, f"not read to its end: {error}")
    except _OutOfTime:
        collector.miss(filename, f"not read to its end: it took longer than {seconds:g} s")
    except MemoryError:
        collector.miss(filename, "not read to its end: it took more memory than it may")
    return encode_report(collector.report()).decode()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def end(_signal: int, _frame: FrameType | None) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
