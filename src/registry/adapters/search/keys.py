"""The order of the index: a number for each package that falls as packages get older."""

from registry.domain.errors import InvalidInput

TOP = 2**63 - 1
"""Above every key: where a walk from the newest package begins."""
BOTTOM = -1
"""Below every key: where a walk ends."""


def first_key(package_id: str) -> int:
    """The key that an id's place in time gives: the first 62 bits of a UUIDv7 without those that never change.

    That is 48 bits of milliseconds, 12 bits of the counter and 2 random ones. Two ids of different processes may meet;
    the index then takes the next free number. An id of another form has its place by its first eight characters.
    """
    digits = package_id.replace("-", "")
    try:
        bits = int(digits[:18], 16) if len(digits) == 32 else None
    except ValueError:
        bits = None
    if bits is None:
        # Two bits go, so that the number is below TOP whatever the characters.
        return int.from_bytes(package_id.encode()[:8].ljust(8, b"\0"), "big") >> 2
    milliseconds, counter, random = bits >> 24, (bits >> 8) & 0xFFF, (bits >> 4) & 0x3
    return milliseconds << 14 | counter << 2 | random


def parse_position(position: str | None) -> int:
    """The key that a walk goes on below. Raises InvalidInput for what was never a position."""
    if position is None:
        return TOP
    if not (position.isascii() and position.isdigit() and len(position) <= 19):
        raise InvalidInput("not a position of this search; begin again without a cursor", pointer="/cursor")
    return int(position)
