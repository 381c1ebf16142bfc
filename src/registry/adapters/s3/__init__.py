"""Bytes in an S3 bucket."""

from registry.adapters.s3.blobs import S3BlobStore
from registry.adapters.s3.bucket import Finding, State, check_bucket, ensure_bucket
from registry.adapters.s3.connection import S3Bucket, S3Limits, open_s3
from registry.adapters.s3.part_store import S3PartStore
from registry.adapters.s3.upload import UploadLimits

__all__ = [
    "Finding",
    "S3BlobStore",
    "S3Bucket",
    "S3Limits",
    "S3PartStore",
    "State",
    "UploadLimits",
    "check_bucket",
    "ensure_bucket",
    "open_s3",
]
