"""What is pulled through is served once it has been scanned and rated, whatever the settings say of other packages."""

from registry.domain.packages import Package, PackageStatus
from registry.domain.recent import Recent
from registry.domain.serving_errors import BeingFetched
from registry.domain.verdicts import PackageSafety
from registry.services.hub.pulling import is_pulled
from registry.services.packages.retrieval import FindRating

_MOST_KEPT = 10_000
_RETRY_AFTER_SECONDS = 5


class Readiness:
    """Remembers what was ready: a revision of a package stays so."""

    def __init__(self) -> None:
        self._ready = Recent[tuple[str, int], None](_MOST_KEPT)

    async def check(self, package: Package, safety: PackageSafety, find_rating: FindRating) -> None:
        """Raises BeingFetched while a package that was pulled through is fetched, scanned or rated."""
        key = (package.id, package.revision)
        if key in self._ready or not is_pulled(package):
            return
        if package.status is PackageStatus.PENDING:
            raise _not_yet(package, "fetched from the Hugging Face Hub")
        if package.content is None or not package.status.is_offered:
            return  # a refusal of its own
        if not safety.judged(package.content.sha256):
            raise _not_yet(package, "scanned")
        if await find_rating() is None:
            raise _not_yet(package, "rated")
        self._ready.put(key, None)


def _not_yet(package: Package, what: str) -> BeingFetched:
    return BeingFetched(package.name, what, retry_after_seconds=_RETRY_AFTER_SECONDS)
