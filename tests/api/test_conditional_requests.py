"""ETags and preconditions (RFC 9110, section 13) on packages."""

import pytest

from tests.api.support import JsonObject, Person, fetch, metadata, problem, publish, send_package


def path_of(package: JsonObject) -> str:
    return f"/package/{package['id']}"


def etag_of(person: Person, path: str) -> str:
    tag = person.client.get(path).headers["etag"]
    assert tag.startswith('"'), "a strong one"
    assert tag.endswith('"')
    return str(tag)


def matching(tag: str) -> list[str]:
    return [tag, f"W/{tag}", f'"other", {tag}', f'{tag},"other"', f'W/"x" , {tag} ,', "*", f'"a,b", W/{tag}']


def test_etag_is_strong_and_stable(publisher: Person, package: JsonObject) -> None:
    assert etag_of(publisher, path_of(package)) == etag_of(publisher, path_of(package))


def test_etag_changes_with_every_revision(publisher: Person, package: JsonObject) -> None:
    path, seen = path_of(package), set()
    for number in range(3):
        seen.add(etag_of(publisher, path))
        publisher.client.patch(path, json={"description": str(number)})
    assert len(seen | {etag_of(publisher, path)}) == 4


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("rest", ["", "/content"])
def test_if_none_match_is_304(publisher: Person, package: JsonObject, rest: str, number: int) -> None:
    path = path_of(package) + rest
    tag = etag_of(publisher, path)
    answer = publisher.client.get(path, headers={"If-None-Match": matching(tag)[number]})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == tag


@pytest.mark.parametrize("value", ['"other"', 'W/"other"', '"a", "b"', '""'])
@pytest.mark.parametrize("rest", ["", "/content"])
def test_if_none_match_of_another_is_200(publisher: Person, package: JsonObject, rest: str, value: str) -> None:
    answer = publisher.client.get(path_of(package) + rest, headers={"If-None-Match": value}, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.content


def test_head_of_content_is_conditional_too(publisher: Person, package: JsonObject) -> None:
    path = path_of(package) + "/content"
    assert publisher.client.head(path, headers={"If-None-Match": etag_of(publisher, path)}).status_code == 304


def test_without_rating_the_etag_does_not_depend_on_it(publisher: Person, package: JsonObject) -> None:
    path = path_of(package)
    tag = etag_of(publisher, path)
    rated = publisher.client.get(path, params={"include": "rating"}).headers["etag"]
    assert etag_of(publisher, path) == tag
    assert publisher.client.patch(path, json={"description": "x"}, headers={"If-Match": tag}).status_code == 200
    assert rated.startswith('"')


def change(person: Person, method: str, package: JsonObject, if_match: str) -> int:
    body = {"PUT": metadata(name=package["name"], description="new"), "PATCH": {"description": "new"}, "DELETE": None}
    answer = person.client.request(method, path_of(package), json=body[method], headers={"If-Match": if_match})
    if answer.status_code >= 400:
        problem(answer, answer.status_code)
    return answer.status_code


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_match_lets_the_current_through(publisher: Person, method: str) -> None:
    for pattern in ("{}", '"other", {}', '{},"other"', "*"):
        package = publish(publisher.client)
        tag = etag_of(publisher, path_of(package))
        assert change(publisher, method, package, pattern.format(tag)) in (200, 204)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_stale_if_match_is_412_and_changes_nothing(publisher: Person, package: JsonObject, method: str) -> None:
    stale = etag_of(publisher, path_of(package))
    publisher.client.patch(path_of(package), json={"description": "by someone else"})
    current = etag_of(publisher, path_of(package))
    # A weak tag never matches here: If-Match compares strongly.
    for value in (stale, f'"other", {stale}', f"W/{current}", '""'):
        assert change(publisher, method, package, value) == 412
    assert fetch(publisher.client, package)["description"] == "by someone else"
    assert fetch(publisher.client, package)["revision"] == 2


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_match_of_what_does_not_exist(publisher: Person, package: JsonObject, method: str) -> None:
    assert publisher.client.delete(path_of(package)).status_code == 204
    assert change(publisher, method, package, "*") in (404, 412)


def test_answers_of_changes_carry_the_new_etag(publisher: Person, package: JsonObject) -> None:
    path = path_of(package)
    answers = [
        publisher.client.patch(path, json={"description": "x"}),
        publisher.client.put(path, json=metadata(name=package["name"])),
    ]
    assert answers[-1].headers["etag"] == etag_of(publisher, path)
    assert answers[0].headers["etag"] != answers[1].headers["etag"]


def test_replaced_content_has_another_etag(publisher: Person, package: JsonObject) -> None:
    path = path_of(package)
    before = etag_of(publisher, f"{path}/content")
    described = metadata(name=package["name"])
    assert send_package(publisher.client, described, b"other bytes", method="PUT", path=path).status_code == 200
    assert etag_of(publisher, f"{path}/content") != before
    answer = publisher.client.get(f"{path}/content", headers={"If-None-Match": before}, follow_redirects=True)
    assert (answer.status_code, answer.content) == (200, b"other bytes")


def test_if_match_guards_replacing_content(publisher: Person, package: JsonObject) -> None:
    described, path = metadata(name=package["name"]), path_of(package)
    answer = send_package(
        publisher.client, described, b"other bytes", method="PUT", path=path, headers={"If-Match": '"stale"'}
    )
    problem(answer, 412)
    assert publisher.client.get(f"{path}/content", follow_redirects=True).content == b"content"
