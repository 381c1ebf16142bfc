"""POST /package: the forms of its body, what is answered, and what is refused."""

import re

import httpx
import pytest

from tests.api.support import (
    TIMESTAMP,
    JsonObject,
    Person,
    fetch,
    invalid,
    listed,
    metadata,
    multipart,
    problem,
    publish,
    send_package,
    sha256_hex,
    unique,
)

ID = re.compile(r"[A-Za-z0-9-]{1,64}")
MEMBERS = {
    "id", "name", "version", "type", "status", "description", "license", "tags", "source_url", "dependencies",
    "content", "revision", "created_by", "created_at", "updated_at",
}  # fmt: skip


@pytest.mark.parametrize("form", ["multipart", "json"])
def test_answer_is_201_with_location_and_package(publisher: Person, form: str) -> None:
    described = metadata(description="A small model", license="MIT", tags=["nlp", "tiny"])
    if form == "multipart":
        answer = send_package(publisher.client, described, b"bytes")
    else:
        answer = publisher.client.post("/package", json={**described, "content_base64": "Ynl0ZXM="})
    assert answer.status_code == 201, answer.text
    package = answer.json()
    assert httpx.URL(answer.headers["location"]).path == f"/package/{package['id']}"
    assert set(package) >= MEMBERS
    assert {key: package[key] for key in described} == described
    assert (package["status"], package["revision"], package["created_by"]) == ("active", 1, publisher.name)
    assert package["content"]["size"] == 5
    assert package["content"]["sha256"] == sha256_hex(b"bytes")
    assert package["content"]["url"] == f"/package/{package['id']}/content"
    assert publisher.client.get(answer.headers["location"]).json()["id"] == package["id"]
    assert publisher.client.get(package["content"]["url"], follow_redirects=True).content == b"bytes"


def test_absent_members_take_their_defaults(package: JsonObject) -> None:
    assert (package["description"], package["license"], package["tags"]) == ("", None, [])
    assert (package["source_url"], package["dependencies"]) == (None, [])


def test_all_metadata_comes_back(publisher: Person) -> None:
    members: JsonObject = {
        "description": "Line one\nline two",
        "license": "Apache-2.0 OR MIT",
        "tags": ["nlp", "text-classification"],
        "source_url": "https://huggingface.co/google-bert/bert-base-uncased",
        "dependencies": [{"relation": "base_model", "name": "google-bert/bert-base", "version": "^1.0.0", "id": None}],
    }
    package = publish(publisher.client, readme="# Title\n\n| a | b |", **members)
    found = fetch(publisher.client, package)
    assert {key: found[key] for key in members} == members
    assert found["readme"] == "# Title\n\n| a | b |"


def test_file_name_and_media_type_come_from_the_part(publisher: Person) -> None:
    package = publish(publisher.client, b"x", filename="weights.safetensors", media_type="application/x-weights")
    assert package["content"]["filename"] == "weights.safetensors"
    assert package["content"]["media_type"] == "application/x-weights"


def test_ids_and_times_have_their_form(publisher: Person) -> None:
    packages = [publish(publisher.client) for _ in range(5)]
    identities = [package["id"] for package in packages]
    assert all(ID.fullmatch(identity) for identity in identities)
    assert all(identity.replace("-", "")[12] == "7" for identity in identities), "UUIDv7 has the version in digit 13"
    assert sorted(identities) == identities
    for package in packages:
        assert TIMESTAMP.fullmatch(package["created_at"])
        assert package["updated_at"] == package["created_at"]


def test_leading_v_is_stripped(publisher: Person) -> None:
    assert publish(publisher.client, version="v1.2.3-rc.1+build.5")["version"] == "1.2.3-rc.1+build.5"


@pytest.mark.parametrize("kind", ["model", "dataset", "code"])
def test_types(publisher: Person, kind: str) -> None:
    assert publish(publisher.client, type=kind)["type"] == kind


