"""What the S3 calls are tried with, and how they say that a server differs from S3."""

import base64
import hashlib
from collections.abc import Awaitable
from dataclasses import dataclass

import httpx
from botocore.exceptions import ClientError
from types_aiobotocore_s3 import S3Client


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
