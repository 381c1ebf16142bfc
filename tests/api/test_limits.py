"""Limits of single fields, and text in every script."""

import pytest

from tests.api.support import (
    JsonObject,
    Person,
    fetch,
    ids,
    invalid,
    json_package,
    listed,
    problem,
    publish,
    send_package,
    unique,
)

README_BYTES = 256 * 1024
TEXTS = [
    "Ein Modell für Übersetzung – größer als ß",
    "模型：文本分类",
    "모델 설명",
    "نموذج لغوي",
    "🤖👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301 is not \u00e9",
    "\u202eright to left",
    "a\u2028b\u2029c\x7f",
    "\U0001f600" * 50,
    "tab\tand\nnewline",
    '"quotes" \\backslash\\ </script>',
    "\ufeffbom",
]


def named(name: str) -> JsonObject:
    return json_package(name=name)


def test_name_of_200_characters(publisher: Person) -> None:
    name = unique("n").ljust(200, "x")
    package = publish(publisher.client, name=name)
    assert package["name"] == name
    assert ids(listed(publisher.client, name=name)) == [package["id"]]


def test_name_of_one_character_is_good(admin: Person) -> None:
    answer = admin.client.post("/package", json=json_package(name="~", version=f"1.0.0-{unique()}"))
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("name", ["a b", "google-bert/bert-base-uncased", "*a*", "**", "!~", "a/../b", "%2e", "a\\b"])
def test_printable_names_are_good(publisher: Person, name: str) -> None:
    answer = publisher.client.post("/package", json=json_package(name=name, version=f"1.0.0-{unique()}"))
    assert answer.status_code == 201, answer.text
    assert fetch(publisher.client, answer.json())["name"] == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "*", " a", "a ", "a\n", "\na", "a\tb", "a\0b", "a\x7fb", "x" * 201, "naïve", "模型", "a\u00a0b", "🤖"],
    ids=lambda name: ascii(name)[:16],
)
def test_bad_names_are_422(publisher: Person, name: str) -> None:
    invalid(publisher.client.post("/package", json=named(name)), "/name")


@pytest.mark.parametrize("value", [None, 5, 1.5, True, [], {}])
@pytest.mark.parametrize("member", ["name", "version", "type"])
def test_members_that_are_no_text_are_422(publisher: Person, member: str, value: object) -> None:
    invalid(publisher.client.post("/package", json={**json_package(), member: value}), f"/{member}")


@pytest.mark.parametrize("unit", ["a", "é", "模"])
def test_readme_of_256_kib(publisher: Person, unit: str) -> None:
    width = len(unit.encode())
    readme = unit * (README_BYTES // width)
    package = publish(publisher.client, readme=readme)
    assert fetch(publisher.client, package)["readme"] == readme
    answer = publisher.client.post("/package", json=json_package(readme=readme + unit * width))
    invalid(answer, "/readme")
    path = f"/package/{package['id']}"
    invalid(publisher.client.patch(path, json={"readme": readme + unit * width}), "/readme")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("tags", ["x" * 100_000]),
        ("tags", [f"tag-{number}" for number in range(50_000)]),
        ("tags", ["a", None]),
        ("tags", ["a", ["b"]]),
        ("license", "x" * 100_000),
        ("source_url", "https://example.org/" + "x" * 100_000),
        ("source_url", "ftp://example.org/x"),
        ("source_url", "javascript:alert(1)"),
        (
            "dependencies",
            [{"relation": "r", "name": f"n{number}", "version": None, "id": None} for number in range(50_000)],
        ),
        ("dependencies", [{"relation": "base_model", "name": "x" * 100_000, "version": None, "id": None}]),
        ("dependencies", [{"relation": "base_model", "name": "a", "version": "not a range", "id": None}]),
        ("dependencies", [{"relation": "base_model", "name": "a", "version": None, "id": "!" * 100}]),
        ("dependencies", ["base"]),
        ("description", "x" * 3_000_000),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
def test_absurd_values_are_refused(publisher: Person, member: str, value: object) -> None:
    name = unique()
    problem(send_package(publisher.client, json_metadata(name, member, value)), 413, 422)
    problem(publisher.client.post("/package", json={**json_package(name=name), member: value}), 413, 422)
    assert listed(publisher.client, name=name) == []


def json_metadata(name: str, member: str, value: object) -> JsonObject:
    return {"name": name, "version": "1.0.0", "type": "model", member: value}


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_text_in_every_script_comes_back_unchanged(publisher: Person, text: str) -> None:
    package = publish(publisher.client, description=text, readme=text)
    found = fetch(publisher.client, package)
    assert (found["description"], found["readme"]) == (text, text)
    (item,) = listed(publisher.client, name=package["name"])
    assert item["description"] == text
    path = f"/package/{package['id']}"
    assert publisher.client.patch(path, json={"description": text + text}).json()["description"] == text + text


@pytest.mark.parametrize("text", ["模型", "naïve", "🤖", "e\u0301"])
def test_tags_in_every_script_are_found(publisher: Person, text: str) -> None:
    tag = f"{text}-{unique()}"
    answer = send_package(publisher.client, json_metadata(unique(), "tags", [tag]))
    assert answer.status_code == 201, answer.text
    assert ids(listed(publisher.client, tag=tag)) == [answer.json()["id"]]


def test_json_is_utf_8(publisher: Person) -> None:
    package = publish(publisher.client, description="模型 ✓")
    answer = publisher.client.get(f"/package/{package['id']}")
    assert answer.headers["content-type"].replace(" ", "").lower() in (
        "application/json",
        "application/json;charset=utf-8",
    )
    assert "模型 ✓" in answer.content.decode("utf-8")
