"""Why a package's content is not served: the errors under ContentUnavailable (the tree is in `errors`)."""

from collections.abc import Mapping

from registry.domain.errors import RegistryError


class ContentUnavailable(RegistryError):
    """The package's content cannot be served: pending, failed, quarantined, or there is none."""


class Quarantined(ContentUnavailable):
    """The package is quarantined, or its content is so dangerous that it is about to be."""

    def __init__(self, reason: str | None) -> None:
        why = f": {reason}" if reason else ""
        super().__init__(f"The package is quarantined{why}. An admin can lift the quarantine.")


class NotScannedYet(ContentUnavailable):
    """The content has no verdict yet, and the settings require one. Try again after `retry_after_seconds`."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__("The content has not been scanned yet. Wait as long as Retry-After says, then repeat.")


class BeingFetched(ContentUnavailable):
    """A package that was pulled through is still being fetched, scanned or rated."""

    def __init__(self, package: str, what: str, *, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{package} is being {what}. Ask again in {retry_after_seconds} seconds.")


class PolicyRefused(ContentUnavailable):
    """Rules of the operator's policy refuse the package. `reasons` are by the rule's name."""

    def __init__(self, package: str, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        listed = "; ".join(f"{reason} (rule {rule})" for rule, reason in self.reasons.items())
        super().__init__(f"The policy of this registry refuses {package}: {listed}.")


class ScoreTooLow(ContentUnavailable):
    """What is known of the package's net score is below the lowest that is served."""


class ArchiveUnreadable(ContentUnavailable):
    """The content is an archive whose files cannot all be read; `path` is the first such file, where it is one."""

    SHOWN_CHARACTERS = 500

    def __init__(self, reason: str, *, path: str | None = None) -> None:
        where = "" if path is None else f"{path[: self.SHOWN_CHARACTERS]!r}: "
        super().__init__(f"The files of the package cannot be read: {where}{reason}.")
        self.path = path
