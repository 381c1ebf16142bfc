"""The order of the index: each package has a number of 63 bits, and numbers rise as ids do.

FTS5 and the walks want numbers. An id has more bits than that, so its number is chosen between those of its neighbours.
"""

import re

from registry.domain.errors import InvalidInput

TOP = 2**63 - 1
"""Above every key: where a walk from the newest package begins."""
BOTTOM = -1
"""Below every key: where a walk ends."""
END_POSITION = "z"
"""Above every id."""
_EPOCH_MS = 1_577_836_800_000  # 2020-01-01: the milliseconds since then fit 42 bits until 2159
_STEP = 256
_POSITION = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


def likely_key(package_id: str) -> int:
    """The key that a UUIDv7 would have if it had no neighbours: by its milliseconds and its first 12 random bits."""
    digits = package_id.replace("-", "")
    try:
        bits = int(digits[:16], 16) if len(digits) == 32 else 0
    except ValueError:
        bits = 0
    return max((bits >> 16) - _EPOCH_MS, 0) << 20 | (bits & 0xFFF) << 8


def key_between(wanted: int, older: int, newer: int) -> int | None:
    """A key between the neighbours', the wanted one if it fits; None where there is no room.

    Ids of one process and one millisecond want the same key. They take steps, which leave room for those whose change
    arrives later than that of the next one.
    """
    if older < wanted < newer:
        return wanted
    step = min(_STEP, (newer - older) // 2)
    if step < 1:
        return None
    return older + step if wanted <= older else newer - step


def check_position(position: str | None) -> None:
    """Raise InvalidInput for what was never a position: those are ids."""
    if position is not None and not _POSITION.fullmatch(position):
        raise InvalidInput("not a position of this search; begin again without a cursor", pointer="/cursor")
