"""All settings, in one frozen model: the only reader of the environment (prefix `REGISTRY_`) and of `.env`."""

import difflib
import os
import types
import typing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from registry.domain.accounts import Permission
from registry.domain.errors import InvalidInput
from registry.domain.ratings import MetricName
from registry.domain.receipt_keys import read_keys

PREFIX = "REGISTRY_"
ENV_FILE = ".env"
# Read by the command line, docker-compose.yml and the tests under the same prefix; not settings of the service.
_FOREIGN_NAMES = frozenset(
    {"SERVER", "TOKEN", "IMAGE", "S3_PORT", "TEST_URL", "TEST_ADMIN_USERNAME", "TEST_ADMIN_PASSWORD"}
)
_MIN_SECRET_LENGTH = 32
_S3_LEAST_PART_BYTES = 5 * 1024**2
_S3_LONGEST_UPLOAD_SECONDS = 86_400
"""A day, after which the bucket's own rule ends uploads that are not completed."""
_HTTP_URL_OR_EMPTY = r"^(https?://[^/?#\s]+[^?#\s]*)?$"


class SettingsError(Exception):
    """The settings cannot be used. Its text is one line that says what to do."""


class RecordsBackend(StrEnum):
    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"


class DynamoClient(StrEnum):
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


_ANONYMOUS: tuple[set[str], ...] = (set(), {"search"}, {"search", "download"})


