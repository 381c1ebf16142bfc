"""Keys of blobs in a bucket: a random digit, the time, and random digits.

In each of the 16 ranges they rise with time. So what is new can be listed without listing what is old, and S3 can still
spread writes over partitions. Blobs of earlier releases have random keys of the same form: a listing by time leaves
nearly all of them out.
"""

import re
import secrets
import time
from datetime import datetime, timedelta

KEY = re.compile(r"[0-9a-f]{32}")
RANGES = "0123456789abcdef"
_TIME_DIGITS = 12
_RANDOM_DIGITS = 19
_AHEAD = timedelta(days=1)
"""Clocks of hosts differ by less."""


def new_key() -> str:
    """76 random bits beside the time: a key is fresh, and not a secret."""
    digits = secrets.token_hex((_RANDOM_DIGITS + 1) // 2)
    return digits[0] + _time_digits(time.time_ns() // 1_000_000) + digits[1:]


def range_of(first: str, since: datetime, now: datetime) -> tuple[str, str]:
    """Between which keys those lie that begin with `first` and were made from `since` on."""
    return first + _time_digits(_milliseconds(since)), first + _time_digits(_milliseconds(now + _AHEAD))


def _time_digits(milliseconds: int) -> str:
    return f"{milliseconds:0{_TIME_DIGITS}x}"


def _milliseconds(at: datetime) -> int:
    return max(0, int(at.timestamp() * 1000))
