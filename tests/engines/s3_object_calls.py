"""The calls of objects and buckets, each with the check that the server really did it."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.engines.s3_trial import Trial, expect, expect_refused, sha256

DISPOSITION = "attachment; filename=\"na_ve.zip\"; filename*=UTF-8''na%C3%AFve.zip"


async def put_whole(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"hello", ChecksumSHA256=sha256(b"hello"))
    answer = await t.s3.get_object(Bucket=t.bucket, Key="a", ChecksumMode="ENABLED")
    expect(await answer["Body"].read() == b"hello", "other bytes came back")
    expect(answer.get("ChecksumSHA256") == sha256(b"hello"), "the checksum is not kept")


async def put_wrong_checksum(t: Trial) -> None:
    call = t.s3.put_object(Bucket=t.bucket, Key="bad", Body=b"hello", ChecksumSHA256=sha256(b"other"))
    await expect_refused(call, "BadDigest", "XAmzContentChecksumMismatch", "InvalidRequest")
    await expect_refused(t.s3.head_object(Bucket=t.bucket, Key="bad"), "404")


async def put_if_absent(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"1", IfNoneMatch="*")
    call = t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"2", IfNoneMatch="*")
    await expect_refused(call, "PreconditionFailed")


async def put_empty(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"", ChecksumSHA256=sha256(b""))
    answer = await t.s3.get_object(Bucket=t.bucket, Key="a")
    expect(await answer["Body"].read() == b"", "not empty")


async def get_range(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"0123456789")
    answer = await t.s3.get_object(Bucket=t.bucket, Key="a", Range="bytes=2-4")
    expect(await answer["Body"].read() == b"234", "other bytes came back")
    expect(answer["ContentRange"] == "bytes 2-4/10", f"Content-Range is {answer['ContentRange']}")
    await expect_refused(t.s3.get_object(Bucket=t.bucket, Key="a", Range="bytes=10-"), "InvalidRange")


async def head(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"hello", ContentType="application/zip")
    answer = await t.s3.head_object(Bucket=t.bucket, Key="a")
    expect(answer["ContentLength"] == 5 and answer["ContentType"] == "application/zip", "wrong size or type")
    await expect_refused(t.s3.head_object(Bucket=t.bucket, Key="none"), "404")


async def get_missing(t: Trial) -> None:
    await expect_refused(t.s3.get_object(Bucket=t.bucket, Key="none"), "NoSuchKey")


async def copy(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="from", Body=b"hello")
    await t.s3.copy_object(Bucket=t.bucket, Key="to", CopySource={"Bucket": t.bucket, "Key": "from"})
    answer = await t.s3.get_object(Bucket=t.bucket, Key="to")
    expect(await answer["Body"].read() == b"hello", "other bytes came back")


async def presigned_get(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"0123456789")
    params = {
        "Bucket": t.bucket,
        "Key": "a",
        "ResponseContentDisposition": DISPOSITION,
        "ResponseContentType": "application/zip",
    }
    url = await t.s3.generate_presigned_url("get_object", Params=params, ExpiresIn=60)
    answer = await t.http.get(url, headers={"Range": "bytes=2-4"})
    expect(answer.status_code == 206 and answer.content == b"234", f"range: {answer.status_code}")
    expect(answer.headers.get("content-disposition") == DISPOSITION, "Content-Disposition is not the asked one")
    expect(answer.headers.get("content-type") == "application/zip", "Content-Type is not the asked one")


async def presigned_get_tampered(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"a")
    await t.s3.put_object(Bucket=t.bucket, Key="b", Body=b"b")
    url = await t.s3.generate_presigned_url("get_object", Params={"Bucket": t.bucket, "Key": "a"}, ExpiresIn=60)
    answer = await t.http.get(url.replace("/a?", "/b?"))
    expect(answer.status_code == 403, f"another key under the same signature: {answer.status_code}")


async def presigned_get_expired(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"a")
    url = await t.s3.generate_presigned_url("get_object", Params={"Bucket": t.bucket, "Key": "a"}, ExpiresIn=1)
    await asyncio.sleep(2.5)
    answer = await t.http.get(url)
    expect(answer.status_code == 403, f"an expired URL: {answer.status_code}")


async def list_objects(t: Trial) -> None:
    for number in range(5):
        await t.s3.put_object(Bucket=t.bucket, Key=f"blobs/{number}", Body=b"x")
    await t.s3.put_object(Bucket=t.bucket, Key="other", Body=b"x")
    found = []
    async for page in t.s3.get_paginator("list_objects_v2").paginate(
        Bucket=t.bucket, Prefix="blobs/", PaginationConfig={"PageSize": 2}
    ):
        found += [entry["Key"] for entry in page.get("Contents", [])]
    expect(found == [f"blobs/{number}" for number in range(5)], f"listed {found}")


async def delete(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"a")
    await t.s3.delete_object(Bucket=t.bucket, Key="a")
    await t.s3.delete_object(Bucket=t.bucket, Key="a")
    await expect_refused(t.s3.head_object(Bucket=t.bucket, Key="a"), "404")


async def delete_many(t: Trial) -> None:
    for key in ("a", "b"):
        await t.s3.put_object(Bucket=t.bucket, Key=key, Body=b"x")
    answer = await t.s3.delete_objects(
        Bucket=t.bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "none"}]}
    )
    expect(not answer.get("Errors"), f"errors: {answer.get('Errors')}")
    left = await t.s3.list_objects_v2(Bucket=t.bucket)
    expect(left["KeyCount"] == 0, "objects stay")


async def versioning(t: Trial) -> None:
    await t.s3.put_bucket_versioning(Bucket=t.bucket, VersioningConfiguration={"Status": "Enabled"})
    expect((await t.s3.get_bucket_versioning(Bucket=t.bucket)).get("Status") == "Enabled", "not enabled after put")
    put = await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"first")
    await t.s3.delete_object(Bucket=t.bucket, Key="a")
    await expect_refused(t.s3.get_object(Bucket=t.bucket, Key="a"), "NoSuchKey")
    old = await t.s3.get_object(Bucket=t.bucket, Key="a", VersionId=put["VersionId"])
    expect(await old["Body"].read() == b"first", "the deleted version is gone")


async def lifecycle(t: Trial) -> None:
    await t.s3.put_bucket_lifecycle_configuration(
        Bucket=t.bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "abandoned",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                },
                {
                    "ID": "noncurrent",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                },
            ]
        },
    )
    rules = (await t.s3.get_bucket_lifecycle_configuration(Bucket=t.bucket))["Rules"]
    expect({rule.get("ID") for rule in rules} == {"abandoned", "noncurrent"}, f"rules are {rules}")


async def public_access_block(t: Trial) -> None:
    await t.s3.put_public_access_block(
        Bucket=t.bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    answer = await t.s3.get_public_access_block(Bucket=t.bucket)
    expect(all(answer["PublicAccessBlockConfiguration"].values()), "not set after put")


async def anonymous(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="a", Body=b"a")
    answer = await t.http.get(f"{t.s3.meta.endpoint_url}/{t.bucket}/a")
    expect(answer.status_code == 403, f"a read without credentials: {answer.status_code}")


OBJECT_CALLS: dict[str, Callable[[Trial], Awaitable[None]]] = {
    "PutObject with SHA-256": put_whole,
    "PutObject, wrong SHA-256 refused": put_wrong_checksum,
    "PutObject If-None-Match: *": put_if_absent,
    "PutObject, empty": put_empty,
    "GetObject, range and 416": get_range,
    "GetObject, missing": get_missing,
    "GetObject without credentials refused": anonymous,
    "HeadObject": head,
    "CopyObject": copy,
    "presigned GET with range, disposition, type": presigned_get,
    "presigned GET, other key refused": presigned_get_tampered,
    "presigned GET, expired refused": presigned_get_expired,
    "ListObjectsV2, paged, prefix": list_objects,
    "DeleteObject, twice": delete,
    "DeleteObjects": delete_many,
    "versioning": versioning,
    "lifecycle rules": lifecycle,
    "public access block": public_access_block,
}
"""What each call is named in the comparison, in its order."""
