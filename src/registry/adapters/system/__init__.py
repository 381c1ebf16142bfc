"""This host's clock, and identities made from it."""

from registry.adapters.system.clock import SystemClock
from registry.adapters.system.ids import UuidSource

__all__ = ["SystemClock", "UuidSource"]
