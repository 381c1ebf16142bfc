"""The costs in the README are those that the script computes, from counts that are the templates'."""

import importlib.util
import json
import re
import sys
from types import ModuleType

import pytest

from tests.deploy.template import FOLDER, resources


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


def test_every_price_is_dated_and_used(cost: ModuleType) -> None:
    table = json.loads((FOLDER / "prices.json").read_text(encoding="utf-8"))["prices"]
    source = (FOLDER / "cost.py").read_text(encoding="utf-8")
    for name, price in table.items():
        assert price["read"] is None or re.fullmatch(r"\d{4}-\d{2}", price["read"])
        assert price["dollars"] > 0
        assert price["source"]
        assert f'"{name}"' in source, f"{name}: nothing costs that"


def test_more_load_costs_more(cost: ModuleType) -> None:
    units, price = cost.measured(), cost.prices()
    totals = [sum(cost.costs(load, units, price).values()) for load in cost.LOADS]
    assert totals == sorted(totals)
    assert units.read_units > 0
    assert units.write_units > 0
