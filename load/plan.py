"""What a run measures, and for how long."""

from dataclasses import dataclass

STANDARD, BEFORE = "standard", "before"
"""The set-up that the tables of endpoints are of, and what is kept of the run before."""
PARTS = ("closed", "open", "curve", "rates", "together", "transfers", "locust", "k6")


@dataclass(frozen=True, slots=True)
class Plan:
    """The standard command's. Times of single measurements are in seconds; `rate` and `rates` in arrivals a second."""

    clients: int = 100
    packages: int = 500
    seconds: int = 8
    rounds: int = 5
    few_rounds: int = 3
    """For what is not the standard set-up, and for the curves."""
    rate: float = 300
    scaled_rate: float = 50
    scaled_together: int = 20
    """On the storage backend at scale, whose engines take their part of the same cores."""
    curve: tuple[int, ...] = (1, 10, 25, 50, 100, 200)
    rates: tuple[int, ...] = (250, 500, 1_000, 1_500, 2_000)
    point_seconds: int = 3
    """Of each point of a curve."""
    sizes: tuple[int, ...] = (500, 2_000, 10_000, 30_000, 100_000)
    """Packages that the registry holds at each point of that curve."""
    tool_seconds: int = 12
    """Of locust and k6, which take a while to start."""
    locust_workers: int = 2
    parts: frozenset[str] = frozenset(PARTS)


QUICK = Plan(
    seconds=2,
    rounds=2,
    few_rounds=2,
    curve=(1, 10, 100),
    rates=(250, 1_000),
    point_seconds=1,
    sizes=(500, 2_000),
    tool_seconds=4,
)
"""To see that everything works; the figures are rough."""
