"""Ratings and the parsing of what they need."""

from pydantic import BaseModel, Field, SecretStr

from registry.domain.ratings import MetricName
from registry.settings.choices import Seconds, Weight


class RatingSettings(BaseModel):
    """How packages are rated."""

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
        0,
        ge=0,
        le=65535,
        description="port on which `registry worker` reports its health and metrics (0: any free one)",
    )
    rating_source_seconds: Seconds = Field(
        30, description="most that a rating waits for another service (GitHub never over 20, the Hub never over 15)"
    )
    rating_cache_seconds: Seconds = Field(300, description="how long Redis keeps a rating, give or take a tenth")
    rating_fresh_seconds: Seconds = Field(604_800, description="age at which a rating that is asked for is made again")
    rating_retry_seconds: Seconds = Field(60, description="first wait before a partial rating is tried again; doubles")
    rating_lease_seconds: Seconds = Field(30, description="silence after which a rating is taken from its worker")
    rating_sweep_seconds: Seconds = Field(5, description="time between looks for ratings that are due")
