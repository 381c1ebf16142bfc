"""The S3 calls themselves, each with the check that the server really did it."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from botocore.exceptions import ClientError
from types_aiobotocore_s3 import S3Client
from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""
DISPOSITION = "attachment; filename=\"na_ve.zip\"; filename*=UTF-8''na%C3%AFve.zip"


class Deviation(Exception):
    """The server answered, but not as S3 does."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a call is tried with: a client, a plain HTTP client and an empty bucket of its own."""

    s3: S3Client
    http: httpx.AsyncClient
    bucket: str


def expect(holds: object, otherwise: str) -> None:
    if not holds:
        raise Deviation(otherwise)


async def expect_refused(call: Awaitable[object], *codes: str) -> None:
    """The call must fail with one of the error codes."""
    try:
        await call
    except ClientError as error:
        code = error.response["Error"]["Code"]
        expect(code in codes, f"refused with {code} instead of {codes[0]}")
    else:
        raise Deviation(f"accepted, where S3 says {codes[0]}")


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


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


async def begin(t: Trial, key: str) -> str:
    answer = await t.s3.create_multipart_upload(Bucket=t.bucket, Key=key, ChecksumAlgorithm="SHA256")
    return answer["UploadId"]


async def upload(t: Trial, key: str, upload_id: str, number: int, body: bytes) -> CompletedPartTypeDef:
    answer = await t.s3.upload_part(
        Bucket=t.bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body, ChecksumSHA256=sha256(body)
    )
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": sha256(body)}


async def complete(t: Trial, key: str, upload_id: str, parts: list[CompletedPartTypeDef]) -> Any:
    return await t.s3.complete_multipart_upload(
        Bucket=t.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
    )


async def multipart(t: Trial) -> None:
    upload_id = await begin(t, "m")
    bodies = [b"a" * PART_BYTES, b"b" * 10]
    parts = [await upload(t, "m", upload_id, number, body) for number, body in enumerate(bodies, 1)]
    done = await complete(t, "m", upload_id, parts)
    answer = await t.s3.get_object(Bucket=t.bucket, Key="m")
    expect(await answer["Body"].read() == b"".join(bodies), "other bytes came back")
    digests = b"".join(hashlib.sha256(body).digest() for body in bodies)
    composite = f"{sha256(digests)}-2"
    expect(done.get("ChecksumSHA256") == composite, f"composite checksum is {done.get('ChecksumSHA256')}")


async def multipart_wrong_checksum(t: Trial) -> None:
    upload_id = await begin(t, "m")
    call = t.s3.upload_part(
        Bucket=t.bucket, Key="m", UploadId=upload_id, PartNumber=1, Body=b"x", ChecksumSHA256=sha256(b"y")
    )
    await expect_refused(call, "BadDigest", "XAmzContentChecksumMismatch", "InvalidRequest")


async def multipart_full_object_crc32(t: Trial) -> None:
    answer = await t.s3.create_multipart_upload(
        Bucket=t.bucket, Key="m", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
    )
    upload_id = answer["UploadId"]
    part = await t.s3.upload_part(
        Bucket=t.bucket, Key="m", UploadId=upload_id, PartNumber=1, Body=b"hello", ChecksumAlgorithm="CRC32"
    )
    parts: list[CompletedPartTypeDef] = [
        {"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part.get("ChecksumCRC32", "")}
    ]
    call = t.s3.complete_multipart_upload(
        Bucket=t.bucket,
        Key="m",
        UploadId=upload_id,
        MultipartUpload={"Parts": parts},
        ChecksumCRC32="AAAAAA==",
        ChecksumType="FULL_OBJECT",
    )
    await expect_refused(call, "BadDigest", "InvalidRequest")


async def multipart_missing_part(t: Trial) -> None:
    upload_id = await begin(t, "m")
    part = await upload(t, "m", upload_id, 1, b"a" * PART_BYTES)
    await expect_refused(complete(t, "m", upload_id, [part, part | {"PartNumber": 2}]), "InvalidPart")


async def multipart_small_part(t: Trial) -> None:
    upload_id = await begin(t, "m")
    parts = [await upload(t, "m", upload_id, number, b"small") for number in (1, 2)]
    await expect_refused(complete(t, "m", upload_id, parts), "EntityTooSmall")


async def list_parts(t: Trial) -> None:
    upload_id = await begin(t, "m")
    for number in (1, 2, 3):
        await upload(t, "m", upload_id, number, b"x" * number)
    first = await t.s3.list_parts(Bucket=t.bucket, Key="m", UploadId=upload_id, MaxParts=2)
    expect(first["IsTruncated"], "MaxParts is ignored")
    rest = await t.s3.list_parts(
        Bucket=t.bucket, Key="m", UploadId=upload_id, PartNumberMarker=first["NextPartNumberMarker"]
    )
    sizes = [part["Size"] for part in [*first["Parts"], *rest["Parts"]]]
    expect(sizes == [1, 2, 3], f"sizes are {sizes}")


async def list_and_abort_uploads(t: Trial) -> None:
    upload_ids = {await begin(t, f"blobs/{number}") for number in range(3)}
    found = []
    async for page in t.s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=t.bucket, Prefix="blobs/", PaginationConfig={"PageSize": 2}
    ):
        found += page.get("Uploads", [])
    expect({entry["UploadId"] for entry in found} == upload_ids, f"{len(found)} of 3 uploads listed")
    expect(all("Initiated" in entry for entry in found), "no Initiated time")
    for entry in found:
        await t.s3.abort_multipart_upload(Bucket=t.bucket, Key=entry["Key"], UploadId=entry["UploadId"])
    left = await t.s3.list_multipart_uploads(Bucket=t.bucket)
    expect(not left.get("Uploads"), "uploads stay after their abort")
    again = t.s3.abort_multipart_upload(Bucket=t.bucket, Key=found[0]["Key"], UploadId=found[0]["UploadId"])
    await expect_refused(again, "NoSuchUpload")


