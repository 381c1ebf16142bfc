"""The server process."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from registry.settings.choices import HttpUrlOrEmpty, Seconds


class ServerSettings(BaseModel):
    """The process, its connections and its log."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(1, ge=1, le=64, description="server processes")
    forwarded_allow_ips: str = Field("127.0.0.1", description="proxies whose X-Forwarded-For is believed, by commas")
    client_address_header: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]{0,64}$",
        description="header that holds the client's address and port, as `CloudFront-Viewer-Address` does; only where "
        "every request comes from a proxy that sets it; empty: X-Forwarded-For as above",
    )
    data_dir: Path = Field(
        Path("./registry-data"), description="folder of the embedded stores, and of the search index"
    )
    max_json_bytes: int = Field(2 * 1024**2, ge=1024, description="largest JSON body besides content_base64, in bytes")
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
    search_ready_seconds: int = Field(
        900,
        ge=0,
        description="after a start, how long /health/ready is 503 while the search index is filled and searches are "
        "refused; after that, and whenever it is filled again later, the process is ready without it; 0: at once",
    )
    search_snapshot_seconds: int = Field(
        21_600,
        ge=0,
        description="with records in DynamoDB, time between snapshots of the search index in the blob store, from "
        "which new hosts take theirs; 0: none, each host fills its own",
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
    otlp_url: HttpUrlOrEmpty = Field(
        "",
        description="OpenTelemetry collector (OTLP over HTTP), e.g. `http://localhost:4318`: traces of requests, store "
        "calls and jobs are sent there; needs the extra `tracing`; empty: none are made",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["auto", "console", "json"] = Field("auto", description="auto: console on a terminal, else json")
    log_requests: bool = Field(default=False, description="one log line for every request (68 µs each)")
