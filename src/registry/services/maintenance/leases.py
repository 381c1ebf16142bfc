"""Leases of work that one process of all does."""

from datetime import datetime

from registry.ports.maintenance import UpgradeStore


async def take_lease(leases: UpgradeStore, name: str, *, now: datetime, until: datetime) -> str | None:
    """What is noted for a lease that was free at `now`; None where it is not, or another process was faster.

    `swap` ends it, expecting what is noted.
    """
    state = await leases.find(name)
    if state is not None and now < datetime.fromisoformat(state):
        return None
    lease = until.isoformat()
    return lease if await leases.swap(name, lease, expected=state) else None