async def upload_part_copy(t: Trial) -> None:
    await t.s3.put_object(Bucket=t.bucket, Key="from", Body=b"0123456789")
    upload_id = await begin(t, "m")
    answer = await t.s3.upload_part_copy(
        Bucket=t.bucket,
        Key="m",
        UploadId=upload_id,
        PartNumber=1,
        CopySource={"Bucket": t.bucket, "Key": "from"},
        CopySourceRange="bytes=2-4",
    )
    part: CompletedPartTypeDef = {"PartNumber": 1, "ETag": answer["CopyPartResult"]["ETag"]}
    if "ChecksumSHA256" in answer["CopyPartResult"]:
        part["ChecksumSHA256"] = answer["CopyPartResult"]["ChecksumSHA256"]
    await complete(t, "m", upload_id, [part])
    copied = await t.s3.get_object(Bucket=t.bucket, Key="m")
    expect(await copied["Body"].read() == b"234", "other bytes came back")


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
    url = await t.s3.generate_presigned_url("get_object", Params={"Bucket": t.bucket, "Key": "a"}, ExpiresIn=-1)
    answer = await t.http.get(url)
    expect(answer.status_code == 403, f"an expired URL: {answer.status_code}")


async def presigned_part(t: Trial) -> None:
    upload_id = await begin_plain(t, "m")
    params = {"Bucket": t.bucket, "Key": "m", "UploadId": upload_id, "PartNumber": 1}
    url = await t.s3.generate_presigned_url("upload_part", Params=params, ExpiresIn=60)
    answer = await t.http.put(url, content=b"hello")
    expect(answer.status_code == 200 and answer.headers.get("etag"), f"PUT: {answer.status_code}")
    await complete(t, "m", upload_id, [{"PartNumber": 1, "ETag": answer.headers["etag"]}])


async def begin_plain(t: Trial, key: str) -> str:
    answer = await t.s3.create_multipart_upload(Bucket=t.bucket, Key=key)
    return answer["UploadId"]


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


CALLS: dict[str, Callable[[Trial], Awaitable[None]]] = {
    "PutObject with SHA-256": put_whole,
    "PutObject, wrong SHA-256 refused": put_wrong_checksum,
    "PutObject If-None-Match: *": put_if_absent,
    "PutObject, empty": put_empty,
    "GetObject, range and 416": get_range,
    "GetObject, missing": get_missing,
    "GetObject without credentials refused": anonymous,
    "HeadObject": head,
    "multipart upload, composite SHA-256": multipart,
    "UploadPart, wrong SHA-256 refused": multipart_wrong_checksum,
    "CompleteMultipartUpload, wrong full-object CRC-32 refused": multipart_full_object_crc32,
    "CompleteMultipartUpload, missing part refused": multipart_missing_part,
    "CompleteMultipartUpload, part under 5 MiB refused": multipart_small_part,
    "ListParts, paged": list_parts,
    "ListMultipartUploads, paged, and Abort": list_and_abort_uploads,
    "UploadPartCopy, range": upload_part_copy,
    "CopyObject": copy,
    "presigned GET with range, disposition, type": presigned_get,
    "presigned GET, other key refused": presigned_get_tampered,
    "presigned GET, expired refused": presigned_get_expired,
    "presigned PUT of a part": presigned_part,
    "ListObjectsV2, paged, prefix": list_objects,
    "DeleteObject, twice": delete,
    "DeleteObjects": delete_many,
    "versioning": versioning,
    "lifecycle rules": lifecycle,
    "public access block": public_access_block,
}
"""What each call is named in the comparison, in its order."""
