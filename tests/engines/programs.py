"""Programs of the system that a small one may lack."""

import shutil


def find_missing(program: str) -> str | None:
    """None when the program is there, else one line that says how to get it."""
    return None if shutil.which(program) else f"{program} is not installed (.ci/install-engines does it)"
