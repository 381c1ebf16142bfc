"""The calls of multipart uploads, each with the check that the server really did it."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

from tests.engines.s3_trial import Trial, expect, expect_refused, sha256

PART_BYTES = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""


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


async def abort(t: Trial) -> None:
    upload_id = await begin(t, "m")
    await t.s3.abort_multipart_upload(Bucket=t.bucket, Key="m", UploadId=upload_id)
    expect(not (await t.s3.list_multipart_uploads(Bucket=t.bucket)).get("Uploads"), "the upload stays after its abort")
    again = t.s3.abort_multipart_upload(Bucket=t.bucket, Key="m", UploadId=upload_id)
    await expect_refused(again, "NoSuchUpload")


async def list_uploads(t: Trial) -> None:
    """By the key of the last entry alone, as the registry does: its keys have one upload each."""
    upload_ids = [await begin(t, f"blobs/{number}") for number in range(3)]
    first = await t.s3.list_multipart_uploads(Bucket=t.bucket, Prefix="blobs/", MaxUploads=2)
    expect(first["IsTruncated"], "MaxUploads is ignored")
    rest = await t.s3.list_multipart_uploads(Bucket=t.bucket, Prefix="blobs/", KeyMarker=first["NextKeyMarker"])
    found = [*first["Uploads"], *rest.get("Uploads", [])]
    expect([entry["UploadId"] for entry in found] == upload_ids, f"{len(found)} of 3 uploads listed")
    expect(all("Initiated" in entry for entry in found), "no Initiated time")


async def list_uploads_by_both_markers(t: Trial) -> None:
    upload_ids = [await begin(t, "m") for _ in range(3)]
    first = await t.s3.list_multipart_uploads(Bucket=t.bucket, MaxUploads=2)
    rest = await t.s3.list_multipart_uploads(
        Bucket=t.bucket, KeyMarker=first["NextKeyMarker"], UploadIdMarker=first["NextUploadIdMarker"]
    )
    found = {entry["UploadId"] for entry in [*first["Uploads"], *rest.get("Uploads", [])]}
    expect(found == set(upload_ids), f"{len(found)} of 3 uploads listed")


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


async def begin_plain(t: Trial, key: str) -> str:
    answer = await t.s3.create_multipart_upload(Bucket=t.bucket, Key=key)
    return answer["UploadId"]


async def presigned_part(t: Trial) -> None:
    upload_id = await begin_plain(t, "m")
    params = {"Bucket": t.bucket, "Key": "m", "UploadId": upload_id, "PartNumber": 1}
    url = await t.s3.generate_presigned_url("upload_part", Params=params, ExpiresIn=60)
    answer = await t.http.put(url, content=b"hello")
    expect(answer.status_code == 200 and answer.headers.get("etag"), f"PUT: {answer.status_code}")
    await complete(t, "m", upload_id, [{"PartNumber": 1, "ETag": answer.headers["etag"]}])


MULTIPART_CALLS: dict[str, Callable[[Trial], Awaitable[None]]] = {
    "multipart upload, composite SHA-256": multipart,
    "UploadPart, wrong SHA-256 refused": multipart_wrong_checksum,
    "CompleteMultipartUpload, wrong full-object CRC-32 refused": multipart_full_object_crc32,
    "CompleteMultipartUpload, missing part refused": multipart_missing_part,
    "CompleteMultipartUpload, part under 5 MiB refused": multipart_small_part,
    "ListParts, paged": list_parts,
    "AbortMultipartUpload, twice": abort,
    "ListMultipartUploads, paged by key": list_uploads,
    "ListMultipartUploads, paged within a key": list_uploads_by_both_markers,
    "UploadPartCopy, range": upload_part_copy,
    "presigned PUT of a part": presigned_part,
}
"""What each call is named in the comparison, in its order."""
