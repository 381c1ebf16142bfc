"""Publishing, storing and downloading packages."""

from pydantic import BaseModel, Field

from registry.settings.choices import Seconds


class PackageSettings(BaseModel):
    """How large packages may be, how they are uploaded, and how long what goes with them is kept."""

    max_package_bytes: int = Field(5 * 1024**4, ge=1, description="largest content of a package, in bytes")
    max_inline_bytes: int = Field(16 * 1024**2, ge=1, description="largest content_base64, in bytes once decoded")
    max_user_bytes: int = Field(0, ge=0, description="bytes of all content that one user may store; 0: no limit")
    max_open_uploads: int = Field(100, ge=1, description="uploads in parts that one user may have open")
    upload_part_bytes: int = Field(
        8 * 1024**2, ge=64 * 1024, description="length of an upload's parts, doubled for more than a thousand"
    )
    upload_seconds: Seconds = Field(86_400, description="how long an upload in parts may stay open (S3: a day at most)")
    draft_seconds: Seconds = Field(
        7 * 86_400, description="how long a draft waits for its release before it is removed"
    )
    download_url_seconds: Seconds = Field(300, description="how long a signed download URL lives")
    idempotency_seconds: Seconds = Field(86_400, description="how long the answer to an Idempotency-Key is kept")
    manifest_seconds: Seconds = Field(
        3_600, description="most that reading the files of one archive may take; smaller ones get less"
    )
    load_test_seconds: int = Field(
        0, ge=0, le=60, description="longest load test that an admin may start on the health page; 0: none"
    )
    downloads_refresh_seconds: Seconds = Field(
        3_600, description="time between two rankings of the most downloaded packages"
    )
    sweep_interval_seconds: Seconds = Field(
        3_600, description="time between sweeps for expired records, and for new bytes without a record"
    )
    full_sweep_interval_seconds: Seconds = Field(
        86_400, description="time after which a sweep looks at all bytes, not only those written since the last one"
    )
    sweep_grace_seconds: int = Field(86_400, ge=0, description="age under which such bytes are left alone")
    scrub_interval_seconds: int = Field(0, ge=0, description="time between hashing all content again; 0: never")
