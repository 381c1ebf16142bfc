"""POST /load-tests: bounded, for admins, one at a time, and only where the setting allows it."""

from collections.abc import Mapping

from registry.services.health.load_tests import by_kind, measured
from tests.api.conftest import ServerFactory
from tests.api.support import Person, invalid, log_in, problem, publish
from tests.api.test_concurrency import at_once


def test_what_answers_come_to() -> None:
    answers = [(200, number / 1000) for number in range(1, 101)] + [(429, 9.0), (503, 0.2)]
    found = measured("list", answers)
    assert (found.requests, found.errors, found.refused) == (102, 1, 1)
    assert (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms) == (51.0, 96.0, 100.0, 200.0)
    assert measured("none", []).p95_ms is None
    assert [row.requests for row in by_kind({"a": answers, "b": answers[:1]})] == [103, 102, 1]


def test_without_the_setting_there_is_none(admin: Person, publisher: Person) -> None:
    assert admin.client.get("/load-tests").json() == {"most_seconds": 0}
    assert "REGISTRY_LOAD_TEST_SECONDS" in problem(admin.client.post("/load-tests", json={"seconds": 1}), 403)["detail"]
    problem(publisher.client.get("/load-tests"), 403)
    problem(publisher.client.post("/load-tests", json={}), 403)
    invalid(admin.client.post("/load-tests", json={"seconds": 61}), "/seconds")
    invalid(admin.client.post("/load-tests", json={"clients": 51}), "/clients")


def test_a_load_test_reports_and_runs_alone(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(workers=2, **backend, REGISTRY_LOAD_TEST_SECONDS="4")
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        publish(client)
        problem(client.post("/load-tests", json={"seconds": 5}), 403)
        wanted = {"seconds": 4, "clients": 3}
        answers = at_once(server.url, admin.token, 2, lambda own, _: own.post("/load-tests", json=wanted))
        assert sorted(answer.status_code for answer in answers) == [200, 429]
        answer = client.post("/load-tests", json={"seconds": 1, "clients": 2})
        assert answer.status_code == 200, answer.text
        report = answer.json()
        kinds = {row["name"]: row for row in report["measured"]}
        assert set(kinds) == {"all", "health", "list", "package"}
        assert kinds["all"]["requests"] == sum(row["requests"] for name, row in kinds.items() if name != "all") > 0
        assert kinds["all"]["errors"] == 0
        assert report["seconds"] >= 1
