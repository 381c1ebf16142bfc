"""The storage backend at scale: DynamoDB, S3 and Redis. Region and credentials: as every AWS program finds them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

from botocore.exceptions import BotoCoreError

from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.api_tokens import DynamoApiTokenStore, TokenOwners
from registry.adapters.dynamodb.audit import DynamoAuditStore
from registry.adapters.dynamodb.audit_log import DynamoAuditLog
from registry.adapters.dynamodb.changes import DynamoChangeFeed
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.connection import DynamoLimits, open_table
from registry.adapters.dynamodb.deliveries import DynamoDeliveryOutbox
from registry.adapters.dynamodb.derived import DynamoDerivedStore
from registry.adapters.dynamodb.downloads import DynamoDownloadStore
from registry.adapters.dynamodb.health import DynamoHealthLog
from registry.adapters.dynamodb.idempotency import DynamoIdempotencyStore
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.names import DynamoNameStore
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.ratings import DynamoRatingStore
from registry.adapters.dynamodb.reading import DynamoDocumentReader
from registry.adapters.dynamodb.releases import DynamoReleaseStore
from registry.adapters.dynamodb.scan_requests import DynamoScanRequestStore
from registry.adapters.dynamodb.source_urls import DynamoSourceUrlStore
from registry.adapters.dynamodb.table import check_table, create_table
from registry.adapters.dynamodb.upgrades import DynamoUpgradeStore
from registry.adapters.dynamodb.uploads import DynamoUploadStore
from registry.adapters.dynamodb.usage import DynamoUsageStore
from registry.adapters.dynamodb.verdicts import DynamoVerdictStore
from registry.adapters.dynamodb.webhooks import DynamoWebhookStore
from registry.adapters.engine_calls import OnCall, ignore_call
from registry.adapters.redis.attempts import RedisAttemptCounter
from registry.adapters.redis.cache import RedisRatingCache
from registry.adapters.redis.connection import open_redis
from registry.adapters.s3 import (
    S3BlobStore,
    S3Bucket,
    S3Limits,
    S3PartStore,
    State,
    UploadLimits,
    check_bucket,
    ensure_bucket,
    open_s3,
)
from registry.adapters.s3.cloudfront import CloudFrontSigner
from registry.adapters.system import AgreedClock, SystemClock
from registry.composition.backends import Bytes, Records, Shared
from registry.composition.engines import EngineLimits, OnUnits, limits_of, report_calls, report_units
from registry.composition.memory import UploadMemory
from registry.domain.errors import Unavailable
from registry.ports.clock import Clock
from registry.services.health.health import Probe
from registry.settings import PREFIX, AwsClient, BlobsBackend, RecordsBackend, Settings, SettingsError
from registry.telemetry.observation import CallObserver

_Opened = TypeVar("_Opened")
_PATIENT = EngineLimits(
    records=DynamoLimits(connect_seconds=10, read_seconds=30, deadline_seconds=60),
    bytes=S3Limits(connect_seconds=10, answer_seconds=30, deadline_seconds=60),
)
"""For an operator's commands: nobody else waits, and an engine may have just begun."""


@asynccontextmanager
async def _configured(opening: AbstractAsyncContextManager[_Opened]) -> AsyncIterator[_Opened]:
    """Makes one line for the operator of what an AWS client misses before its first call: a region, a profile."""
    async with AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(opening)
        except BotoCoreError as error:
            raise Unavailable(f"AWS cannot be reached as configured: {error}") from error
        yield opened


def _table(
    settings: Settings,
    on_call: OnCall,
    limits: DynamoLimits | None = None,
    on_units: OnUnits | None = None,
    clock: AgreedClock | None = None,
) -> AbstractAsyncContextManager[DynamoTable]:
    clock = clock or AgreedClock(SystemClock())
    return _configured(
        open_table(
            settings.dynamodb_table or "",
            endpoint_url=settings.dynamodb_endpoint_url,
            on_call=on_call,
            on_units=on_units,
            on_date=clock.observe,
            now=clock.now,
            limits=limits,
            direct=settings.dynamodb_client is AwsClient.DIRECT,
        )
    )


def _bucket(
    settings: Settings, on_call: OnCall, limits: S3Limits | None = None
) -> AbstractAsyncContextManager[S3Bucket]:
    return _configured(
        open_s3(
            settings.s3_bucket or "",
            endpoint_url=settings.s3_endpoint_url,
            public_endpoint_url=settings.s3_public_endpoint_url,
            on_call=on_call,
            limits=limits,
            direct=settings.s3_client is AwsClient.DIRECT,
        )
    )


