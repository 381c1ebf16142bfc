"""NumPy's .npy: an array of objects is a pickle after the header (numpy/lib/format.py)."""

import re

from registry.formats.scanning.pickles.streams import PickleSearch
from registry.formats.scanning.sources import Source
from registry.formats.scanning.walk import Walk

_MAX_HEADER_BYTES = 1024 * 1024
_NUMBERS = re.compile(
    rb"""['"]descr['"]\s*:\s*(['"])[<>=|]?(?:[biufcSUVMm?][0-9]*(?:\[[\w/]+\])?|bool|u?int\d+|float\d+)\1"""
)


def scan_npy(walk: Walk, path: str, _name: str, source: Source) -> None:
    """Whatever its header says, what follows is read as a pickle; damage counts unless the header says numbers."""
    head = source.read(0, 12)
    wide = head[6:7] != b"\x01"
    length = int.from_bytes(head[8:12] if wide else head[8:10], "little")
    begin = (12 if wide else 10) + length
    if length > _MAX_HEADER_BYTES or begin > source.size:
        walk.collector.miss(path, "its header is damaged or too large")
        return
    header = source.read(0, begin)
    search = PickleSearch(source, lambda level, text: walk.say(path, "npy", level, text), opcodes=walk.limits.opcodes)
    outcome = search.read_start(begin)
    if _NUMBERS.search(header):
        return
    if outcome.problem:
        walk.collector.miss(path, outcome.problem)
    elif not outcome.pickles and begin < source.size and (b"O" in header or b"object" in header):
        walk.collector.miss(path, "its array of objects is no pickle")
