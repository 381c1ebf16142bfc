"""Services on the network that the registry calls."""

from pydantic import BaseModel, Field, SecretStr

from registry.settings.choices import HttpUrlOrEmpty, Seconds


class SourceSettings(BaseModel):
    """Other services: those that packages are fetched from or rated by, and receivers of webhooks."""

    allow_private_targets: bool = Field(
        default=False, description="ingest and webhooks may reach private and loopback hosts"
    )
    webhook_timeout_seconds: Seconds = Field(10, description="how long a webhook's receiver may take to answer")
    max_webhooks: int = Field(100, ge=1, le=1000, description="most webhooks that may be registered")
    github_api_url: HttpUrlOrEmpty = Field(
        "https://api.github.com",
        description="GitHub's API for ingest and ratings; empty: not asked",
    )
    github_token: SecretStr | None = Field(
        None, description="token for GitHub: 5,000 requests an hour instead of 60, own repositories"
    )
    huggingface_url: HttpUrlOrEmpty = Field(
        "https://huggingface.co",
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
