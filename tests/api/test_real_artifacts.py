"""Real artifacts go in and come out byte for byte: a model of 90 MB, a wheel, a source distribution."""

import zipfile
from pathlib import Path

import httpx
import pytest

from tests.api.archives import zipped
from tests.api.artifacts import MODEL, SOURCE, WHEEL, fetched
from tests.api.support import JsonObject, Person, digest_field, fetch, metadata, sha256_hex


@pytest.fixture(scope="session")
def model_wheel() -> Path:
    return fetched(MODEL, "--only-binary", ":all:")


@pytest.fixture(scope="session")
def model_archive(model_wheel: Path) -> bytes:
    """The model's own folder out of the wheel, zipped up the same way each time."""
    with zipfile.ZipFile(model_wheel) as wheel:
        (config,) = [
            name for name in wheel.namelist() if name.endswith("/config.json") and b"BertModel" in wheel.read(name)
        ]
        folder = config.removesuffix("config.json")
        names = sorted(name for name in wheel.namelist() if name.startswith(folder) and not name.endswith("/"))
        return zipped({name.removeprefix(folder): wheel.read(name) for name in names})


def round_trip(person: Person, content: bytes, filename: str, media_type: str, described: JsonObject) -> JsonObject:
    """Publish by a real multipart encoder and download again; the package as it is read back."""
    answer = person.client.post(
        "/package",
        files=[
            ("metadata", (None, httpx_json(described), "application/json")),
            ("content", (filename, content, media_type)),
        ],
    )
    assert answer.status_code == 201, answer.text
    package = answer.json()
    assert package["content"]["size"] == len(content)
    assert package["content"]["sha256"] == sha256_hex(content)
    assert package["content"]["filename"] == filename
    got = person.client.get(package["content"]["url"], follow_redirects=True)
    assert got.status_code == 200
    assert got.content == content
    head = person.client.head(package["content"]["url"], params={"redirect": "false"})
    assert digest_field(content) in head.headers["repr-digest"]
    return fetch(person.client, package)


def httpx_json(described: JsonObject) -> bytes:
    return httpx.Request("POST", "http://x", json=described).read()


def test_wheel(publisher: Person) -> None:
    path = fetched(WHEEL, "--only-binary", ":all:")
    round_trip(publisher, path.read_bytes(), path.name, "application/zip", metadata(type="code", version="25.0.0"))


def test_source_distribution(publisher: Person) -> None:
    path = fetched(SOURCE, "--no-binary", ":all:")
    described = metadata(type="code", version="2.2.1")
    package = round_trip(publisher, path.read_bytes(), path.name, "application/gzip", described)
    assert "tomli" in package["readme"]
    assert package["license"] == "MIT"


def test_wheel_that_holds_a_model(publisher: Person, model_wheel: Path) -> None:
    content = model_wheel.read_bytes()
    assert len(content) > 50_000_000
    round_trip(publisher, content, model_wheel.name, "application/zip", metadata(version="0.1.0"))


def test_model_folder(publisher: Person, model_archive: bytes) -> None:
    name = metadata()["name"]
    described = metadata(name=f"sentence-transformers/{name}", tags=["sentence-similarity"])
    package = round_trip(publisher, model_archive, "all-MiniLM-L6-v2.zip", "application/zip", described)
    assert "all-MiniLM-L6-v2" in package["readme"]
    assert package["license"].lower() == "apache-2.0"


def test_resumed_download_of_the_model(publisher: Person, model_wheel: Path) -> None:
    content = model_wheel.read_bytes()
    package = round_trip(publisher, content, model_wheel.name, "application/zip", metadata())
    path, half = f"/package/{package['id']}/content", len(content) // 2
    tag = publisher.client.head(path, params={"redirect": "false"}).headers["etag"]
    rest = publisher.client.get(
        path, headers={"Range": f"bytes={half}-", "If-Range": tag}, params={"redirect": "false"}
    )
    assert rest.status_code == 206
    assert content[:half] + rest.content == content
