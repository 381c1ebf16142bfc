"""Each alarm has its section in the runbook, and every metric is one that AWS measures or the registry writes."""

import itertools
import json
import re
from collections.abc import Iterator

import pytest

from registry.domain.safety import SafetyStatus
from registry.telemetry.emf import EXTRACTED
from tests.deploy.template import FOLDER, Json, containers, load, resources

NAME = "monitoring.yaml"
# Metrics of AWS's services that need nothing of the registry, by the services' documentation (2026-11).
METRICS = {
    "AWS/ApplicationELB": {
        "ConsumedLCUs", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count",
        "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "HealthyHostCount", "ProcessedBytes",
        "RejectedConnectionCount", "RequestCount", "RequestCountPerTarget", "TargetConnectionErrorCount",
        "TargetResponseTime", "UnHealthyHostCount",
    },
    "AWS/DynamoDB": {
        "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "SuccessfulRequestLatency",
        "WriteThrottleEvents",
    },
    "AWS/ECS": {"CPUUtilization", "MemoryUtilization"},
    "AWS/ElastiCache": {
        "CacheHits", "CacheMisses", "DatabaseMemoryUsagePercentage", "EngineCPUUtilization", "Evictions",
    },
    "AWS/S3": {"BucketSizeBytes", "NumberOfObjects"},
    "AWS/WAFV2": {"AllowedRequests", "BlockedRequests", "CountedRequests"},
    "ECS/ContainerInsights": {"RunningTaskCount"},
}  # fmt: skip
NAMESPACE = "Registry/${AWS::StackName}"
OWN, OWN_IN_ALARMS = "${Namespace}", {"Ref": "Namespace"}
SERVICES = ("api", "worker")
# What the labels of the registry's own metrics may be.
LABELS = {
    "service": set(SERVICES),
    "queue": {"ratings", "scans", "webhooks", "ingest", "downloads"},
    "outcome": {
        "complete", "partial", "void", "waits", "failed", "delivered", "retried", "done", "skipped", "ok",
        "unavailable", "error",
    },
    "status": {status.value for status in SafetyStatus},
    "store": {"records", "blobs", "cache"},
    "component": {"records", "blobs", "cache", "search"},
}  # fmt: skip
PROMISES = {
    "Overdue", "FailedRatings",
    "MeanLatency", "P95Latency", "ErrorRate", "UnhealthyTargets", "NoHealthyTarget", "MissingWorker", "Throttling",
    "CacheMemory", "CacheEvictions",
}  # fmt: skip


def _alarms() -> dict[str, Json]:
    return resources("AWS::CloudWatch::Alarm", NAME)


