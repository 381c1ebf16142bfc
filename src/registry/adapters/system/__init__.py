"""This host's clock, and identities made from it."""

from registry.adapters.system.clock import AgreedClock, SystemClock
from registry.adapters.system.ids import UuidSource

__all__ = ["AgreedClock", "SystemClock", "UuidSource"]
