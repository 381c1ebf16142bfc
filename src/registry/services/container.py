"""The services of a running registry, as the HTTP layer and the worker receive them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from registry.services.accounts.accounts import Accounts
from registry.services.accounts.api_tokens import ApiTokens, TokenUse
from registry.services.accounts.sessions import Sessions
from registry.services.audit.global_audit import GlobalAudit
from registry.services.edge.invalidation import EdgeInvalidation
from registry.services.files.files import PackageFiles
from registry.services.health.health import HealthMonitor
from registry.services.health.load_tests import LoadTests
from registry.services.hub.hub import Hub
from registry.services.ingest.ingest import Ingest
from registry.services.maintenance.maintenance import Maintenance
from registry.services.maintenance.refreshing import Refreshing
from registry.services.names.access import Access
from registry.services.names.names import Names
from registry.services.names.namespaces import Namespaces
from registry.services.names.releases import Releases
from registry.services.packages.catalog import Catalog
from registry.services.packages.changing import Changing
from registry.services.packages.cursors import CursorCodec
from registry.services.packages.popularity import Popularity
from registry.services.packages.publishing import Publishing
from registry.services.packages.reading import Reading
from registry.services.packages.retrieval import Retrieval
from registry.services.policy.replay import PolicyReplay
from registry.services.ratings.badges import Badges
from registry.services.ratings.license_check import LicenseChecks
from registry.services.ratings.ratings import Ratings
from registry.services.ratings.receipt_signing import ReceiptSigning
from registry.services.safety.verdicts import Verdicts
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from registry.services.search.snapshots import IndexSnapshots
from registry.services.uploads.admission import Admission
from registry.services.uploads.uploads import Uploads
from registry.services.webhooks.deliveries import Deliveries
from registry.services.webhooks.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Services:
    sessions: Sessions
    reading: Reading
    accounts: Accounts
    access: Access
    names: Names
    namespaces: Namespaces
    releases: Releases
    api_tokens: ApiTokens
    token_use: TokenUse
    catalog: Catalog
    popularity: Popularity
    policy_replay: PolicyReplay
    publishing: Publishing
    changing: Changing
    retrieval: Retrieval
    maintenance: Maintenance
    health: HealthMonitor
    load_tests: LoadTests
    ingest: Ingest
    files: PackageFiles
    hub: Hub
    uploads: Uploads
    admission: Admission
    webhooks: Webhooks
    deliveries: Deliveries
    edge: EdgeInvalidation | None
    global_audit: GlobalAudit
    cursors: CursorCodec
    ratings: Ratings
    receipts: ReceiptSigning
    license_checks: LicenseChecks
    badges: Badges
    verdicts: Verdicts
    refreshing: Refreshing
    scan_in_background: Callable[[], Coroutine[Any, Any, None]]
    scan_as_worker: Callable[[], Coroutine[Any, Any, None]]
    list_files_in_background: Callable[[], Coroutine[Any, Any, None]]
    rate_in_background: Callable[[], Coroutine[Any, Any, None]]
    rate_as_worker: Callable[[], Coroutine[Any, Any, None]]
    search: SearchService
    index_follower: IndexFollower
    index_snapshots: IndexSnapshots | None
    keep_parsers_ready: Callable[[], Coroutine[Any, Any, None]]
