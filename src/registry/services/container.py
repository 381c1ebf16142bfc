"""The services of a running registry, as the HTTP layer and the worker receive them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from registry.services.accounts import Accounts
from registry.services.admission import Admission
from registry.services.catalog import Catalog
from registry.services.changing import Changing
from registry.services.cursors import CursorCodec
from registry.services.deliveries import Deliveries
from registry.services.health import HealthMonitor
from registry.services.indexing import IndexFollower
from registry.services.ingest import Ingest
from registry.services.license_check import LicenseChecks
from registry.services.maintenance import Maintenance
from registry.services.publishing import Publishing
from registry.services.ratings import Ratings
from registry.services.reading import Reading
from registry.services.retrieval import Retrieval
from registry.services.search import SearchService
from registry.services.sessions import Sessions
from registry.services.subparts import SubParts
from registry.services.uploads import Uploads
from registry.services.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Services:
    sessions: Sessions
    reading: Reading
    accounts: Accounts
    catalog: Catalog
    publishing: Publishing
    changing: Changing
    retrieval: Retrieval
    maintenance: Maintenance
    health: HealthMonitor
    ingest: Ingest
    subparts: SubParts
    uploads: Uploads
    admission: Admission
    webhooks: Webhooks
    deliveries: Deliveries
    cursors: CursorCodec
    ratings: Ratings
    license_checks: LicenseChecks
    rate_in_background: Callable[[], Coroutine[Any, Any, None]]
    rate_as_worker: Callable[[], Coroutine[Any, Any, None]]
    search: SearchService
    index_follower: IndexFollower
