"""Monthly costs of a registry on AWS for three loads, from measured units for each request and list prices.

`python deploy/aws/cost.py` prints the table; with `--write` it puts it into README.md.
"""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"
RESULTS = FOLDER.parents[1] / "load" / "results" / "scaled"
_BEGIN, _END = "<!-- Costs: made by `python deploy/aws/cost.py --write`. -->\n", "<!-- End of costs. -->"
HOURS = 730  # of a month
SECONDS = HOURS * 3600
GB = 1e9
TASK_VCPUS, TASK_GB = 1, 4  # TaskSize 1024
CPU_TARGET = 0.6  # of autoscaling
FIREWALL_RULES, SECRETS, ALARM_METRICS = 4, 5, 29  # of the templates
INSIGHTS_METRICS = 50  # Container Insights of a cluster with two services: an estimate
CONNECTIONS_OF_UNIT = 25  # new ones in a second that one capacity unit of the load balancer pays for
LOG_BYTES = 300  # written for each request, if a tenth of them log anything: an estimate
OWN_METRICS = 70  # that the registry writes, with the combinations of labels that occur: an estimate
METRIC_BYTES = 12_000  # that a task writes for them in a minute
NAT_GB = 20  # images, secrets, logs, GitHub: an estimate
READS = {"BatchGetItem", "GetItem", "Query"}


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a registry in a month, and how its stack is sized."""

    name: str
    requests: float
    stored_gb: float
    downloaded_gb: float
    records_gb: float
    api_tasks: int
    workers: int
    nats: int
    cache: str
    cache_nodes: int


LOADS = (
    Load("small: a team", 1e6, 50, 100, 1, 2, 1, 1, "cache.t4g.small", 1),
    Load("medium: a company", 50e6, 1_000, 2_000, 10, 2, 2, 1, "cache.t4g.small", 2),
    Load("large: a public registry", 1e9, 20_000, 30_000, 200, 4, 8, 2, "cache.m7g.large", 2),
)


@dataclass(frozen=True, slots=True)
class Units:
    """What one request of the measured mix uses."""

    read_units: float
    write_units: float
    s3_writes: float
    cpu_seconds: float


def measured() -> Units:
    """The means over all rounds of the load test with closed users."""
    requests = reads = writes = puts = cpu = 0.0
    for path in sorted(RESULTS.glob("closed.*.json")):
        scenario = json.loads(path.read_text(encoding="utf-8"))
        requests += sum(count for _, count in scenario["total"]["times"]["bins"])
        for call in scenario["stores"]:
            if call["store"] == "records" and call["operation"] in READS:
                reads += call["capacity_units"]
            elif call["store"] == "records":
                writes += call["capacity_units"]
            elif call["operation"] == "PutObject":
                puts += call["count"]
        used = [sample["cpu_seconds"] for sample in scenario["usage"] if sample["process"] == "registry"]
        cpu += max(used) - used[0]
    return Units(reads / requests, writes / requests, puts / requests, cpu / requests)


def prices() -> dict[str, float]:
    """Dollars by the price's name."""
    table = json.loads((FOLDER / "prices.json").read_text(encoding="utf-8"))["prices"]
    return {name: price["dollars"] for name, price in table.items()}


def costs(load: Load, units: Units, price: Mapping[str, float]) -> dict[str, float]:
    """Dollars a month by part."""
    per_second = load.requests / SECONDS
    millions = load.requests / 1e6
    api = max(load.api_tasks, math.ceil(per_second * units.cpu_seconds / (TASK_VCPUS * CPU_TARGET)))
    task = TASK_VCPUS * price["fargate_arm_vcpu"] + TASK_GB * price["fargate_arm_memory"]
    downloads = load.requests * 0.15  # of the mix; each is one GET of S3
    balancer_units = max(1.0, per_second / CONNECTIONS_OF_UNIT)
    return {
        f"api and workers (Fargate; {TASK_VCPUS} vCPU, {TASK_GB} GB each)": (api + load.workers) * task * HOURS,
        "records: reads": millions * units.read_units * price["dynamodb_read"],
        "records: writes": millions * units.write_units * price["dynamodb_write"],
        "records: storage, recovery": load.records_gb * (price["dynamodb_storage"] + price["dynamodb_recovery"]),
        "bytes: storage": load.stored_gb * price["s3_storage"],
        "bytes: calls": millions * units.s3_writes * price["s3_write"] + downloads / 1e6 * price["s3_read"],
        "bytes: downloads to the internet": load.downloaded_gb * price["transfer_out"],
        "cache": load.cache_nodes * price[load.cache] * HOURS,
        "load balancer": (price["balancer"] + balancer_units * price["balancer_unit"]) * HOURS,
        "firewall": price["firewall"] + FIREWALL_RULES * price["firewall_rule"] + millions * price["firewall_requests"],
        "NAT, public addresses": (load.nats * price["nat"] + (load.nats + 2) * price["public_address"]) * HOURS
        + NAT_GB * price["nat_data"],
        "alarms, metrics, logs, secrets": ALARM_METRICS * price["alarm_metric"]
        + price["dashboard"]
        + (INSIGHTS_METRICS + OWN_METRICS) * price["metric"]
        + (load.requests * LOG_BYTES + (api + load.workers) * HOURS * 60 * METRIC_BYTES) / GB * price["logs"]
        + SECRETS * price["secret"],
    }


def table() -> str:
    """The costs of all loads in Markdown."""
    units, price = measured(), prices()
    columns = [costs(load, units, price) for load in LOADS]
    rows = [
        f"Measured for each request: {units.read_units:.1f} read units, {units.write_units:.1f} write units, "
        f"{units.s3_writes:.2f} PUT requests, {units.cpu_seconds * 1e3:.1f} ms CPU.\n",
        "| a month, in US dollars | " + " | ".join(load.name for load in LOADS) + " |",
        "| --- |" + " ---: |" * len(LOADS),
        "| requests | " + " | ".join(f"{load.requests / 1e6:,.0f} million" for load in LOADS) + " |",
        "| kept / downloaded | "
        + " | ".join(f"{load.stored_gb:,.0f} / {load.downloaded_gb:,.0f} GB" for load in LOADS)
        + " |",
    ]
    rows += [f"| {part} | " + " | ".join(f"{column[part]:,.0f}" for column in columns) + " |" for part in columns[0]]
    rows.append("| **all** | " + " | ".join(f"**{sum(column.values()):,.0f}**" for column in columns) + " |")
    return "\n".join(rows) + "\n"


def with_costs(page: str) -> str:
    """The page with the table as it should be."""
    before, _, rest = page.partition(_BEGIN)
    return before + _BEGIN + "\n" + table() + "\n" + rest[rest.index(_END) :]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(with_costs(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(table())
