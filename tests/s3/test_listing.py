"""What is new in a bucket is listed without listing what is old."""

import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta

from registry.adapters.s3 import S3BlobStore, S3Bucket
from registry.adapters.s3.blobs import PREFIX
from registry.adapters.s3.object_keys import KEY, new_key, range_of
from tests.s3.test_uploads import zeros

HOUR = timedelta(hours=1)


async def test_costs_a_call_for_each_range_of_keys_however_many_are_old(bucket: S3Bucket, calls: Counter[str]) -> None:
    store, first = S3BlobStore(bucket), "0123456789abcdef"
    old = [first[number % 16] + "0" * 11 + secrets.token_hex(10) for number in range(48)]
    for key in old:
        await bucket.client.put_object(Bucket=bucket.name, Key=PREFIX + key, Body=b"old")
    new = [(await store.put(zeros(1))).key for _ in range(5)]
    calls.clear()

    listed = [info.key async for info in store.list_blobs(since=datetime.now(UTC) - HOUR)]

    assert sorted(listed) == sorted(new)
    assert calls == {"ListObjectsV2": 16, "ListMultipartUploads": 1}
    assert sorted([info.key async for info in store.list_blobs()]) == sorted(old + new)


def test_keys_are_fresh_and_lie_in_their_range() -> None:
    now = datetime.now(UTC)
    keys = [new_key() for _ in range(1_000)]
    assert len(set(keys)) == 1_000
    assert {key[0] for key in keys} == set("0123456789abcdef")
    for key in keys:
        assert KEY.fullmatch(key)
        low, high = range_of(key[0], now - HOUR, now)
        assert low < key < high
        assert key < range_of(key[0], now + HOUR, now)[0]
