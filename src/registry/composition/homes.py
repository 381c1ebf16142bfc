"""What a home gives: the ports, by what is kept together."""

from dataclasses import dataclass, field

from registry.adapters.dynamodb.client import DynamoLimits
from registry.adapters.redis.connection import RedisLimits
from registry.adapters.s3 import S3Limits
from registry.ports.accounts import AccountStore
from registry.ports.answers import AnswerStore
from registry.ports.audit import AuditStore
from registry.ports.blobs import BlobStore
from registry.ports.health import HealthLog
from registry.ports.maintenance import RecordMaintenance
from registry.ports.packages import PackageStore
from registry.ports.parts import PartStore
from registry.ports.reading import DocumentReader
from registry.ports.throttle import AttemptCounter
from registry.ports.uploads import UploadStore
from registry.ports.usage import UsageStore
from registry.services.health import Probe


@dataclass(frozen=True, slots=True)
class Records:
    """What is kept in one record store."""

    packages: PackageStore
    accounts: AccountStore
    reader: DocumentReader
    audit: AuditStore
    answers: AnswerStore
    uploads: UploadStore
    usage: UsageStore
    health_log: HealthLog
    maintenance: RecordMaintenance


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is kept in one byte store."""

    blobs: BlobStore
    parts: PartStore


@dataclass(frozen=True, slots=True)
class Shared:
    """What processes share for a while. `probe` is None where nothing of it can be down by itself."""

    attempts: AttemptCounter
    probe: Probe | None


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports of a registry. Every call of theirs is told to the observer exactly once."""

    records: Records
    bytes: Bytes
    shared: Shared


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """How long each engine may take (docs/failures.md says what follows)."""

    records: DynamoLimits = field(default_factory=DynamoLimits)
    bytes: S3Limits = field(default_factory=S3Limits)
    shared: RedisLimits = field(default_factory=RedisLimits)
