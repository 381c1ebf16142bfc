"""All that a backend of records does, as one suite of suites."""

from tests.conformance.account_store import AccountStoreContract
from tests.conformance.api_token_store import ApiTokenStoreContract
from tests.conformance.audit_log import AuditLogContract
from tests.conformance.audit_store import AuditStoreContract
from tests.conformance.change_feed import ChangeFeedContract
from tests.conformance.delivery_outbox import DeliveryOutboxContract
from tests.conformance.delivery_replay import DeliveryReplayContract
from tests.conformance.derived_store import DerivedStoreContract
from tests.conformance.download_store import DownloadStoreContract
from tests.conformance.health_log import HealthLogContract
from tests.conformance.idempotency_store import IdempotencyStoreContract
from tests.conformance.maintenance import RecordMaintenanceContract
from tests.conformance.name_store import NameStoreContract
from tests.conformance.package_listing import PackageListingContract
from tests.conformance.package_machine import PackageMachineContract
from tests.conformance.package_races import PackageRacesContract
from tests.conformance.package_store import PackageStoreContract
from tests.conformance.rating_store import RatingStoreContract
from tests.conformance.refreshing import RefreshingContract
from tests.conformance.release_store import ReleaseStoreContract
from tests.conformance.search_index import SearchIndexContract
from tests.conformance.unseen_packages import UnseenPackagesContract
from tests.conformance.upgrade_store import UpgradeStoreContract
from tests.conformance.verdict_store import ScanRequestStoreContract, VerdictStoreContract
from tests.conformance.webhook_store import WebhookStoreContract


class RecordSuites:
    """Subclass in a module with the fixture `backend`: `class TestRecords(RecordSuites): pass`."""

    TestPackageStore = PackageStoreContract
    TestPackageListing = PackageListingContract
    TestPackageRaces = PackageRacesContract
    TestPackageMachine = PackageMachineContract
    TestAccountStore = AccountStoreContract
    TestApiTokenStore = ApiTokenStoreContract
    TestAuditLog = AuditLogContract
    TestAuditStore = AuditStoreContract
    TestIdempotencyStore = IdempotencyStoreContract
    TestHealthLog = HealthLogContract
    TestDownloadStore = DownloadStoreContract
    TestRecordMaintenance = RecordMaintenanceContract
    TestChangeFeed = ChangeFeedContract
    TestRatingStore = RatingStoreContract
    TestUpgradeStore = UpgradeStoreContract
    TestRefreshing = RefreshingContract
    TestVerdictStore = VerdictStoreContract
    TestScanRequestStore = ScanRequestStoreContract
    TestSearchIndex = SearchIndexContract
    TestNameStore = NameStoreContract
    TestReleaseStore = ReleaseStoreContract
    TestWebhookStore = WebhookStoreContract
    TestDeliveryOutbox = DeliveryOutboxContract
    TestDerivedStore = DerivedStoreContract
    TestDeliveryReplay = DeliveryReplayContract
    TestUnseenPackages = UnseenPackagesContract
