"""Whether a path that a model names leads out of the model's folder."""

import re

_OUTSIDE = re.compile(r"^(?:[\\/]|[A-Za-z]:|~|\w+://)|(?:^|[\\/])\.\.(?:[\\/]|$)")


def leads_outside(place: str) -> bool:
    """Absolute paths, addresses, home folders and steps upwards."""
    return _OUTSIDE.search(place) is not None