class Settings(BaseSettings):
    """Every setting with its default and meaning. Immutable once read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(1, ge=1, le=64, description="server processes")
    forwarded_allow_ips: str = Field("127.0.0.1", description="proxies whose X-Forwarded-For is believed, by commas")
    data_dir: Path = Field(
        Path("./registry-data"), description="folder of the embedded stores, and of the search index"
    )

    admin_username: str = Field("admin", pattern=r"^[A-Za-z0-9._@-]{1,64}$", description="name of the first admin")
    admin_password: SecretStr | None = Field(None, description="password of the first admin; embedded: generated once")
    jwt_secret: SecretStr | None = Field(None, description="key that signs tokens; embedded: generated once")
    audit_key: SecretStr | None = Field(
        None, description="secret that signs the audit log; embedded: generated once; else made from jwt_secret"
    )
    receipt_key: SecretStr | None = Field(
        None, description="secret that signs rating receipts; embedded: generated once; else made from jwt_secret"
    )
    receipt_keys_retired: str = Field(
        "", description="public keys that signed receipts before: the JSON of `registry receipt-keys`, or one in base64"
    )
    token_lifetime_seconds: Seconds = Field(36_000, description="how long a token lives")
    session_lease_seconds: float = Field(
        0,
        ge=0,
        le=5,
        description="how long a session that was read may be used; changes of accounts and revocations then answer so "
        "much later, and hold from the next request as without; the same in all processes; 0: read for each request",
    )
    login_window_seconds: Seconds = Field(300, description="window in which failed logins are counted")
    login_attempts_per_name: int = Field(20, ge=1, description="failed logins of one name from one address in a window")
    login_attempts_per_address: int = Field(100, ge=1, description="failed logins from one address in a window")
    anonymous: str = Field(
        "", description="what requests without a token may do: `search`, or `search,download`; empty: nothing"
    )
    requests_per_minute: int = Field(
        0, ge=0, description="requests of one token, or of one address without, in a minute; 0: no limit"
    )

    records: RecordsBackend = Field(RecordsBackend.SQLITE, description="where records are kept")
    blobs: BlobsBackend = Field(BlobsBackend.FILES, description="where bytes are kept")
    cache: CacheBackend = Field(CacheBackend.MEMORY, description="where ratings are cached and attempts are counted")
    jobs: JobsBackend = Field(JobsBackend.LOCAL, description="where background jobs wait")
    dynamodb_table: str | None = Field(None, description="DynamoDB table (with records=dynamodb)")
    dynamodb_endpoint_url: str | None = Field(None, description="endpoint of DynamoDB, where it is not AWS")
    dynamodb_client: DynamoClient = Field(
        DynamoClient.DIRECT,
        description="how DynamoDB is called: `direct` takes less than half the CPU, `aioboto3` all of AWS's own client",
    )
    s3_bucket: str | None = Field(None, description="S3 bucket (with blobs=s3)")
    s3_endpoint_url: str | None = Field(None, description="endpoint of S3, where it is not AWS")
    s3_public_endpoint_url: str | None = Field(None, description="endpoint of S3 as clients reach it, for signed URLs")
    cloudfront_url: str = Field(
        "",
        pattern=_HTTP_URL_OR_EMPTY,
        description="distribution in front of the bucket: downloads are redirected there; empty: to S3 itself",
    )
    cloudfront_key_id: str | None = Field(None, description="id of the public key in CloudFront (with cloudfront_url)")
    cloudfront_private_key: SecretStr | None = Field(
        None, description="private key that signs its URLs, in PEM: ECDSA on P-256 (with cloudfront_url)"
    )
    engine_patience: float = Field(1, ge=1, le=4, description="factor on the time limits of DynamoDB, S3 and Redis")
    redis_url: SecretStr | None = Field(None, description="Redis (with cache=redis or jobs=redis)")

    max_package_bytes: int = Field(5 * 1024**4, ge=1, description="largest content of a package, in bytes")
    max_inline_bytes: int = Field(16 * 1024**2, ge=1, description="largest content_base64, in bytes once decoded")
    max_json_bytes: int = Field(2 * 1024**2, ge=1024, description="largest JSON body besides content_base64, in bytes")
    max_user_bytes: int = Field(0, ge=0, description="bytes of all content that one user may store; 0: no limit")
    max_open_uploads: int = Field(100, ge=1, description="uploads in parts that one user may have open")
    upload_part_bytes: int = Field(
        8 * 1024**2, ge=64 * 1024, description="length of an upload's parts, doubled for more than a thousand"
    )
    upload_seconds: Seconds = Field(86_400, description="how long an upload in parts may stay open (S3: a day at most)")
    draft_seconds: Seconds = Field(
        7 * 86_400, description="how long a draft waits for its release before it is removed"
    )
    upload_memory_bytes: int = Field(
        256 * 1024**2,
        ge=4 * 1024**2,
        description="memory of a process for bodies on their way in, 4 MiB for each; with S3 a quarter of it, three "
        "quarters for the parts on their way there",
    )
    upload_wait_seconds: Seconds = Field(30, description="how long an upload waits for such memory before 503")
    head_seconds: Seconds = Field(
        10, description="how long a request's head may take, and a new connection be without a byte"
    )
    keep_alive_seconds: Seconds = Field(
        10, description="how long a connection may be unused between requests; more than the load balancer's idle time"
    )
    upload_idle_seconds: Seconds = Field(60, description="how long the next bytes of a body may take")
    min_body_bytes_per_second: int = Field(
        1024, ge=0, description="rate below which a body is refused after 10 s; 0: any rate"
    )
    response_idle_seconds: Seconds = Field(60, description="how long a client may leave its response unread")
    max_connections: int = Field(2000, ge=10, description="open connections of a process")
    download_memory_bytes: int = Field(
        64 * 1024**2, ge=1024**2, description="memory of a process for files on their way out: many get less each"
    )
    download_url_seconds: Seconds = Field(300, description="how long a signed download URL lives")
    idempotency_seconds: Seconds = Field(86_400, description="how long the answer to an Idempotency-Key is kept")
    archive_seconds: Seconds = Field(10, description="time for looking into one archive")
    inspection_seconds: Seconds = Field(
        60, description="time for one look of a rating at a package's content, once it is its turn"
    )
    parsing_processes: int = Field(
        2,
        ge=1,
        le=64,
        description="processes that parse what is published, at a time, for all server processes together",
    )

    text_model_url: str | None = Field(None, description="OpenAI-compatible API (…/v1) that reads claims in cards")
    text_model_key: SecretStr | None = Field(None, description="key of the text model's API")
    text_model_name: str = Field("gpt-4o-mini", description="which model of that API")
    rating_weights: dict[MetricName, Weight] = Field({}, description='as JSON, e.g. {"license": 0.3}; others: default')
    rating_workers: int = Field(2, ge=1, le=64, description="ratings made at a time by one process")
    worker_port: int = Field(
        0, ge=0, le=65535, description="port on which `registry worker` tells its health and metrics (0: any free one)"
    )
    rating_source_seconds: Seconds = Field(
        30, description="most that a rating waits for another service (GitHub never over 20, the Hub never over 15)"
    )
    rating_cache_seconds: Seconds = Field(300, description="how long Redis keeps a rating, give or take a tenth")
    rating_fresh_seconds: Seconds = Field(604_800, description="age at which a rating that is asked for is made again")
    rating_retry_seconds: Seconds = Field(60, description="first wait before a partial rating is tried again; doubles")
    rating_lease_seconds: Seconds = Field(30, description="silence after which a rating is taken from its worker")
    rating_sweep_seconds: Seconds = Field(5, description="time between looks for ratings that are due")

    require_scan: bool = Field(
        default=False, description="content is served once it has a verdict (its owner and admins need not wait)"
    )
    refuse_unscanned: bool = Field(
        default=False, description="content that could not be scanned completely is quarantined like dangerous content"
    )
    policy_file: Path | None = Field(
        None, description="TOML file with what is demanded of packages before they are served; see policy.md"
    )
    pull_through: bool = Field(
        default=False, description="Hugging Face clients get what is not here from the Hub: fetched, scanned and rated"
    )
    min_serve_score: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="net score from which Hugging Face clients are served, by the lower end of its range; unrated is 0",
    )
    scan_workers: int = Field(
        3, ge=1, le=64, description="contents scanned at a time by one process, all but one of one user's"
    )
    scan_seconds: Seconds = Field(300, description="time for scanning one content; what is left then is not scanned")
    scan_depth: int = Field(
        3, ge=1, le=10, description="how deep archives in archives are scanned, the content itself included"
    )
    scan_file_bytes: int = Field(512 * 1024**2, ge=1024, description="largest file that is scanned, in bytes")
    scan_lease_seconds: Seconds = Field(30, description="silence after which a scan is taken from its process")
    scan_sweep_seconds: Seconds = Field(1, description="time between looks for contents to scan")
    scan_again_seconds: Seconds = Field(
        10, description="time between two contents that a process scans again for a newer scanner"
    )

    manifest_seconds: Seconds = Field(
        3_600, description="most that reading the files of one archive may take; smaller ones get less"
    )

    downloads_refresh_seconds: Seconds = Field(
        3_600, description="time between two rankings of the most downloaded packages"
    )
    load_test_seconds: int = Field(
        0, ge=0, le=60, description="longest load test that an admin may start on the health page; 0: none"
    )
    sweep_interval_seconds: Seconds = Field(3_600, description="time between sweeps for bytes without a record")
    sweep_grace_seconds: int = Field(86_400, ge=0, description="age under which such bytes are left alone")
    scrub_interval_seconds: int = Field(0, ge=0, description="time between hashing all content again; 0: never")
    allow_private_targets: bool = Field(
        default=False, description="ingest and webhooks may reach private and loopback hosts"
    )

    webhook_timeout_seconds: Seconds = Field(10, description="how long a webhook's receiver may take to answer")
    max_webhooks: int = Field(100, ge=1, le=1000, description="most webhooks that may be registered")
    github_api_url: str = Field(
        "https://api.github.com",
        pattern=_HTTP_URL_OR_EMPTY,
        description="GitHub's API for ingest and ratings; empty: not asked",
    )
    github_token: SecretStr | None = Field(
        None, description="token for GitHub: 5,000 requests an hour instead of 60, own repositories"
    )
    huggingface_url: str = Field(
        "https://huggingface.co",
        pattern=_HTTP_URL_OR_EMPTY,
        description="the Hugging Face Hub, as above; empty: not asked",
    )
    huggingface_token: SecretStr | None = Field(
        None, description="token for the Hugging Face Hub: what is gated for it"
    )
    min_ingest_score: float = Field(
        0,
        ge=0,
        le=1,
        description="lower end of a score's range below which a package fetched from a URL is refused; 0: off",
    )
    upstream_head_seconds: Seconds = Field(30, description="most that another server's answer may take to begin")
    upstream_idle_seconds: Seconds = Field(
        20, description="silence, or lack of speed, that is borne in the body of another server's answer"
    )
    upstream_min_bytes_per_second: int = Field(
        1024, ge=1, description="least rate of such a body; below, after that time, the answer is given up"
    )
    ingest_seconds: Seconds = Field(
        21_600, description="most that fetching one package from a URL may take, waits and tries included"
    )
    ingest_concurrent: int = Field(8, ge=1, le=1000, description="packages that one process fetches at a time")
    ingest_concurrent_per_user: int = Field(2, ge=1, le=1000, description="of these, most of one user")
    ingest_lease_seconds: Seconds = Field(
        120, description="silence after which a fetch counts as dead and another process takes it over"
    )

    leave_seconds: int = Field(
        0,
        ge=0,
        description="after SIGTERM, how long requests are still taken while /health/ready is 503, so that load "
        "balancers notice",
    )
    stop_seconds: Seconds = Field(
        30, description="how long requests under way may take after that before they are cut off by 503"
    )

    cloudwatch_namespace: str = Field(
        "",
        pattern=r"^([A-Za-z0-9._/#:-]{1,255})?$",
        description="namespace under which the metrics are written to stdout once a minute, in CloudWatch's embedded "
        "metric format; empty: they are not",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["auto", "console", "json"] = Field("auto", description="auto: console on a terminal, else json")
    log_requests: bool = Field(default=False, description="one log line for every request (68 µs each)")

    @field_validator("anonymous")
    @classmethod
    def _only_reads(cls, text: str) -> str:
        words = {word.strip() for word in text.split(",") if word.strip()}
        if words not in _ANONYMOUS:
            raise ValueError("give search, or search,download, or nothing")
        return text

    @field_validator("jwt_secret", "audit_key", "receipt_key")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < _MIN_SECRET_LENGTH:
            raise ValueError(f"give at least {_MIN_SECRET_LENGTH} characters, e.g. from: openssl rand -hex 32")
        return secret

    @field_validator("receipt_keys_retired")
    @classmethod
    def _only_keys(cls, text: str) -> str:
        if text:
            try:
                read_keys(text)
            except InvalidInput as error:
                raise ValueError(str(error)) from None
        return text

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

    @property
    def anonymous_permissions(self) -> frozenset[Permission]:
        """The permissions of a request without a token."""
        return frozenset(Permission(word.strip()) for word in self.anonymous.split(",") if word.strip())

    @property
    def embedded(self) -> bool:
        """Whether the records live in the data folder, where a key and a password may be generated and kept."""
        return self.records is RecordsBackend.SQLITE

    @property
    def keeps_files(self) -> bool:
        """Whether anything is kept in the data folder."""
        return self.embedded or self.blobs is BlobsBackend.FILES or self.cache is CacheBackend.MEMORY


def load_settings(**overrides: object) -> Settings:
    """Read the settings once. Raises SettingsError with one line per mistake, unknown names included."""
    known = set(Settings.model_fields)
    problems = []
    for variable in sorted({*os.environ, *dotenv_values(ENV_FILE)}):
        name = variable.upper().removeprefix(PREFIX)
        if variable.upper().startswith(PREFIX) and name.lower() not in known and name not in _FOREIGN_NAMES:
            nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
            hint = f"; did you mean {PREFIX}{nearest[0].upper()}?" if nearest else "; see: registry settings"
            problems.append(f"{variable} is not a setting{hint}")
    if problems:
        raise SettingsError("\n".join(problems))
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = []
        for mistake in error.errors():
            place = "".join(f"{PREFIX}{str(part).upper()}: " for part in mistake["loc"][:1])
            lines.append(place + mistake["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from None


def _shown(annotation: object) -> str:
    choices = [*typing.get_args(annotation)] if isinstance(annotation, types.UnionType) else [annotation]
    enums = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, StrEnum)]
    return " (" + ", ".join(enums[0]) + ")" if enums else ""


def describe(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Rows of (name, default, value, meaning); secrets are masked."""
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        text = "" if value is None else str(value)
        default = "" if field.default is None else str(field.default)
        rows.append((PREFIX + name.upper(), default, text, f"{field.description}{_shown(field.annotation)}"))
    return rows