@asynccontextmanager
async def open_records(
    settings: Settings, clock: AgreedClock, observer: CallObserver, limits: EngineLimits | None
) -> AsyncIterator[Records]:
    on_call, on_units = report_calls(observer, "records"), report_units(observer, "records")
    limits = limits or limits_of(settings)
    async with _table(settings, on_call, limits.records, on_units, clock) as table:
        packages = DynamoPackageStore(table, clock=clock)
        owners = TokenOwners()
        api_tokens = DynamoApiTokenStore(table, owners)
        yield Records(
            packages=packages,
            names=DynamoNameStore(table),
            downloads=DynamoDownloadStore(table),
            releases=DynamoReleaseStore(table, clock=clock),
            changes=DynamoChangeFeed(table, clock=clock),
            accounts=DynamoAccountStore(table),
            api_tokens=api_tokens,
            reader=DynamoDocumentReader(table, packages, api_tokens, owners),
            audit=DynamoAuditStore(table),
            audit_log=DynamoAuditLog(table, clock),
            idempotency=DynamoIdempotencyStore(table, clock=clock),
            uploads=DynamoUploadStore(table, clock=clock),
            usage=DynamoUsageStore(table),
            source_urls=DynamoSourceUrlStore(table),
            ratings=DynamoRatingStore(table),
            verdicts=DynamoVerdictStore(table),
            scan_requests=DynamoScanRequestStore(table),
            derived=DynamoDerivedStore(table),
            webhooks=DynamoWebhookStore(table, clock),
            outbox=DynamoDeliveryOutbox(table, clock),
            health_log=DynamoHealthLog(table),
            upgrades=DynamoUpgradeStore(table),
            maintenance=DynamoRecordMaintenance(table, clock=clock),
        )


@asynccontextmanager
async def open_bytes(settings: Settings, observer: CallObserver, limits: EngineLimits | None) -> AsyncIterator[Bytes]:
    async with _bucket(settings, report_calls(observer, "blobs"), (limits or limits_of(settings)).bytes) as bucket:
        blobs = S3BlobStore(
            bucket,
            limits=UploadLimits(
                total_bytes=UploadMemory.of(settings).parts_bytes, wait_seconds=settings.upload_wait_seconds
            ),
            presigned_seconds=settings.download_url_seconds,
            cloudfront=_cloudfront(settings),
        )
        yield Bytes(blobs, S3PartStore(bucket, blobs))


def _cloudfront(settings: Settings) -> CloudFrontSigner | None:
    key = settings.cloudfront_private_key
    if not settings.cloudfront_url or key is None:
        return None
    try:
        return CloudFrontSigner(
            settings.cloudfront_url,
            key_id=settings.cloudfront_key_id or "",
            private_key=key.get_secret_value(),
            seconds=settings.download_url_seconds,
        )
    except ValueError as error:
        raise SettingsError(f"{PREFIX}CLOUDFRONT_PRIVATE_KEY: {error}") from None


@asynccontextmanager
async def open_shared(
    settings: Settings, clock: Clock, observer: CallObserver, limits: EngineLimits | None
) -> AsyncIterator[Shared]:
    url = settings.redis_url.get_secret_value() if settings.redis_url else ""
    async with open_redis(
        url, on_call=report_calls(observer, "cache"), limits=(limits or limits_of(settings)).shared
    ) as redis:
        yield Shared(
            attempts=RedisAttemptCounter(redis, clock=clock),
            ratings=RedisRatingCache(redis),
            probe=Probe(redis.ping, optional=True, watched=True),
        )


async def set_up_table(settings: Settings, *, create: bool) -> list[str]:
    """Make the table (with `create`) and check it: what is different from what the registry needs, a line each."""
    if settings.records is not RecordsBackend.DYNAMODB:
        raise SettingsError("There is no table: the records are in SQLite. Set REGISTRY_RECORDS=dynamodb.")
    async with _table(settings, ignore_call, _PATIENT.records) as table:
        if create:
            await create_table(table)
        return await check_table(table)


async def set_up_bucket(settings: Settings, *, create: bool) -> list[tuple[str, bool]]:
    """Make the bucket (with `create`) and check it: a line for each aspect, and whether it is as it must be.

    What the server lacks is reported, and is no difference: nothing can be set there.
    """
    if settings.blobs is not BlobsBackend.S3:
        raise SettingsError("There is no bucket: the bytes are in files. Set REGISTRY_BLOBS=s3.")
    async with _bucket(settings, ignore_call, _PATIENT.bytes) as bucket:
        findings = await (ensure_bucket(bucket) if create else check_bucket(bucket))
    return [
        (f"{found.aspect}: {found.state} ({found.detail})", found.state in (State.OK, State.UNSUPPORTED))
        for found in findings
    ]
