"""POST /package/{id}/license-check."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.api.archives import zipped
from tests.api.conftest import ServerFactory
from tests.api.support import JsonObject, Person, invalid, log_in, problem, publish
from tests.api.test_archives import publish_archive
from tests.api.upstreams import settings_for, upstreams_beside
from tests.unit.archives import MIT_TEXT
from tests.upstreams.server import Fault


def check(client: httpx.Client, package: JsonObject, **body: Any) -> httpx.Response:
    return client.post(f"/package/{package['id']}/license-check", json=body)


@pytest.mark.parametrize(
    ("package_license", "project_license", "compatible"),
    [
        ("MIT", "GPL-3.0-only", True),
        ("GPL-3.0-only", "MIT", False),
        ("MIT OR GPL-3.0-only", "Apache-2.0", True),
        (None, "MIT", False),
    ],
)
def test_licenses_are_compared(
    publisher: Person, package_license: str | None, project_license: str, *, compatible: bool
) -> None:
    package = publish(publisher.client, license=package_license)
    answer = check(publisher.client, package, license=project_license)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["compatible"] is compatible
    assert (found["package_license"], found["project_license"]) == (package_license, project_license)
    assert found["reason"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"license": "MIT", "url": "https://github.com/octo/tiny"}, "/url"),
        ({"url": "https://example.org/octo/tiny"}, "/url"),
        ({"url": "https://github.com/octo"}, "/url"),
        ({"license": ""}, "/license"),
        ({"licence": "MIT"}, "/licence"),
    ],
)
def test_what_names_no_project_is_refused(
    publisher: Person, package: JsonObject, body: JsonObject, pointer: str
) -> None:
    invalid(check(publisher.client, package, **body), pointer)


def test_a_host_that_is_not_asked_is_told(publisher: Person, package: JsonObject) -> None:
    problem(check(publisher.client, package, url="https://github.com/octo/tiny"), 502, slug="source-failed")


def test_a_projects_license_is_read_from_its_host(start: ServerFactory) -> None:
    with upstreams_beside() as upstreams:
        server = start(**settings_for(upstreams))
        person = log_in(server.url, server.admin_name, server.admin_password)
        with person.client as client:
            package = publish(client, license="MIT")
            for url, license_there in (
                ("https://github.com/octo/tiny", "MIT"),
                ("https://huggingface.co/org/tiny", "Apache-2.0"),
            ):
                answer = check(client, package, url=url)
                assert answer.status_code == 200, answer.text
                assert answer.json()["project_license"] == license_there
            problem(check(client, package, url="https://github.com/octo/nothing-here"), 502, slug="source-failed")
            upstreams.faults["/github"] = Fault.NONSENSE
            problem(check(client, package, url="https://github.com/octo/other"), 502, slug="source-failed")


def test_who_may_check(only: Mapping[str, Person], anonymous: httpx.Client, package: JsonObject) -> None:
    problem(check(anonymous, package, license="MIT"), 401)
    problem(check(only["upload"].client, package, license="MIT"), 403)
    problem(check(only["search"].client, {"id": "0193"}, license="MIT"), 404)


def test_the_archive_is_evidence_too(publisher: Person) -> None:
    files = {"LICENSE": MIT_TEXT.encode() + b"\nYou may not use this commercially.\n", "tiny.py": b"x = 1\n"}
    package = publish_archive(publisher, zipped(files), license="MIT")
    assert package["license"] == "MIT"
    found = check(publisher.client, package, license="MIT").json()
    assert (found["compatible"], found["package_license"]) == (False, None)
    assert "contradiction" in found["reason"]
    rating = publisher.client.get(f"/package/{package['id']}/rate", params={"wait": 30}).json()
    assert rating["metrics"]["license"]["score"] == 0.0
    assert "contradiction" in rating["metrics"]["license"]["evidence"]


def test_an_archive_that_agrees_is_no_contradiction(publisher: Person) -> None:
    package = publish_archive(publisher, zipped({"LICENSE": MIT_TEXT.encode(), "tiny.py": b"x = 1\n"}), license="MIT")
    found = check(publisher.client, package, license="Apache-2.0").json()
    assert (found["compatible"], found["package_license"]) == (True, "MIT")
    assert "contradiction" not in found["reason"]
