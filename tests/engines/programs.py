"""Programs that a page has people call, and that a small system may lack."""

import shutil


def find_missing(program: str) -> str | None:
    return None if shutil.which(program) else f"{program} is not installed (.ci/install-engines does it)"
