"""The costs in the README are those that the script computes, from counts that are the templates'."""

import importlib.util
import json
import re
import sys
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from load.results import MIX, RESULTS
from load.traffic import Call, User
from tests.api.server import server_environment, start_server
from tests.api.support import log_in
from tests.deploy.template import FOLDER, load, resources

REQUESTS = 300


@pytest.fixture(scope="module")
def cost() -> ModuleType:
    spec = importlib.util.spec_from_file_location("aws_cost", FOLDER / "cost.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["aws_cost"] = module
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_what_the_script_computes(cost: ModuleType) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert page == cost.with_costs(page), "python deploy/aws/cost.py --write"


def test_what_is_counted_is_what_the_templates_make(cost: ModuleType) -> None:
    (firewall,) = resources("AWS::WAFv2::WebACL").values()
    alarms = resources("AWS::CloudWatch::Alarm", "monitoring.yaml").values()
    metrics = sum(sum("MetricStat" in entry for entry in alarm.get("Metrics", [])) or 1 for alarm in alarms)
    assert len(firewall["Rules"]) == cost.FIREWALL_RULES
    assert len(resources("AWS::SecretsManager::Secret")) == cost.SECRETS
    assert metrics == cost.ALARM_METRICS
    assert load("registry.yaml")["Parameters"]["LogDays"]["Default"] == cost.LOG_DAYS


def test_every_price_is_dated_and_used(cost: ModuleType) -> None:
    table = json.loads((FOLDER / "prices.json").read_text(encoding="utf-8"))["prices"]
    source = (FOLDER / "cost.py").read_text(encoding="utf-8")
    for name, price in table.items():
        assert price["read"] is None or re.fullmatch(r"\d{4}-\d{2}", price["read"])
        assert price["dollars"] > 0
        assert price["source"]
        assert f'"{name}"' in source, f"{name}: nothing costs that"


def test_units_are_those_of_each_operation_by_its_weight(cost: ModuleType) -> None:
    rows = {row["name"]: row["value"] for row in json.loads(cost.UNITS.read_text(encoding="utf-8"))["rows"]}
    weights = MIX["weights"]
    assert set(weights) == set(cost.MEASURED) == set(cost.RESPONSE_BYTES)
    assert sum(cost.shares().values()) == pytest.approx(1)
    written = sum(weight * rows[f"{cost.MEASURED[operation]}, WCU"] for operation, weight in weights.items())
    assert cost.measured().write_units == pytest.approx(written / sum(weights.values()))
    assert cost.measured().idle_read_units == rows["nothing, a second, RCU"]
    assert cost.measured().idle_write_units == rows["nothing, a second, WCU"]


def test_a_publish_is_one_write_of_the_bucket() -> None:
    scenarios = [json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS / "scaled").glob("closed.*.json")]
    puts = sum(call["count"] for each in scenarios for call in each["stores"] if call["operation"] == "PutObject")
    publishes = sum(count for each in scenarios for _, count in each["operations"]["publish"]["times"]["bins"])
    assert puts == publishes > 0


def test_more_load_costs_more(cost: ModuleType) -> None:
    units, price = cost.measured(), cost.prices()
    for way in cost.delivery(cost.LOADS[0], units, price):
        totals = [
            sum(cost.costs(load, units, price).values()) + sum(cost.delivery(load, units, price)[way].values())
            for load in cost.LOADS
        ]
        assert totals == sorted(totals)
        assert min(totals) > 0


def test_what_leaves_by_cloudfront_is_paid_once(cost: ModuleType) -> None:
    units, load = cost.measured(), cost.LOADS[1]
    per_gb = dict.fromkeys(cost.prices(), 0.0) | {"transfer_out": 1.0, "cloudfront_out": 1.0}
    ways = cost.delivery(load, units, per_gb)
    gigabytes = load.downloaded_gb + load.requests * units.response_bytes / cost.GB
    assert [sum(parts.values()) for parts in ways.values()] == pytest.approx([gigabytes] * len(ways))


def test_responses_have_the_sizes_that_are_paid_for(cost: ModuleType, tmp_path: Path) -> None:
    server = start_server(server_environment(tmp_path / "data"))
    try:
        person = log_in(server.url, server.admin_name, server.admin_password)
        with person.client as client:
            only_publish = User("seed", [], {"publish": 1})
            seeded = [_sent(client, only_publish.next_call()).json()["id"] for _ in range(MIX["page"])]
            user = User("user", seeded, MIX["weights"])
            sizes: dict[str, list[int]] = {}
            for _ in range(REQUESTS):
                call = user.next_call()
                response = _rated(client, call) if call.operation == "rate" else _sent(client, call)
                if call.operation == "publish":
                    user.published(call, response.json()["id"])
                sizes.setdefault(call.operation, []).append(_size(response))
    finally:
        server.kill()
    assert sizes.keys() == cost.RESPONSE_BYTES.keys(), "enough requests for each operation of the mix"
    for operation, seen in sizes.items():
        assert sum(seen) / len(seen) == pytest.approx(cost.RESPONSE_BYTES[operation], rel=0.2), operation


def _sent(client: httpx.Client, call: Call) -> httpx.Response:
    headers: dict[str, Any] = {**call.headers, "Accept-Encoding": "identity"}
    response = client.request(call.method, call.path, content=call.body, headers=headers)
    assert response.is_success, response.text
    return response


def _rated(client: httpx.Client, call: Call) -> httpx.Response:
    """The rating itself: how many of the first requests are answered before it is made is up to the machine."""
    waiting = replace(call, path=f"{call.path}?wait=30")
    while (response := _sent(client, waiting)).status_code != HTTPStatus.OK:
        pass
    return response


def _size(response: httpx.Response) -> int:
    line = len(f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n\r\n")
    return line + sum(len(name) + len(value) + 4 for name, value in response.headers.raw) + len(response.content)
