"""What an archive says about its package."""

from dataclasses import dataclass

from registry.domain.packages import Dependency


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """All that was found; None and () where nothing was. Nothing is guessed.

    `readme` has at most MAX_README_BYTES in UTF-8. `license` is an SPDX id, `LicenseRef-…` for one that SPDX does not
    know.
    """

    readme: str | None = None
    license: str | None = None
    dependencies: tuple[Dependency, ...] = ()
