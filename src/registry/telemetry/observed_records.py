"""The ports of the record store, every call timed. Streams are handed through: they last as long as their reader."""

from registry.ports.accounts import AccountStore
from registry.ports.api_tokens import ApiTokenStore
from registry.ports.audit import AuditStore
from registry.ports.audit_log import AuditLog
from registry.ports.derived import DerivedStore
from registry.ports.downloads import DownloadStore
from registry.ports.idempotency import IdempotencyStore
from registry.ports.maintenance import RecordMaintenance
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore
from registry.ports.ratings import RatingStore
from registry.ports.reading import DocumentReader
from registry.ports.releases import ReleaseStore
from registry.ports.source_urls import SourceUrlStore
from registry.ports.uploads import UploadStore
from registry.ports.usage import UsageStore
from registry.ports.verdicts import ScanRequestStore, VerdictStore
from registry.ports.webhooks import DeliveryOutbox, WebhookStore
from registry.telemetry.observation import Timed


class ObservedPackages:
    def __init__(self, port: PackageStore, timed: Timed) -> None:
        self.add = timed(port.add)
        self.replace = timed(port.replace)
        self.remove = timed(port.remove)
        self.get = timed(port.get)
        self.get_judged = timed(port.get_judged)
        self.get_many = timed(port.get_many)
        self.find_summaries = timed(port.find_summaries)
        self.find_document = timed(port.find_document)
        self.list_page = timed(port.list_page)
        self.find_version = timed(port.find_version)
        self.list_versions = timed(port.list_versions)


class ObservedNames:
    def __init__(self, port: NameStore, timed: Timed) -> None:
        self.find = timed(port.find)
        self.list_owned = timed(port.list_owned)
        self.find_view = timed(port.find_view)
        self.replace = timed(port.replace)
        self.list_private = timed(port.list_private)
        self.find_namespace = timed(port.find_namespace)
        self.replace_namespace = timed(port.replace_namespace)
        self.migrate = timed(port.migrate)
        self.list_conflicts = timed(port.list_conflicts)


class ObservedDownloads:
    def __init__(self, port: DownloadStore, timed: Timed) -> None:
        self.count = timed(port.count)
        self.find_totals = timed(port.find_totals)
        self.list_most = timed(port.list_most)
        self.list_days = timed(port.list_days)
        self.add_ranking = timed(port.add_ranking)
        self.find_ranking = timed(port.find_ranking)


class ObservedReleases:
    def __init__(self, port: ReleaseStore, timed: Timed) -> None:
        self.release = timed(port.release)
        self.settle = timed(port.settle)


class ObservedAccounts:
    def __init__(self, port: AccountStore, timed: Timed) -> None:
        self.add = timed(port.add)
        self.add_first = timed(port.add_first)
        self.get = timed(port.get)
        self.replace = timed(port.replace)
        self.remove = timed(port.remove)
        self.list_accounts = timed(port.list_accounts)
        self.find_session = timed(port.find_session)
        self.revoke_token = timed(port.revoke_token)


class ObservedApiTokens:
    def __init__(self, port: ApiTokenStore, timed: Timed) -> None:
        self.add = timed(port.add)
        self.find_grant = timed(port.find_grant)
        self.get = timed(port.get)
        self.list_tokens = timed(port.list_tokens)
        self.remove = timed(port.remove)
        self.drop = timed(port.drop)
        self.record_use = timed(port.record_use)


class ObservedDocuments:
    def __init__(self, port: DocumentReader, timed: Timed) -> None:
        self.find_for_session = timed(port.find_for_session)
        self.find_for_grant = timed(port.find_for_grant)


class ObservedAudit:
    def __init__(self, port: AuditStore, timed: Timed) -> None:
        self.append = timed(port.append)
        self.list_entries = timed(port.list_entries)


