"""What servers of one registry find of each other's changes, and after a restart or a reset."""

from collections.abc import Mapping

from tests.api.conftest import ServerFactory
from tests.api.searching import by_regex, found_ids, search_state, wait_until_searchable
from tests.api.support import connect, eventually, ids, log_in, metadata, problem, publish, send_package


def test_a_change_is_found_by_every_worker_and_a_delete_never_lingers(
    start: ServerFactory, backend: Mapping[str, str]
) -> None:
    server = start(workers=2, **backend)
    person = log_in(server.url, server.admin_name, server.admin_password)

    def found(regex: str) -> set[tuple[str, ...]]:
        # A new connection each: the kernel gives it to one worker or the other.
        answers = []
        for _ in range(12):
            with connect(server.url, person.token) as client:
                answers.append(by_regex(client, regex))
        return {tuple(ids(answer.json()["items"])) for answer in answers if answer.status_code == 200}

    with person.client:
        wait_until_searchable(person.client)
        for _ in range(3):
            package = publish(person.client, readme="a needle")
            # The worker that made it answers this connection, and finds it at once.
            assert found_ids(person.client, "needle") == [package["id"]]
            eventually(lambda package=package: found("needle") == {(package["id"],)}, timeout_seconds=2.0)  # type: ignore[misc]
            person.client.delete(f"/package/{package['id']}")
            assert found("needle") == {()}


def test_after_a_restart_reads_answer_at_once_and_search_soon(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend, REGISTRY_SEARCH_READY_SECONDS="0")
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        kept = publish(person.client, readme="a needle")
        lost = publish(person.client, readme="a needle")
        wait_until_searchable(person.client)
        person.client.delete(f"/package/{lost['id']}")
    server.kill()
    for index in server.data_dir.glob("search*"):
        index.unlink()
    server.start()
    with connect(server.url, person.token) as client:
        assert client.get(f"/package/{kept['id']}").status_code == 200
        while (state := search_state(client)) != "ok":
            answer = by_regex(client, "needle")
            if answer.status_code != 200:
                assert state == "unavailable"
                problem(answer, 503, slug="unavailable")
                assert int(answer.headers["retry-after"]) >= 1
        assert found_ids(client, "needle") == [kept["id"]]


def test_a_process_that_is_ready_answers_searches(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend)
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        kept = publish(person.client, readme="a needle")
    server.kill()
    for index in server.data_dir.glob("search*"):
        index.unlink()
    server.start()  # waits until it is ready
    with connect(server.url, person.token) as client:
        assert found_ids(client, "needle") == [kept["id"]]


def test_reset_empties_the_index(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend)
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client:
        wait_until_searchable(person.client)
        send_package(person.client, metadata(readme="a needle"))
        assert len(found_ids(person.client, "")) == 1
        assert person.client.delete("/reset").status_code == 200
    again = log_in(server.url, server.admin_name, server.admin_password)
    with again.client:
        assert found_ids(again.client, "") == []
        package = publish(again.client, readme="a needle")
        assert found_ids(again.client, "needle") == [package["id"]]
