"""Domain values for tests: valid as they come, each different from the one before, every field open to be set."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from registry.domain.accounts import Account, ApiToken, Permission, principal_of
from registry.domain.events import Event, EventType
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.name_patterns import ALL_NAMES
from registry.domain.packages import AuditAction, AuditEntry, Change, Content, Package, PackageStatus, PackageType
from registry.domain.ratings import RatingStatus
from registry.domain.safety import ScanReport
from registry.domain.uploads import Upload
from registry.domain.verdicts import Verdict, verdict_on
from registry.domain.versions import Version
from registry.domain.webhooks import Delivery, Webhook, new_secret
from registry.ports.health import HealthSample
from registry.ports.ratings import RatingDocument

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)

_numbers = count(1)


class ManualClock:
    """Implements `Clock`: stands still until told to go on."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        self._now += step


def make_id() -> str:
    """An id of a UUIDv7's form, higher than all before."""
    return f"019b0000-0000-7000-8000-{next(_numbers):012x}"


def make_content(**overrides: Any) -> Content:
    fields: dict[str, Any] = {
        "blob_key": f"blob-{next(_numbers)}",
        "size": 1234,
        "sha256": "ab" * 32,
        "media_type": "application/zip",
        "filename": "model.zip",
    }
    return Content(**fields | overrides)


def make_package(**overrides: Any) -> Package:
    """A package; `version` may be given as text."""
    if isinstance(overrides.get("version"), str):
        overrides["version"] = Version.parse(overrides["version"])
    fields: dict[str, Any] = {
        "id": make_id(),
        "name": f"package-{next(_numbers)}",
        "version": Version(1, 2, 3),
        "type": PackageType.MODEL,
        "status": PackageStatus.ACTIVE,
        "created_by": "alice",
        "created_at": START,
        "updated_at": START,
    }
    return Package(**fields | overrides)


def make_audit_entry(package_id: str, **overrides: Any) -> AuditEntry:
    fields: dict[str, Any] = {
        "id": make_id(),
        "package_id": package_id,
        "at": START,
        "user": "alice",
        "action": AuditAction.CREATE,
        "revision": 1,
    }
    return AuditEntry(**fields | overrides)


def make_api_token(**overrides: Any) -> ApiToken:
    """An API token of alice's, of the epoch `e1`."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "id": make_id(),
        "digest": f"{number:064x}",
        "beginning": f"reg_{number:04d}",
        "user": "alice",
        "grant_epoch": "e1",
        "name": f"token {number}",
        "permissions": frozenset({Permission.SEARCH}),
        "packages": ALL_NAMES,
        "created_at": START,
    }
    return ApiToken(**fields | overrides)


def make_idempotency_record(**overrides: Any) -> IdempotencyRecord:
    fields: dict[str, Any] = {
        "key": f"alice/POST-package/{next(_numbers)}",
        "fingerprint": "cd" * 32,
        "made_id": "1",
        "response": b'[201,[["Location","/package/1"]]]\n{"id":"1"}',
        "expires_at": START + timedelta(days=1),
    }
    return IdempotencyRecord(**fields | overrides)


def make_change(
    package_id: str,
    *,
    idempotency: IdempotencyRecord | None = None,
    events: tuple[Event, ...] = (),
    overrides_owners: bool = True,
    **overrides: Any,
) -> Change:
    """A change with an audit entry; `overrides` are the entry's. Owners are checked where it is asked for."""
    entry = make_audit_entry(package_id, **overrides)
    owner = principal_of(entry.user or "", entry.user or "")
    return Change(entry, idempotency, events=events, principal=owner, overrides_owners=overrides_owners)


def make_event(package_id: str | None = None, **overrides: Any) -> Event:
    fields: dict[str, Any] = {
        "id": make_id(),
        "type": EventType.PACKAGE_CREATED,
        "at": START,
        "package_id": package_id,
        "details": {"name": "bert", "revision": 1},
    }
    return Event(**fields | overrides)


def make_webhook(**overrides: Any) -> Webhook:
    fields: dict[str, Any] = {
        "id": make_id(),
        "url": f"https://hooks.example.org/{next(_numbers)}",
        "events": frozenset({EventType.PACKAGE_CREATED}),
        "secret": new_secret(),
        "created_at": START,
    }
    return Webhook(**fields | overrides)


def make_delivery(webhook_id: str, **overrides: Any) -> Delivery:
    """A pending delivery that no package's event caused."""
    fields: dict[str, Any] = {
        "id": make_id(),
        "webhook_id": webhook_id,
        "event": EventType.TEST,
        "package_id": None,
        "payload": b'{"type":"webhook.test"}',
        "at": START,
    }
    return Delivery(**fields | overrides)


def make_sha256() -> str:
    """The digest of a content that no other test has."""
    return hashlib.sha256(str(next(_numbers)).encode()).hexdigest()


def make_verdict(sha256: str, report: ScanReport | None = None, *, scanner_version: int = 1) -> Verdict:
    return verdict_on(sha256, report or ScanReport(), scanner_version=scanner_version, scanned_at=START)


def make_rating(package_id: str, **overrides: Any) -> RatingDocument:
    values: dict[str, Any] = {
        "package_id": package_id,
        "revision": 1,
        "status": RatingStatus.COMPLETE,
        "net_score": 0.573423,
        "rated_at": ManualClock().now(),
        "etag": '"0f0f"',
        "body": b'{"net_score":0.573423,"metrics":{}}',
    } | overrides
    score = values["net_score"]
    low = values.pop("net_score_low", score)
    summary = {"net_score": score, "net_score_range": [0.0 if low is None else low, 1.0]}
    return RatingDocument(**{"summary": json.dumps(summary).encode()} | values)


def make_account(**overrides: Any) -> Account:
    fields: dict[str, Any] = {
        "name": f"user-{next(_numbers)}",
        "password_hash": "$argon2id$hash",
        "permissions": frozenset({Permission.SEARCH, Permission.DOWNLOAD}),
        "token_epoch": "epoch-1",
        "created_at": START,
        "id": f"account-{next(_numbers)}",
    }
    return Account(**fields | overrides)


def make_health_sample(**overrides: Any) -> HealthSample:
    fields: dict[str, Any] = {
        "minute": START.replace(second=0, microsecond=0),
        "component": "records",
        "calls": 4,
        "errors": 1,
        "total_seconds": 0.5,
        "max_seconds": 0.25,
    }
    return HealthSample(**fields | overrides)


def ids(items: Sequence[Any]) -> list[str]:
    """The ids of packages, summaries, entries …"""
    return [item.id for item in items]


def make_upload(**overrides: Any) -> Upload:
    fields: dict[str, Any] = {
        "id": make_id(),
        "created_by": "alice",
        "created_at": START,
        "expires_at": START + timedelta(days=1),
        "size": 20_000_000,
        "sha256": "ab" * 32,
        "part_size": 8_388_608,
        "key": f"upload-{next(_numbers)}",
        "metadata": b'{"name":"x"}',
        "account_id": "account-1",
    }
    return Upload(**fields | overrides)
