import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.s3 import S3BlobStore, S3Bucket, S3PartStore, open_s3
from registry.formats.disposition import attachment
from tests.engines import s3

BODY = b"0123456789"
FILENAMES = [
    "model.zip",
    "naïve – 模型.tar.gz",
    'quo"te\\d.zip',
    "100% legit.zip",
    "a;b=c.zip",
    "new\r\nline: x.zip",
    "../../etc/passwd",
    "",
]


async def body() -> AsyncIterator[bytes]:
    yield BODY


def told_filename(header: str) -> str:
    """The file name that a client reads: the extended one where there is one (RFC 6266, section 4.3)."""
    extended = re.search(r"; filename\*=UTF-8''(\S+)$", header)
    if extended:
        return unquote(extended[1])
    plain = re.fullmatch(r'attachment; filename="([^"]*)"', header)
    assert plain is not None
    return plain[1]


@pytest.mark.parametrize("filename", FILENAMES)
async def test_anyone_may_fetch_it_under_its_name(bucket: S3Bucket, filename: str) -> None:
    store = S3BlobStore(bucket)
    stored = await store.put(body())
    url = await store.presign_download(stored.key, filename=filename, media_type="application/zip")
    assert url is not None
    async with httpx.AsyncClient() as client:
        whole = await client.get(url)
        part = await client.get(url, headers={"Range": "bytes=2-4"})
    assert (whole.status_code, whole.content) == (200, BODY)
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert whole.headers["content-type"] == "application/zip"
    assert told_filename(whole.headers["content-disposition"]) == filename


async def test_url_is_signed_for_the_address_that_clients_use(bucket: S3Bucket, s3_endpoint: str) -> None:
    public = s3_endpoint.replace("127.0.0.1", "localhost")
    stored = await S3BlobStore(bucket).put(body())
    async with open_s3(
        bucket.name, endpoint_url="http://127.0.0.1:9", public_endpoint_url=public, session=s3.session()
    ) as other:
        url = await S3BlobStore(other).presign_download(stored.key, filename="a", media_type="text/plain")
    assert url is not None
    assert urlsplit(url).netloc == urlsplit(public).netloc
    async with httpx.AsyncClient() as client:
        assert (await client.get(url)).content == BODY
        assert (await client.get(url.replace("localhost", "127.0.0.1"))).status_code == 403


async def test_part_is_taken_in_its_own_length_only(bucket: S3Bucket) -> None:
    store = S3PartStore(bucket, S3BlobStore(bucket))
    key = await store.begin()
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    url = await store.presign_part(key, 1, size=len(BODY), expires_at=expires_at)
    assert url is not None
    async with httpx.AsyncClient() as client:
        for other in (BODY[1:], BODY + b"x", body()):
            assert (await client.put(url, content=other)).status_code in (403, 411)
        assert list(await store.list_parts(key)) == []
        assert (await client.put(url, content=BODY)).status_code == 200
    assert [part.size for part in await store.list_parts(key)] == [len(BODY)]


@given(st.text())
def test_any_name_makes_a_safe_header_that_tells_it(filename: str) -> None:
    filename = filename.encode("utf-8", "replace").decode()
    header = attachment(filename)
    assert re.fullmatch(r"attachment; filename=\"[ -~]*\"(; filename\*=UTF-8''[!-~]*)?", header)
    assert told_filename(header) == filename
