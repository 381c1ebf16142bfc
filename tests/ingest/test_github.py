"""Repositories on GitHub, fetched as the zip of one commit."""

import httpx
import pytest

from tests.api.support import download, sha256_hex, unique
from tests.ingest.conftest import GITHUB_TOKEN, ingested
from tests.upstreams.repositories import github_pages, github_zip
from tests.upstreams.server import Upstreams

SHA = "1f0c9d8e7b6a5f4e3d2c1b0a9f8e7d6c5b4a3f2e"
FILES = {"README.md": b"# Tiny\n\nTrains small models.\n", "src/tiny.py": b"print()\n"}


@pytest.mark.parametrize(
    ("rest", "ref"), [("", "main"), (".git", "main"), ("/tree/v1.0", "v1.0"), ("/tree/feature/x", "feature/x")]
)
def test_a_repository_comes_at_one_commit(
    client: httpx.Client, upstreams: Upstreams, cdn: Upstreams, rest: str, ref: str
) -> None:
    name = unique("octo/tiny")
    archive = github_zip(name, SHA, FILES)
    members = {
        "description": "Trains small models",
        "topics": ["nlp", "tiny"],
        "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"},
    }
    upstreams.pages |= github_pages(name, archive, ref=ref, sha=SHA, archive_url=cdn.base_url, **members)
    cdn.pages |= github_pages(name, archive, ref=ref, sha=SHA, archive_url="")
    package = ingested(client, f"https://github.com/{name}{rest}", type="code")
    assert package["status"] == "active", package
    assert package["description"] == "Trains small models"
    assert (package["license"], package["tags"]) == ("MIT", ["nlp", "tiny"])
    assert package["readme"] == FILES["README.md"].decode()
    assert package["content"]["filename"] == f"{name.rpartition('/')[2]}-{SHA}.zip"
    assert package["content"]["sha256"] == sha256_hex(archive)
    assert download(client, package).content == archive
    asked = [headers for _, path, headers, _ in upstreams.requests if name in path]
    assert {headers.get("authorization") for headers in asked} == {f"Bearer {GITHUB_TOKEN}"}
    followed = [headers for _, path, headers, _ in cdn.requests if name in path]
    assert followed
    assert not any("authorization" in headers for headers in followed)


def test_the_license_s_text_outweighs_what_github_makes_of_it(client: httpx.Client, upstreams: Upstreams) -> None:
    name = unique("octo/tiny")
    card = b"---\nlicense: cc-by-4.0\n---\n# Tiny\n"
    archive = github_zip(name, SHA, {"README.md": card})
    stated = {"key": "other", "name": "Other", "spdx_id": "NOASSERTION"}
    upstreams.pages |= github_pages(
        name, archive, ref="main", sha=SHA, archive_url=upstreams.base_url, license=stated, description=None
    )
    package = ingested(client, f"https://github.com/{name}")
    assert (package["status"], package["license"], package["description"]) == ("active", "CC-BY-4.0", "")


def test_a_repository_that_is_not_there_says_so(client: httpx.Client) -> None:
    name = unique("octo/none")
    package = ingested(client, f"https://github.com/{name}")
    assert package["status"] == "failed"
    assert package["status_reason"] == f"GitHub has nothing at /github/repos/{name}"
    assert package["content"] is None


@pytest.mark.parametrize("body", [b"", b"<!doctype html><title>Sign in</title>"], ids=["nothing", "HTML"])
def test_what_is_no_zip_is_not_published(client: httpx.Client, upstreams: Upstreams, body: bytes) -> None:
    name = unique("octo/tiny")
    upstreams.pages |= github_pages(name, body, ref="main", sha=SHA, archive_url=upstreams.base_url)
    package = ingested(client, f"https://github.com/{name}")
    assert (package["status"], package["content"]) == ("failed", None)
    assert package["status_reason"] == "GitHub answered with something that is no zip"
