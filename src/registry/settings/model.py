"""The whole of the settings, and the rules between them."""

from importlib.util import find_spec

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from registry.settings.accounts import AccountSettings
from registry.settings.choices import BlobsBackend, CacheBackend, JobsBackend, RecordsBackend
from registry.settings.packages import PackageSettings
from registry.settings.ratings import RatingSettings
from registry.settings.safety import SafetySettings
from registry.settings.server import ServerSettings
from registry.settings.sources import SourceSettings
from registry.settings.stores import StoreSettings

PREFIX = "REGISTRY_"
ENV_FILE = ".env"
_S3_LEAST_PART_BYTES = 5 * 1024**2
_S3_LONGEST_UPLOAD_SECONDS = 86_400
"""A day, after which the bucket's own rule ends uploads that are not completed."""


def _is_installed(package: str, part: str) -> bool:
    return find_spec(package) is not None and find_spec(f"{package}.{part}") is not None


class Settings(
    SourceSettings,
    SafetySettings,
    RatingSettings,
    PackageSettings,
    StoreSettings,
    AccountSettings,
    ServerSettings,
    BaseSettings,
):
    """Every setting with its default and meaning. Immutable once read. (Of bases, the last one's fields come first.)"""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, frozen=True, extra="ignore")

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        needs = {
            "dynamodb_table": self.records is RecordsBackend.DYNAMODB,
            "s3_bucket": self.blobs is BlobsBackend.S3,
            "redis_url": self.cache is CacheBackend.REDIS or self.jobs is JobsBackend.REDIS,
            "cloudfront_key_id": bool(self.cloudfront_url),
            "cloudfront_private_key": bool(self.cloudfront_url),
            "jwt_secret": not self.embedded,
            "admin_password": not self.embedded,
        }
        if self.otlp_url and not _is_installed("opentelemetry", "exporter"):
            raise ValueError(f"{PREFIX}OTLP_URL needs OpenTelemetry: pip install 'trusted-registry[tracing]'")
        missing = [PREFIX + name.upper() for name, needed in needs.items() if needed and getattr(self, name) is None]
        if missing:
            raise ValueError(
                f"the chosen stores need {', '.join(missing)}; set them in the environment or in {ENV_FILE}"
            )
        if self.cloudfront_url and self.blobs is not BlobsBackend.S3:
            raise ValueError(f"{PREFIX}CLOUDFRONT_URL needs {PREFIX}BLOBS=s3: its origin is the bucket")
        if self.blobs is BlobsBackend.S3 and self.upload_part_bytes < _S3_LEAST_PART_BYTES:
            raise ValueError(f"{PREFIX}UPLOAD_PART_BYTES: S3 takes parts of {_S3_LEAST_PART_BYTES} bytes or more")
        if self.blobs is BlobsBackend.S3 and self.upload_seconds > _S3_LONGEST_UPLOAD_SECONDS:
            raise ValueError(
                f"{PREFIX}UPLOAD_SECONDS: S3 ends open uploads after a day; set {_S3_LONGEST_UPLOAD_SECONDS} or less"
            )
        return self
