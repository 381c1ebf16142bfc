"""The storage backends."""

from pydantic import BaseModel, Field, SecretStr

from registry.settings.choices import (
    AwsClient,
    BlobsBackend,
    CacheBackend,
    HttpUrlOrEmpty,
    JobsBackend,
    RecordsBackend,
)


class StoreSettings(BaseModel):
    """Where records, bytes, the cache and jobs are kept."""

    records: RecordsBackend = Field(RecordsBackend.SQLITE, description="where records are kept")
    blobs: BlobsBackend = Field(BlobsBackend.FILES, description="where bytes are kept")
    cache: CacheBackend = Field(CacheBackend.MEMORY, description="where ratings are cached and attempts are counted")
    jobs: JobsBackend = Field(JobsBackend.LOCAL, description="where background jobs wait")
    dynamodb_table: str | None = Field(None, description="DynamoDB table (with records=dynamodb)")
    dynamodb_endpoint_url: str | None = Field(None, description="endpoint of DynamoDB, where it is not AWS")
    dynamodb_client: AwsClient = Field(
        AwsClient.DIRECT,
        description="how DynamoDB is called: `direct` takes less than half the CPU, `aioboto3` all of AWS's own client",
    )
    s3_bucket: str | None = Field(None, description="S3 bucket (with blobs=s3)")
    s3_endpoint_url: str | None = Field(None, description="endpoint of S3, where it is not AWS")
    s3_client: AwsClient = Field(
        AwsClient.DIRECT,
        description="how S3 is called about small objects: `direct` takes a fifth of the CPU of `aioboto3`",
    )
    s3_public_endpoint_url: str | None = Field(None, description="endpoint of S3 as clients reach it, for signed URLs")
    cloudfront_url: HttpUrlOrEmpty = Field(
        "",
        description="distribution in front of the bucket: downloads are redirected there; empty: to S3 itself",
    )
    cloudfront_key_id: str | None = Field(None, description="id of the public key in CloudFront (with cloudfront_url)")
    cloudfront_private_key: SecretStr | None = Field(
        None, description="private key that signs its URLs, in PEM: ECDSA on P-256 (with cloudfront_url)"
    )
    edge_distribution_id: str = Field(
        "",
        pattern=r"^[A-Z0-9]{0,32}$",
        description="CloudFront distribution in front of the registry: public responses carry tags, and a change of a "
        "package invalidates what edges hold of it; empty: neither",
    )
    edge_endpoint_url: str | None = Field(None, description="endpoint of CloudFront's API, where it is not AWS")
    engine_patience: float = Field(1, ge=1, le=4, description="factor on the time limits of DynamoDB, S3 and Redis")
    redis_url: SecretStr | None = Field(None, description="Redis (with cache=redis or jobs=redis)")

    @property
    def embedded(self) -> bool:
        """Whether the records live in the data folder, where a key and a password may be generated and kept."""
        return self.records is RecordsBackend.SQLITE

    @property
    def keeps_files(self) -> bool:
        """Whether anything is kept in the data folder."""
        return self.embedded or self.blobs is BlobsBackend.FILES or self.cache is CacheBackend.MEMORY
