"""Points in time in columns: see `domain/times.py`."""

from registry.domain.times import from_microseconds, to_microseconds

__all__ = ["from_microseconds", "to_microseconds"]
