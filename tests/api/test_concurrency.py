"""Many clients at once."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import (
    JsonObject,
    Person,
    connect,
    fetch,
    ids,
    json_package,
    listed,
    log_in,
    metadata,
    pages,
    problem,
    publish,
    send_package,
    unique,
)


def at_once(
    url: str, token: str, count: int, send: Callable[[httpx.Client, int], httpx.Response]
) -> list[httpx.Response]:
    """Send `count` requests on a connection each, as near to the same moment as threads allow."""
    barrier = threading.Barrier(count)

    def run(number: int) -> httpx.Response:
        with connect(url, token) as client:
            client.get("/health")
            barrier.wait(60)
            return send(client, number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def one_winner(answers: list[httpx.Response]) -> str:
    """The id of the one that was created; all others must name it."""
    created = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert len(created) == 1, Counter(answer.status_code for answer in answers)
    for answer in answers:
        if answer.status_code != 201:
            document = problem(answer, 409, slug="package-exists")
            assert created[0] in document.values() or created[0] in document["detail"]
    return str(created[0])


@pytest.mark.parametrize("form", ["multipart", "json"])
def test_of_50_writers_of_one_version_one_wins(server: RunningServer, publisher: Person, form: str) -> None:
    described = metadata()

    def send(client: httpx.Client, number: int) -> httpx.Response:
        if form == "json":
            return client.post("/package", json=json_package(str(number).encode(), name=described["name"]))
        return send_package(client, described, str(number).encode())

    answers = at_once(server.url, publisher.token, 50, send)
    winner = one_winner(answers)
    number = next(number for number, answer in enumerate(answers) if answer.status_code == 201)
    assert publisher.client.get(f"/package/{winner}/content", follow_redirects=True).content == str(number).encode()
    assert ids(listed(publisher.client, name=described["name"])) == [winner]


def test_of_50_writers_one_wins_among_workers_too(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(workers=2, **backend)
    described = metadata()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        answers = at_once(
            server.url, admin.token, 50, lambda own, number: send_package(own, described, str(number).encode())
        )
        winner = one_winner(answers)
        assert ids(listed(client, name=described["name"])) == [winner]
    server.stop()
    server.sweep()
    assert len(server.stored()) == 1


def test_of_50_movers_to_one_version_one_wins(server: RunningServer, publisher: Person) -> None:
    name = unique()
    packages = [publish(publisher.client, name=name, version=f"1.0.{number}") for number in range(20)]
    answers = at_once(
        server.url,
        publisher.token,
        20,
        lambda client, number: client.patch(f"/package/{packages[number]['id']}", json={"version": "2.0.0"}),
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
    assert len(listed(publisher.client, name=name, version="2.0.0")) == 1


def test_of_64_writers_every_acknowledged_revision_is_unique_and_in_order(
    server: RunningServer, publisher: Person, package: JsonObject
) -> None:
    path = f"/package/{package['id']}"
    answers = at_once(
        server.url, publisher.token, 64, lambda client, number: client.patch(path, json={"description": str(number)})
    )
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, 412, 503)  # told to come back
    acknowledged = [answer.json() for answer in answers if answer.status_code == 200]
    done = {document["revision"]: document for document in acknowledged}
    assert len(done) == len(acknowledged) > 0
    changes = [entry for entry in listed(publisher.client, f"{path}/audit") if entry["action"] != "rate"]
    revisions = sorted(entry["revision"] for entry in changes)
    assert revisions == list(range(1, len(revisions) + 1))
    assert set(done) < set(revisions)
    # A 503 does not say whether the change was made: the record store may have made it and answered too late.
    unsure = sum(answer.status_code == 503 for answer in answers)
    assert len(revisions) - 1 <= len(done) + unsure
    latest = fetch(publisher.client, package)
    assert latest["revision"] == len(revisions)
    assert latest == done.get(len(revisions), latest)


def test_of_16_guarded_patches_one_wins(server: RunningServer, publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    tag = publisher.client.get(path).headers["etag"]
    answers = at_once(
        server.url,
        publisher.token,
        16,
        lambda client, number: client.patch(path, json={"description": str(number)}, headers={"If-Match": tag}),
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 15}
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 200)
    found = fetch(publisher.client, package)
    assert (found["description"], found["revision"]) == (str(winner), 2)


def test_unguarded_patches_all_count(server: RunningServer, publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    answers = at_once(
        server.url,
        publisher.token,
        8,
        lambda client, number: client.patch(path, json={"description": str(number)}),
    )
    for answer in answers:
        # Without If-Match a lost race may be told (409), but never be taken for a success.
        assert answer.status_code in (200, 409), answer.text
    wins = [answer.json()["revision"] for answer in answers if answer.status_code == 200]
    assert sorted(wins) == list(range(2, len(wins) + 2))
    assert fetch(publisher.client, package)["revision"] == len(wins) + 1


def test_of_many_deletes_one_wins(server: RunningServer, publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    answers = at_once(server.url, publisher.token, 12, lambda client, _: client.delete(path))
    assert Counter(answer.status_code for answer in answers) == {204: 1, 404: 11}


@pytest.mark.parametrize("order", ["newest", "created"])
def test_walk_beside_writers_sees_lasting_entries_once(server: RunningServer, publisher: Person, order: str) -> None:
    tag = unique("tag")
    lasting = [publish(publisher.client, tags=[tag])["id"] for _ in range(60)]
    stop, churned = threading.Event(), threading.Event()

    def churn(_: int) -> None:
        with connect(server.url, publisher.token) as client:
            while not stop.is_set():
                package = publish(client, tags=[tag])
                assert client.delete(f"/package/{package['id']}").status_code == 204
                churned.set()

    parameters = {"order": order} if order == "created" else {}
    with ThreadPoolExecutor(3) as pool:
        churning = [pool.submit(churn, number) for number in range(3)]
        try:
            assert churned.wait(60)
            for _ in range(5):
                seen: list[str] = []
                for number, page in enumerate(pages(publisher.client, "/packages", tag=tag, limit=7, **parameters)):
                    seen += ids(page)
                    # Writers are faster than a walk towards them: enough has been shown once the lasting were passed.
                    if number > 60 and set(lasting) <= set(seen):
                        break
                assert len(seen) == len(set(seen))
                assert set(lasting) <= set(seen)
                expected = lasting if order == "created" else lasting[::-1]
                assert [entry for entry in seen if entry in set(lasting)] == expected
        finally:
            stop.set()
    for future in churning:
        future.result()


def test_reader_never_sees_a_mixture_of_two_revisions(server: RunningServer, publisher: Person) -> None:
    sizes = (10, 2_000_000)
    contents = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    package = publish(publisher.client, contents[0], description=str(sizes[0]))
    path = f"/package/{package['id']}"
    stop = threading.Event()

    def replace() -> None:
        with connect(server.url, publisher.token) as client:
            for number in range(12):
                content = contents[number % 2]
                described = metadata(name=package["name"], description=str(len(content)))
                answer = send_package(client, described, content, method="PUT", path=path)
                assert answer.status_code == 200, answer.text
        stop.set()

    with ThreadPoolExecutor(1) as pool:
        replacing = pool.submit(replace)
        while not stop.is_set() and not replacing.done():
            found = fetch(publisher.client, package)
            assert found["description"] == str(found["content"]["size"])
            assert publisher.client.get(f"{path}/content?redirect=false").content in contents
        replacing.result()
