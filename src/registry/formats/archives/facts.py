"""What an archive says about its package."""

from dataclasses import dataclass
from typing import Any

from registry.domain.packages import Dependency


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """All that was found; None and () where nothing was. Nothing is guessed.

    `readme` has at most MAX_README_BYTES in UTF-8. `license` is an SPDX id, `LicenseRef-…` for one that SPDX does not
    know. `config` is the object in `config.json`. `sources` are the paths within the archive that it was taken from.
    """

    readme: str | None = None
    license: str | None = None
    config: dict[str, Any] | None = None
    dependencies: tuple[Dependency, ...] = ()
    sources: tuple[str, ...] = ()