def test_same_name_and_version_may_exist_once_for_each_type(publisher: Person) -> None:
    name = unique()
    packages = [publish(publisher.client, name=name, type=kind) for kind in ("model", "dataset", "code")]
    assert len({package["id"] for package in packages}) == 3


@pytest.mark.parametrize("version", ["1.0.0", "v1.0.0"])
def test_taken_is_409_that_names_the_other(
    publisher: Person, stranger: Person, package: JsonObject, version: str
) -> None:
    described = metadata(name=package["name"], version=version)
    for client in (publisher.client, stranger.client):
        document = problem(send_package(client, described), 409, slug="package-exists")
        assert package["id"] in document.values() or package["id"] in document["detail"]


def test_build_metadata_distinguishes_versions(publisher: Person) -> None:
    name = unique()
    for version in ("1.0.0", "1.0.0+a", "1.0.0+b"):
        assert publish(publisher.client, name=name, version=version)["version"] == version


def test_content_before_metadata_is_refused(publisher: Person) -> None:
    described = metadata()
    body, headers = multipart(described)
    edge = b"--registry-test-boundary\r\n"
    _, first, second = body.split(edge)
    second, end = second.split(b"--registry-test-boundary--")
    turned = edge + second + edge + first + b"--registry-test-boundary--" + end
    problem(publisher.client.post("/package", content=turned, headers=headers), 400, 422)
    assert listed(publisher.client, name=described["name"]) == []


def test_truncated_multipart_leaves_nothing(publisher: Person) -> None:
    described = metadata()
    body, headers = multipart(described, b"x" * 10_000)
    problem(publisher.client.post("/package", content=body[:-50], headers=headers), 400, 422)
    assert listed(publisher.client, name=described["name"]) == []
    assert send_package(publisher.client, described).status_code == 201


def test_second_content_part_is_refused(publisher: Person) -> None:
    described = metadata()
    body, headers = multipart(described)
    edge = b"--registry-test-boundary\r\n"
    _, first, second = body.split(edge)
    content = second.split(b"--registry-test-boundary--")[0]
    doubled = edge + first + edge + content + edge + content + b"--registry-test-boundary--\r\n"
    problem(publisher.client.post("/package", content=doubled, headers=headers), 400, 422)
    assert listed(publisher.client, name=described["name"]) == []


@pytest.mark.parametrize("media_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_multipart_without_boundary_is_refused(publisher: Person, media_type: str) -> None:
    body, _ = multipart(metadata())
    problem(publisher.client.post("/package", content=body, headers={"Content-Type": media_type}), 400, 415, 422)


def test_body_without_any_part_is_refused(publisher: Person) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=abc"}
    problem(publisher.client.post("/package", content=b"--abc--\r\n", headers=headers), 400, 422)


def test_malformed_json_in_the_metadata_part_is_400(publisher: Person) -> None:
    body, headers = multipart(b"{'name': ")
    problem(publisher.client.post("/package", content=body, headers=headers), 400)


@pytest.mark.parametrize("text", ["not base64!", "AAA", "AA=A", "====", "\u00e9"])
def test_bad_base64_is_422(publisher: Person, text: str) -> None:
    invalid(publisher.client.post("/package", json=metadata(content_base64=text)), "/content_base64")


def test_binary_content_comes_back_byte_for_byte(publisher: Person) -> None:
    content = bytes(range(256)) * 5000 + b"\r\n--registry-test-boundar\r\n--\r\n"
    package = publish(publisher.client, content)
    assert package["content"]["size"] == len(content)
    assert publisher.client.get(package["content"]["url"], follow_redirects=True).content == content


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "10.0.0.1", "[::1]:1", "169.254.169.254", "0x7f.1"])
def test_ingest_from_a_private_host_is_refused(publisher: Person, host: str) -> None:
    described = metadata(source_url=f"http://{host}/model.bin")
    problem(publisher.client.post("/package", json=described), 422)
    assert listed(publisher.client, name=described["name"], status="pending") == []
