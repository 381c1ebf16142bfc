"""What AWS counts: the size of items, and the units that reading and writing them consumes.

"DynamoDB item sizes and formats" and "DynamoDB read and write operations", Amazon DynamoDB Developer Guide.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

_READ_BYTES = 4096
_WRITE_BYTES = 1024


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of an item: its names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    kind: str
    held: Any
    kind, held = next(iter(value.items()))
    if kind == "S":
        return len(str(held).encode())
    if kind == "N":
        return _number_size(held)
    if kind == "B":  # still in base64
        return _bytes_size(held)
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + _value_size(each) for each in held)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(each) for name, each in held.items())
    if kind == "NS":
        return sum(map(_number_size, held))
    return sum(len(each.encode()) if kind == "SS" else _bytes_size(each) for each in held)


def _bytes_size(text: str) -> int:
    return len(text) * 3 // 4 - text.count("=")


def _number_size(text: str) -> int:
    return (len(text.lstrip("-").replace(".", "").strip("0")) + 1) // 2 + 1 + text.startswith("-")


def read_units(size: int, *, consistent: bool) -> float:
    """Units of reading `size` bytes by one request, or of looking for an item that is not there."""
    return max(1, ceil(size / _READ_BYTES)) * (1.0 if consistent else 0.5)


def write_units(size: int) -> float:
    """Units of one write of an item of `size` bytes, the larger of before and after."""
    return float(max(1, ceil(size / _WRITE_BYTES)))


_VARIES = re.compile(r"\d|-[0-9a-f]{4}-")


def kind_of(partition: str, key: Mapping[str, Any] | None) -> str:
    """What kind of item a partition key stands for: what is before its first `#`, with the sort key if that is fixed.

    Of a listing entry the dimension as well; of an entry of an index the index.
    """
    index, _, own = partition.rpartition(" ") if partition.startswith("GSI-") else ("", "", partition)
    parts = own.split("#")
    kind = f"{parts[0]}#{parts[2]}" if parts[0] == "L" and len(parts) > 2 else parts[0]
    sort = "" if key is None or index else key["sk"]["S"].partition("#")[0]
    if sort and len(sort) < 20 and not _VARIES.search(sort) and parts[0] not in ("L", "E", "N"):
        kind += f" {sort}"
    return f"{index} {kind}" if index else kind


@dataclass(slots=True)
class Units:
    """What one call consumed."""

    read: float = 0.0
    write: float = 0.0

    @property
    def total(self) -> float:
        return self.read + self.write


@dataclass(slots=True)
class Counters:
    """What all calls consumed: by operation, by partition key, and by kind of item (see `kind_of`)."""

    calls: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    write: Counter[str] = field(default_factory=Counter)
    read_by_partition: Counter[str] = field(default_factory=Counter)
    write_by_partition: Counter[str] = field(default_factory=Counter)
    read_by_kind: Counter[str] = field(default_factory=Counter)
    write_by_kind: Counter[str] = field(default_factory=Counter)
    throttled: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON; the busiest partition keys only."""
        return {
            "calls": self.calls,
            "read": self.read,
            "write": self.write,
            "read_by_partition": self.read_by_partition.most_common(20),
            "write_by_partition": self.write_by_partition.most_common(20),
            "read_by_kind": self.read_by_kind,
            "write_by_kind": self.write_by_kind,
            "throttled": self.throttled,
        }
