"""Setting a bucket up, and checking whether one is as it must be. For `registry bucket create|check`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from registry.adapters.s3.connection import S3Bucket
from registry.adapters.s3.errors import CallMissing, Misconfigured, error_code
from registry.domain.errors import NotFound

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CreateBucketRequestTypeDef, LifecycleRuleTypeDef

ABANDONED_DAYS = 1
NONCURRENT_DAYS = 7
_NOTHING_SET = frozenset({"NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration"})
_RULES: "Sequence[LifecycleRuleTypeDef]" = (
    {
        "ID": "registry-abandoned-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
    },
    {
        "ID": "registry-noncurrent-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
    },
    {
        # S3 takes this only in a rule of its own; without it a deleted blob's marker stays for ever.
        "ID": "registry-delete-markers",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    },
)


class State(StrEnum):
    """`UNSUPPORTED`: the server lacks the call. `DENIED`: the credentials may not ask, so it is not known."""

    OK = "ok"
    WRONG = "wrong"
    UNSUPPORTED = "unsupported"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one aspect of a bucket, and in `detail` what follows from it."""

    aspect: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True)
class _Aspect:
    name: str
    wanted: str
    if_unsupported: str
    holds: Callable[[S3Bucket], Awaitable[bool]]
    bring_about: Callable[[S3Bucket], Awaitable[object]]


async def check_bucket(bucket: S3Bucket) -> Sequence[Finding]:
    """What the bucket is like; one finding for a bucket that is not there. Raises Unavailable."""
    try:
        await bucket.call("HeadBucket", lambda: bucket.client.head_bucket(Bucket=bucket.name))
    except NotFound:
        return [Finding("bucket", State.WRONG, "it does not exist; `registry bucket create` makes it")]
    except Misconfigured:
        return [Finding("bucket", State.DENIED, "the credentials may not use it")]
    return [Finding("bucket", State.OK, "it exists"), *[await _check(aspect, bucket) for aspect in _ASPECTS]]


async def ensure_bucket(bucket: S3Bucket) -> Sequence[Finding]:
    """Make the bucket if it is missing, set what is not as it must be, and check. Raises Unavailable.

    Lifecycle rules that others made stay.
    """
    await _create(bucket)
    for aspect in _ASPECTS:
        if (await _check(aspect, bucket)).state is State.WRONG:
            await aspect.bring_about(bucket)
    return await check_bucket(bucket)


async def _create(bucket: S3Bucket) -> None:
    request: CreateBucketRequestTypeDef = {"Bucket": bucket.name}
    region = bucket.client.meta.region_name
    if region != "us-east-1":
        # The one region that must not be named.
        request["CreateBucketConfiguration"] = cast("Any", {"LocationConstraint": region})
    try:
        await bucket.call("CreateBucket", lambda: bucket.client.create_bucket(**request))
    except ClientError as error:
        # Whether a bucket of that name that is not ours can be used, the check finds out.
        if error_code(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


async def _check(aspect: _Aspect, bucket: S3Bucket) -> Finding:
    try:
        holds = await aspect.holds(bucket)
    except CallMissing:
        return Finding(aspect.name, State.UNSUPPORTED, f"this server lacks the call: {aspect.if_unsupported}")
    except Misconfigured:
        return Finding(aspect.name, State.DENIED, "the credentials may not ask; ask with an operator's")
    except ClientError as error:
        if error_code(error) not in _NOTHING_SET:
            raise
        holds = False
    return Finding(aspect.name, State.OK if holds else State.WRONG, aspect.wanted)


async def _is_private(bucket: S3Bucket) -> bool:
    answer = await bucket.call(
        "GetPublicAccessBlock", lambda: bucket.client.get_public_access_block(Bucket=bucket.name)
    )
    settings = cast("Mapping[str, bool]", answer["PublicAccessBlockConfiguration"])
    return len(settings) == 4 and all(settings.values())


async def _make_private(bucket: S3Bucket) -> None:
    await bucket.call(
        "PutPublicAccessBlock",
        lambda: bucket.client.put_public_access_block(
            Bucket=bucket.name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        ),
    )


async def _is_versioned(bucket: S3Bucket) -> bool:
    answer = await bucket.call("GetBucketVersioning", lambda: bucket.client.get_bucket_versioning(Bucket=bucket.name))
    return answer.get("Status") == "Enabled"


async def _make_versioned(bucket: S3Bucket) -> None:
    await bucket.call(
        "PutBucketVersioning",
        lambda: bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"}),
    )


async def _rules(bucket: S3Bucket) -> "list[LifecycleRuleTypeDef]":
    try:
        answer = await bucket.call(
            "GetBucketLifecycleConfiguration",
            lambda: bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name),
        )
    except ClientError as error:
        if error_code(error) not in _NOTHING_SET:
            raise
        return []
    return cast("list[LifecycleRuleTypeDef]", answer.get("Rules", []))


async def _has_rules(bucket: S3Bucket) -> bool:
    # Servers write the filter in several ways; what our rules do is what counts.
    found = {rule.get("ID"): _effect(rule) for rule in await _rules(bucket)}
    return all(found.get(rule.get("ID")) == _effect(rule) for rule in _RULES)


def _effect(rule: "LifecycleRuleTypeDef") -> dict[str, object]:
    actions = ("Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration", "Expiration")
    return {name: value for name, value in rule.items() if name in actions}


async def _make_rules(bucket: S3Bucket) -> None:
    ours = {rule.get("ID") for rule in _RULES}
    rules = [rule for rule in await _rules(bucket) if rule.get("ID") not in ours] + list(_RULES)
    await bucket.call(
        "PutBucketLifecycleConfiguration",
        lambda: bucket.client.put_bucket_lifecycle_configuration(
            Bucket=bucket.name, LifecycleConfiguration={"Rules": rules}
        ),
    )


_ASPECTS = (
    _Aspect(
        "public access block",
        "nobody can make it public by mistake",
        "see to it that nobody can read it without credentials",
        _is_private,
        _make_private,
    ),
    _Aspect(
        "versioning",
        "deleted and damaged bytes can be brought back for some days",
        "deleted bytes are gone at once; keep backups",
        _is_versioned,
        _make_versioned,
    ),
    _Aspect(
        "lifecycle rules",
        f"abandoned uploads end after {ABANDONED_DAYS} day, old versions after {NONCURRENT_DAYS} days",
        "the registry's sweep ends abandoned uploads; old versions have to be removed by other means",
        _has_rules,
        _make_rules,
    ),
)