def _sections() -> set[str]:
    """Anchors of the runbook's headings, as GitHub makes them."""
    headings = re.findall(r"^## (.+)$", (FOLDER / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _alarm_metrics(alarm: Json) -> Iterator[tuple[str, str]]:
    if "MetricName" in alarm:
        yield str(alarm["Namespace"]), alarm["MetricName"]
    for entry in alarm.get("Metrics", []):
        if "MetricStat" in entry:
            yield str(entry["MetricStat"]["Metric"]["Namespace"]), entry["MetricStat"]["Metric"]["MetricName"]


def _widgets() -> list[Json]:
    (dashboard,) = resources("AWS::CloudWatch::Dashboard", NAME).values()
    widgets: list[Json] = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    return widgets


@pytest.mark.parametrize("name", sorted(_alarms()))
def test_an_alarm_reaches_somebody_who_can_read_what_to_do(name: str) -> None:
    alarm = _alarms()[name]
    assert alarm["AlarmActions"] == [{"Ref": "Topic"}]
    link = re.search(r"\$\{RunbookUrl\}#([a-z-]+)$", alarm["AlarmDescription"]["Fn::Sub"])
    assert link, "the description ends with its section of the runbook"
    assert link[1] in _sections()


def test_every_section_belongs_to_an_alarm_or_the_budget() -> None:
    linked = {alarm["AlarmDescription"]["Fn::Sub"].rsplit("#", 1)[1] for alarm in _alarms().values()}
    assert _sections() == linked | {"budget"}


def test_every_promise_has_an_alarm() -> None:
    assert set(_alarms()) >= PROMISES
    (budget,) = resources("AWS::Budgets::Budget", NAME).values()
    assert {entry["Notification"]["NotificationType"] for entry in budget["NotificationsWithSubscribers"]} == {
        "ACTUAL",
        "FORECASTED",
    }


def test_silence_about_tasks_is_an_alarm() -> None:
    for name in ("MissingWorker", "NoHealthyTarget"):
        assert _alarms()[name]["TreatMissingData"] == "breaching"


def _widget_rows() -> list[list[str]]:
    return [row for widget in _widgets() for row in widget["properties"].get("metrics", [])]


def test_every_metric_is_one_that_aws_measures_or_the_registry_writes() -> None:
    used = {metric for alarm in _alarms().values() for metric in _alarm_metrics(alarm)}
    used |= {(row[0], row[1]) for row in _widget_rows()}
    of_aws = {(namespace, name) for namespace, name in used if namespace not in (OWN, str(OWN_IN_ALARMS))}
    assert of_aws == {(namespace, name) for namespace, names in METRICS.items() for name in names}
    assert {name for namespace, name in used if (namespace, name) not in of_aws} <= set(EXTRACTED)


def _own_metrics() -> Iterator[tuple[str, dict[str, str]]]:
    """Each of the registry's own metrics that is used: its name and its dimensions."""
    for row in _widget_rows():
        if row[0] == OWN:
            yield row[1], dict(zip(row[2::2], row[3::2], strict=True))
    scaling = resources("AWS::ApplicationAutoScaling::ScalingPolicy").values()
    policies = [policy["TargetTrackingScalingPolicyConfiguration"] for policy in scaling]
    metrics = [alarm.get("Metrics", []) for alarm in _alarms().values()]
    metrics += [policy.get("CustomizedMetricSpecification", {}).get("Metrics", []) for policy in policies]
    for entry in itertools.chain(*metrics):
        metric = entry.get("MetricStat", {}).get("Metric", {})
        if metric.get("Namespace") in (OWN_IN_ALARMS, {"Fn::Sub": NAMESPACE}):
            yield metric["MetricName"], {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]}


def test_the_registry_s_metrics_are_used_with_the_dimensions_that_it_writes() -> None:
    used = list(_own_metrics())
    assert {name for name, _ in used} >= {
        "registry_queue_due",
        "registry_queue_overdue",
        "registry_rating_seconds_count",
    }
    for name, dimensions in used:
        assert set(dimensions) == {"service", *EXTRACTED[name][0]}, name
        assert dimensions["service"] in SERVICES
        for label, value in dimensions.items():
            assert value in LABELS[label], (name, label, value)


def test_tasks_write_under_the_namespace_that_is_read() -> None:
    nested = resources("AWS::CloudFormation::Stack")["Monitoring"]
    assert nested["Parameters"]["Namespace"] == {"Fn::Sub": NAMESPACE}
    for name in SERVICES:
        environment = {entry["Name"]: entry["Value"] for entry in containers()[name]["Environment"]}
        assert environment["REGISTRY_CLOUDWATCH_NAMESPACE"] == {"Fn::Sub": NAMESPACE}


def test_running_tasks_are_measured() -> None:
    (cluster,) = resources("AWS::ECS::Cluster").values()
    assert {"Name": "containerInsights", "Value": "enabled"} in cluster["ClusterSettings"]


def test_the_parts_of_the_stack_fit_together() -> None:
    for nested in resources("AWS::CloudFormation::Stack").values():
        assert set(nested["Parameters"]) == set(load(nested["TemplateURL"])["Parameters"])


def test_the_dashboard_names_only_what_the_template_knows() -> None:
    (dashboard,) = resources("AWS::CloudWatch::Dashboard", NAME).values()
    names = set(re.findall(r"\$\{([^}]+)\}", dashboard["DashboardBody"]["Fn::Sub"]))
    assert names <= set(load(NAME)["Parameters"]) | {"AWS::Region"}
    places = [(widget["x"], widget["y"]) for widget in _widgets()]
    assert len(places) == len(set(places))
