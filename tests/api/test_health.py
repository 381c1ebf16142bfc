"""Health, readiness, component health and metrics."""

from collections import Counter

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import ServerFactory
from tests.api.support import JsonObject, Person, eventually, invalid, log_in, publish


def test_health_is_ok_and_names_the_version(anonymous: httpx.Client) -> None:
    document = anonymous.get("/health").json()
    assert document["status"] == "ok"
    assert document["version"]


def test_ready_tells_each_component(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/health/ready")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert any(isinstance(member, dict | list) and member for member in answer.json().values())


def test_health_answers_whatever_token_is_shown(anonymous: httpx.Client) -> None:
    for path in ("/health", "/health/ready"):
        assert anonymous.get(path, headers={"Authorization": "Bearer nonsense"}).status_code == 200


@pytest.mark.parametrize("minutes", ["5", "60", "1440"])
@pytest.mark.parametrize("timeline", ["true", "false"])
def test_components_within_the_window(admin: Person, minutes: str, timeline: str) -> None:
    parameters = {"windowMinutes": minutes, "includeTimeline": timeline}
    answer = admin.client.get("/health/components", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()


def test_the_window_counts_requests_and_queues(admin: Person) -> None:
    def window() -> JsonObject:
        parameters = {"windowMinutes": "60", "includeTimeline": "true"}
        document: JsonObject = admin.client.get("/health/components", params=parameters).json()
        return document

    before = window()["requests"]["calls"]
    for _ in range(3):
        admin.client.get("/packages")
    requests = window()["requests"]
    assert requests["calls"] >= before + 4
    assert requests["mean_ms"] > 0
    assert requests["p95_ms"] > 0
    assert sum(minute["calls"] for minute in requests["timeline"]) == requests["calls"]
    eventually(lambda: bool(window()["queues"]))
    queues = window()["queues"]
    assert {queue["name"] for queue in queues} <= {"ratings", "scans", "webhooks"}
    assert all(minute["depth"] <= queue["max_depth"] for queue in queues for minute in queue["timeline"])


@pytest.mark.parametrize("minutes", ["4", "1441", "0", "-5", "abc", "1e400"])
def test_window_out_of_bounds_is_422(admin: Person, minutes: str) -> None:
    invalid(admin.client.get("/health/components", params={"windowMinutes": minutes}))


def samples(person: Person) -> list[tuple[str, dict[str, str], float]]:
    answer = person.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in families}) == len(families)
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


def test_metrics_count_requests_by_route_method_and_status(admin: Person, package: JsonObject) -> None:
    def counted() -> float:
        return sum(
            value
            for name, labels, value in samples(admin)
            if name.endswith(("_total", "_count"))
            and any("/package/{" in text for text in labels.values())
            and {"GET", "404"} <= set(labels.values())
        )

    before = counted()
    for _ in range(3):
        admin.client.get("/package/there-is-no-such-package")
    assert counted() >= before + 3


def test_metrics_have_latency_histograms(admin: Person) -> None:
    assert any(name.endswith("_bucket") and "le" in labels for name, labels, _ in samples(admin))


def test_metrics_never_name_packages_or_people(admin: Person, publisher: Person) -> None:
    package = publish(publisher.client)
    publisher.client.get(f"/package/{package['id']}")
    admin.client.get("/no-such-route-" + package["name"])
    for _, labels, _ in samples(admin):
        for text in labels.values():
            assert not any(
                secret in text for secret in (package["id"], package["name"], publisher.name, publisher.token)
            )


def test_metrics_of_all_workers_come_together(start: ServerFactory) -> None:
    server = start(workers=2)
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client as client:
        for _ in range(40):
            httpx.get(f"{server.url}/package/none", headers=dict(client.headers), trust_env=False)
        for _ in range(5):
            totals: Counter[str] = Counter()
            for name, labels, value in samples(person):
                if name.endswith("_count") and {"GET", "404"} <= set(labels.values()):
                    totals[name] += int(value)
            assert 40 in totals.values(), "whichever worker is asked"
