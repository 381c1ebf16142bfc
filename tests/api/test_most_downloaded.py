"""GET /packages?order=downloads."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import Person, download, eventually, ids, invalid, listed, log_in, publish, unique


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that ranks each second."""
    data: Path = tmp_path_factory.mktemp("counting") / "data"
    running = start_server(server_environment(data, REGISTRY_DOWNLOADS_REFRESH_SECONDS="1"))
    yield running
    running.stop()


def test_the_most_downloaded_come_first(counting: RunningServer) -> None:
    with log_in(counting.url, counting.admin_name, counting.admin_password).client as client:
        tag = unique("tag")
        once, twice, _never = (publish(client, tags=[tag]) for _ in range(3))
        for package in (once, twice, twice):
            assert download(client, package).status_code == 200
        eventually(lambda: ids(listed(client, order="downloads", tag=tag)) == ids([twice, once]))
        for limit in (1, 200):
            assert ids(listed(client, order="downloads", limit=limit, tag=tag, type="model")) == ids([twice, once])
        name = once["name"]
        assert ids(listed(client, order="downloads", name=name, version="latest")) == [once["id"]]
        cursor = client.get("/packages", params={"order": "downloads", "limit": 1}).json()["next_cursor"]
        invalid(client.get("/packages", params={"order": "name", "limit": 1, "cursor": cursor}), "/cursor")


def test_downloads_by_day(publisher: Person, stranger: Person) -> None:
    package = publish(publisher.client)
    for person in (publisher, stranger, stranger):
        assert download(person.client, package).status_code == 200
    answer = publisher.client.get(f"/package/{package['id']}/downloads")
    assert answer.status_code == 200, answer.text
    days = answer.json()["days"]
    assert len(days) == 30
    assert days == sorted(days, key=lambda day: day["day"])
    assert answer.json()["total"] == sum(day["count"] for day in days[-2:]) == 3  # midnight may have passed
    assert publisher.client.get(f"/package/{unique('none')}/downloads").status_code == 404


def test_it_is_there_before_anything_was_downloaded(publisher: Person) -> None:
    assert listed(publisher.client, order="downloads", tag=unique("no-such")) == []


def test_repositories_are_listed_by_downloads_for_hugging_face_clients(counting: RunningServer) -> None:
    space = unique("space")
    with log_in(counting.url, counting.admin_name, counting.admin_password).client as client:
        less, most = (publish(client, name=f"{space}/{name}") for name in ("less", "most"))
        newest = publish(client, name=f"{space}/most", version="2.0.0")
        publish(client, name=f"{space}/never")
        for package in (less, less, most, most, most, newest):
            assert download(client, package).status_code == 200

        def repositories(**query: str) -> list[str]:
            answer = client.get("/hf/api/models", params={"author": space, **query})
            assert answer.status_code == 200, answer.text
            return [each["id"] for each in answer.json()]

        expected = [f"{space}/most", f"{space}/less"]
        eventually(lambda: repositories(sort="downloads") == expected)
        assert repositories(sort="downloads") == repositories(sort="trendingScore") == expected
        assert repositories(sort="likes", search="LESS") == [f"{space}/less"]
        assert repositories(sort="downloads", filter="none") == []