class ObservedAuditLog:
    def __init__(self, port: AuditLog, timed: Timed) -> None:
        self.sequence = timed(port.sequence)
        self.lease = timed(port.lease)
        self.head = timed(port.head)
        self.read_tile = timed(port.read_tile)
        self.get_entries = timed(port.get_entries)
        self.list_entries = timed(port.list_entries)
        self.get_checkpoint = timed(port.get_checkpoint)
        self.put_checkpoint = timed(port.put_checkpoint)


class ObservedIdempotency:
    def __init__(self, port: IdempotencyStore, timed: Timed) -> None:
        self.find = timed(port.find)


class ObservedUploads:
    def __init__(self, port: UploadStore, timed: Timed) -> None:
        self.add = timed(port.add)
        self.get = timed(port.get)
        self.move = timed(port.move)
        self.remove = timed(port.remove)
        self.list_open = timed(port.list_open)
        self.list_expired = timed(port.list_expired)


class ObservedUsage:
    def __init__(self, port: UsageStore, timed: Timed) -> None:
        self.stored_bytes = timed(port.stored_bytes)


class ObservedSourceUrls:
    def __init__(self, port: SourceUrlStore, timed: Timed) -> None:
        self.add = timed(port.add)
        self.find = timed(port.find)
        self.remove = timed(port.remove)


class ObservedRatings:
    def __init__(self, port: RatingStore, timed: Timed) -> None:
        self.find = timed(port.find)
        self.find_summaries = timed(port.find_summaries)
        self.find_receipt = timed(port.find_receipt)
        self.request = timed(port.request)
        self.lease = timed(port.lease)
        self.extend = timed(port.extend)
        self.finish = timed(port.finish)
        self.give_back = timed(port.give_back)
        self.list_due = timed(port.list_due)
        self.count_requests = timed(port.count_requests)


class ObservedVerdicts:
    def __init__(self, port: VerdictStore, timed: Timed) -> None:
        self.find = timed(port.find)
        self.find_summary = timed(port.find_summary)
        self.lease = timed(port.lease)
        self.extend = timed(port.extend)
        self.finish = timed(port.finish)
        self.give_back = timed(port.give_back)
        self.list_outdated = timed(port.list_outdated)
        self.remove_unused = timed(port.remove_unused)


class ObservedScanRequests:
    def __init__(self, port: ScanRequestStore, timed: Timed) -> None:
        self.list_due = timed(port.list_due)
        self.open = timed(port.open)
        self.open_all = timed(port.open_all)
        self.list_packages = timed(port.list_packages)
        self.postpone = timed(port.postpone)
        self.settle = timed(port.settle)
        self.count_open = timed(port.count_open)


class ObservedDerived:
    def __init__(self, port: DerivedStore, timed: Timed) -> None:
        self.find = timed(port.find)
        self.lease = timed(port.lease)
        self.extend = timed(port.extend)
        self.finish = timed(port.finish)
        self.give_back = timed(port.give_back)
        self.add_user = timed(port.add_user)
        self.drop_users = timed(port.drop_users)
        self.remove = timed(port.remove)
        self.list_records = port.list_records


class ObservedWebhooks:
    def __init__(self, port: WebhookStore, timed: Timed) -> None:
        self.add = timed(port.add)
        self.get = timed(port.get)
        self.list_webhooks = timed(port.list_webhooks)
        self.disable = timed(port.disable)
        self.remove = timed(port.remove)


class ObservedOutbox:
    def __init__(self, port: DeliveryOutbox, timed: Timed) -> None:
        self.due_webhooks = timed(port.due_webhooks)
        self.lease = timed(port.lease)
        self.settle = timed(port.settle)
        self.add = timed(port.add)
        self.replay = timed(port.replay)
        self.list_deliveries = timed(port.list_deliveries)
        self.depth = timed(port.depth)


class ObservedMaintenance:
    def __init__(self, port: RecordMaintenance, timed: Timed) -> None:
        self.live_blob_keys = timed(port.live_blob_keys)
        self.list_contents = port.list_contents
        self.purge_expired = timed(port.purge_expired)
        self.reset = timed(port.reset)
        self.upgrade_listings = timed(port.upgrade_listings)
        self.ping = timed(port.ping)
