"""Kinds of values that settings have."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field


class RecordsBackend(StrEnum):
    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"


class AwsClient(StrEnum):
    DIRECT = "direct"
    AIOBOTO3 = "aioboto3"


class BlobsBackend(StrEnum):
    FILES = "files"
    S3 = "s3"


class CacheBackend(StrEnum):
    MEMORY = "memory"
    REDIS = "redis"


class JobsBackend(StrEnum):
    LOCAL = "local"
    REDIS = "redis"


Seconds = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]
HttpUrlOrEmpty = Annotated[str, Field(pattern=r"^(https?://[^/?#\s]+[^?#\s]*)?$")]
