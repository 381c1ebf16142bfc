"""What is refused before anything starts, and what passes."""

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from registry.adapters.s3.bucket import ABANDONED_DAYS
from registry.settings import BlobsBackend, Settings, SettingsError, load_settings

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
DAY_SECONDS = 86_400


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file `.env` of the current folder, yet to be written; nothing else sets anything."""
    for name in os.environ:
        if name.startswith("REGISTRY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def test_unknown_name_is_refused_with_the_nearest(env_file: Path) -> None:
    env_file.write_text("REGISTRY_PROT=8001\n")
    with pytest.raises(SettingsError, match="REGISTRY_PROT is not a setting; did you mean REGISTRY_PORT"):
        load_settings()


def test_file_may_be_shared_with_docker_compose(env_file: Path) -> None:
    used = set(re.findall(r"\$\{(REGISTRY_\w+)", COMPOSE.read_text()))
    own = {name for name in used if name.removeprefix("REGISTRY_").lower() not in Settings.model_fields}
    assert own
    env_file.write_text("".join(f"{name}=7071\n" for name in own) + "REGISTRY_PORT=8001\n")
    assert load_settings().port == 8001


def with_s3(upload_seconds: int) -> Settings:
    return Settings(blobs=BlobsBackend.S3, s3_bucket="any", upload_seconds=upload_seconds)


@pytest.mark.usefixtures("env_file")
def test_uploads_are_open_no_longer_than_the_bucket_keeps_them() -> None:
    longest = ABANDONED_DAYS * DAY_SECONDS
    assert with_s3(longest).upload_seconds == longest
    with pytest.raises(ValidationError, match="REGISTRY_UPLOAD_SECONDS: S3 ends open uploads after a day"):
        with_s3(longest + 1)
    assert Settings(upload_seconds=longest + 1).upload_seconds == longest + 1
