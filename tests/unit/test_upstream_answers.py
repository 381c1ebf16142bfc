"""What a service's answer may say where it becomes a part of an address, or of an archive."""

import pytest

from registry.adapters.outbound.answers import path
from registry.adapters.outbound.huggingface_listing import listed_files
from registry.domain.errors import SourceFailed

ELSEWHERE = ["../../api/whoami", "/etc", "org/../x", "org//x", "a\\b", "a\nb", "a\0b", ".", "..", "a/", "\u202ea"]


@pytest.mark.parametrize("value", ["main", "org/name", "feature/x.y-z", "größe"])
def test_a_path_is_taken_as_it_is(value: str) -> None:
    assert path({"id": value}, "id") == value


@pytest.mark.parametrize("value", [*ELSEWHERE, "", None, 5, ["a"], "x" * 3_000])
def test_a_path_that_leads_elsewhere_is_refused(value: object) -> None:
    with pytest.raises(SourceFailed):
        path({"id": value}, "id")


@pytest.mark.parametrize("value", ELSEWHERE)
def test_a_file_with_such_a_path_is_refused(value: str) -> None:
    with pytest.raises(SourceFailed, match="bad path"):
        listed_files({"siblings": [{"rfilename": value, "size": 1, "blobId": "a" * 40}]})
