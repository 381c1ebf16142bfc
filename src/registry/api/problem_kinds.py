"""A kind of error, as clients see it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of error as clients see it. `meaning` is what the documentation says about it."""

    status: int
    slug: str
    title: str
    meaning: str
