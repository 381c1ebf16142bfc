"""Badges with the net score."""

import xml.etree.ElementTree as ET

import pytest

from tests.api.support import Person, eventually, problem, publish, unique

SVG = "{http://www.w3.org/2000/svg}"


def texts(image: str) -> list[str | None]:
    return [element.text for element in ET.fromstring(image).iter(f"{SVG}text")]  # noqa: S314 - our own answer


def test_the_net_score_of_the_latest_version(publisher: Person) -> None:
    name = f"acme/{unique()}"
    publish(publisher.client, name=name, version="1.0.0", license="MIT")
    package = publish(publisher.client, name=name, version="2.0.0")
    publish(publisher.client, name=name, version="3.0.0-rc.1")
    path = f"/badge/model/{name}.svg"
    answer = publisher.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")

    rating = publisher.client.get(f"/package/{package['id']}/rate", params={"wait": 30}).json()
    eventually(lambda: texts(publisher.client.get(path).text) == ["net score", f"{rating['net_score']:.2f}"])
    answer = publisher.client.get(path)
    unchanged = publisher.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert publisher.client.patch(f"/package/{package['id']}", json={"status": "deprecated"}).status_code == 200
    assert publisher.client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/badge/model/nothing-by-this-name.svg", "/badge/dataset/x/y.svg", "/badge/model/x"])
def test_no_such_name(publisher: Person, path: str) -> None:
    problem(publisher.client.get(path), 404)


def test_no_such_type(publisher: Person) -> None:
    problem(publisher.client.get("/badge/film/x.svg"), 422)
