"""Scans, policy and what may be served."""

from pathlib import Path

from pydantic import BaseModel, Field

from registry.settings.choices import Seconds


class SafetySettings(BaseModel):
    """What is scanned, and what is served."""

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
