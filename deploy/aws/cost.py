"""Monthly costs of a registry on AWS for three loads, from measured units for each operation and list prices.

`python deploy/aws/cost.py` prints the table; with `--write` it puts it into README.md.

Units are those of `bench/baseline/units.json` (`python -m bench units`), weighted by the mix of `load/mix.json`. Not
counted, because nothing measures them: records that a worker reads and writes for a rating or a scan, and traffic
between zones. Prices are those of the first tier, without free tiers.
"""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
README = FOLDER / "README.md"
UNITS, MIX = ROOT / "bench" / "baseline" / "units.json", ROOT / "load" / "mix.json"
_BEGIN, _END = "<!-- Costs: made by `python deploy/aws/cost.py --write`. -->\n", "<!-- End of costs. -->"
HOURS = 730  # of a month
SECONDS = HOURS * 3600
GB = 1e9
TASK_VCPUS, TASK_GB = 1, 4  # TaskSize 1024
CPU_TARGET = 0.6  # of autoscaling
FIREWALL_RULES, SECRETS, ALARM_METRICS, LOG_DAYS = 4, 5, 29, 30  # of the templates
INSIGHTS_METRICS = 50  # Container Insights of a cluster with two services: an estimate
CONNECTIONS_OF_UNIT = 25  # new ones in a second that one capacity unit of the load balancer pays for
GB_OF_UNIT = 1  # processed in an hour, likewise; the larger of the two counts
LOG_BYTES = 300  # written for each request, if a tenth of them log anything: an estimate
OWN_METRICS = 70  # that the registry writes, with the combinations of labels that occur: an estimate
METRIC_BYTES = 12_000  # that a task writes for them in a minute
NAT_GB = 20  # images, secrets, GitHub: an estimate; logs come on top
FREE_INVALIDATIONS = 1_000

MEASURED = {
    "read": "read by id",
    "list": "page of 50",
    "download": "download, redirected to S3",
    "publish": "publish 1 KiB with a README",
    "replace": "change of a package",  # a PATCH; the mix sends PUT, which is not measured
    "delete": "deletion",
    "regex": "page of 50",  # not measured; it reads the packages that match, at most as many
    "rate": "cached rating",
}
"""The row of the measured units for each operation of the mix."""
RESPONSE_BYTES = {
    "read": 820,
    "list": 28_800,
    "download": 1_500,
    "publish": 880,
    "replace": 800,
    "delete": 180,
    "regex": 260,
    "rate": 2_400,
}
"""Head and body, not compressed. tests/deploy/test_cost.py measures them."""
INVALIDATED_TAGS = {"publish": 2, "replace": 1, "delete": 1}
"""Events that make CloudFront's copies wrong: a publish is followed by a scan and a rating. At most: what falls into
the same two seconds shares a tag."""
IDLE = "nothing, a second"
"""The measured units of an api process that nobody asks; it follows the changes of the others."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a registry in a month, and how its stack is sized."""

    name: str
    requests: float
    stored_gb: float
    downloaded_gb: float
    uploaded_gb: float
    records_gb: float
    api_tasks: int
    workers: int
    nats: int
    cache: str
    cache_nodes: int


LOADS = (
    Load("small: a team", 1e6, 50, 100, 5, 1, 2, 1, 1, "cache.t4g.small", 1),
    Load("medium: a company", 50e6, 1_000, 2_000, 100, 10, 2, 2, 1, "cache.t4g.small", 2),
    Load("large: a public registry", 1e9, 20_000, 30_000, 2_000, 200, 4, 8, 2, "cache.m7g.large", 2),
)


@dataclass(frozen=True, slots=True)
class Units:
    """What one request of the mix uses, on average by the weights, and an api process in a second without requests."""

    read_units: float
    write_units: float
    cpu_seconds: float
    response_bytes: float
    publishes: float
    downloads: float
    invalidations: float
    idle_read_units: float
    idle_write_units: float


def shares() -> dict[str, float]:
    """The share of each operation in the mix."""
    weights: dict[str, float] = json.loads(MIX.read_text(encoding="utf-8"))["weights"]
    return {operation: weight / sum(weights.values()) for operation, weight in weights.items()}


def measured() -> Units:
    """The measured units of each operation, weighted by the mix."""
    rows: dict[str, float] = {row["name"]: row["value"] for row in _baseline()["rows"]}
    mix = shares()

    def mean(unit: str) -> float:
        return sum(share * rows[f"{MEASURED[operation]}, {unit}"] for operation, share in mix.items())

    return Units(
        read_units=mean("RCU"),
        write_units=mean("WCU"),
        cpu_seconds=mean("CPU") / 1e6,
        response_bytes=sum(share * RESPONSE_BYTES[operation] for operation, share in mix.items()),
        publishes=mix["publish"],
        downloads=mix["download"],
        invalidations=sum(mix[operation] * tags for operation, tags in INVALIDATED_TAGS.items()),
        idle_read_units=rows[f"{IDLE}, RCU"],
        idle_write_units=rows[f"{IDLE}, WCU"],
    )


def _baseline() -> dict[str, Any]:
    saved: dict[str, Any] = json.loads(UNITS.read_text(encoding="utf-8"))
    return saved


def prices() -> dict[str, float]:
    """Dollars by the price's name."""
    table = json.loads((FOLDER / "prices.json").read_text(encoding="utf-8"))["prices"]
    return {name: price["dollars"] for name, price in table.items()}


def costs(load: Load, units: Units, price: Mapping[str, float]) -> dict[str, float]:
    """Dollars a month by part, without what reaches clients (see `delivery`)."""
    per_second = load.requests / SECONDS
    millions = load.requests / 1e6
    api = max(load.api_tasks, math.ceil(per_second * units.cpu_seconds / (TASK_VCPUS * CPU_TARGET)))
    task = TASK_VCPUS * price["fargate_arm_vcpu"] + TASK_GB * price["fargate_arm_memory"]
    idle_millions = api * SECONDS / 1e6
    processed_gb = load.requests * units.response_bytes / GB + load.uploaded_gb
    balancer_units = max(1.0, per_second / CONNECTIONS_OF_UNIT, processed_gb / HOURS / GB_OF_UNIT)
    logs_gb = (load.requests * LOG_BYTES + (api + load.workers) * HOURS * 60 * METRIC_BYTES) / GB
    return {
        f"api and workers (Fargate; {TASK_VCPUS} vCPU, {TASK_GB} GB each)": (api + load.workers) * task * HOURS,
        "records: reads": millions * units.read_units * price["dynamodb_read"],
        "records: writes": millions * units.write_units * price["dynamodb_write"],
        "records: api processes without requests": idle_millions
        * (units.idle_read_units * price["dynamodb_read"] + units.idle_write_units * price["dynamodb_write"]),
        "records: storage, recovery": load.records_gb * (price["dynamodb_storage"] + price["dynamodb_recovery"]),
        "bytes: storage": load.stored_gb * price["s3_storage"],
        "bytes: calls": millions * (units.publishes * price["s3_write"] + units.downloads * price["s3_read"]),
        "cache": load.cache_nodes * price[load.cache] * HOURS,
        "load balancer": (price["balancer"] + balancer_units * price["balancer_unit"]) * HOURS,
        "firewall": price["firewall"] + FIREWALL_RULES * price["firewall_rule"] + millions * price["firewall_requests"],
        "NAT": load.nats * (price["nat"] + price["public_address"]) * HOURS + (NAT_GB + logs_gb) * price["nat_data"],
        "logs": logs_gb * (price["logs"] + LOG_DAYS * 24 / HOURS * price["logs_storage"]),
        "metrics, alarms, dashboard": (INSIGHTS_METRICS + OWN_METRICS) * price["metric"]
        + ALARM_METRICS * price["alarm_metric"]
        + price["dashboard"],
        "secrets": SECRETS * price["secret"],
    }


def delivery(load: Load, units: Units, price: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Dollars a month by part for each way to clients. What CloudFront fetches from S3 or the load balancer is free.

    Every request is taken to reach the registry: the mix sends tokens, and edges keep only what is read without.
    """
    responses_gb = load.requests * units.response_bytes / GB
    millions, downloads = load.requests / 1e6, load.requests * units.downloads / 1e6
    addresses = 2 * price["public_address"] * HOURS  # of the load balancer, one in each zone
    changes = max(0.0, load.requests * units.invalidations - FREE_INVALIDATIONS)
    return {
        "without CloudFront": {
            "to the internet": (load.downloaded_gb + responses_gb) * price["transfer_out"],
            "public addresses": addresses,
        },
        "downloads by CloudFront": {
            "CloudFront's requests": downloads * price["cloudfront_requests"],
            "CloudFront to the internet": load.downloaded_gb * price["cloudfront_out"],
            "load balancer to the internet": responses_gb * price["transfer_out"],
            "public addresses": addresses,
        },
        "downloads and API by CloudFront": {
            "CloudFront's requests": (millions + downloads) * price["cloudfront_requests"],
            "CloudFront to the internet": (load.downloaded_gb + responses_gb) * price["cloudfront_out"],
            "CloudFront to the load balancer": load.uploaded_gb * price["cloudfront_to_origin"],
            "invalidations": changes * price["cloudfront_invalidation"],
        },
    }


def table() -> str:
    """The costs of all loads in Markdown."""
    units, price = measured(), prices()
    columns = [costs(load, units, price) for load in LOADS]
    ways = [delivery(load, units, price) for load in LOADS]
    rows = [
        f"By the mix, for each request: {units.read_units:.1f} read units, {units.write_units:.1f} write units, "
        f"{units.cpu_seconds * 1e3:.1f} ms CPU, {units.response_bytes / 1e3:.1f} kB of response, "
        f"{units.invalidations:.2f} invalidated tags.\n"
        "An api process without requests, in a second: "
        f"{units.idle_read_units:.1f} read units, {units.idle_write_units:.1f} write units. "
        f"Measured by `python -m bench units` on {_baseline()['facts']['at'][:10]}.\n",
        "| a month, in US dollars | " + " | ".join(load.name for load in LOADS) + " |",
        "| --- |" + " ---: |" * len(LOADS),
        "| requests | " + " | ".join(f"{load.requests / 1e6:,.0f} million" for load in LOADS) + " |",
        "| kept / downloaded / uploaded | "
        + " | ".join(
            f"{load.stored_gb:,.0f} / {load.downloaded_gb:,.0f} / {load.uploaded_gb:,.0f} GB" for load in LOADS
        )
        + " |",
    ]
    rows += [_row(part, [column[part] for column in columns]) for part in columns[0]]
    for way in ways[0]:
        rows += [_row(f"{way}: {part}", [each[way][part] for each in ways]) for part in ways[0][way]]
    for way in ways[0]:
        totals = [sum(column.values()) + sum(each[way].values()) for column, each in zip(columns, ways, strict=True)]
        rows.append(_row(f"**all, {way}**", totals, "**"))
    return "\n".join(rows) + "\n"


def _row(name: str, dollars: list[float], around: str = "") -> str:
    return f"| {name} | " + " | ".join(f"{around}{each:,.0f}{around}" for each in dollars) + " |"


def with_costs(page: str) -> str:
    """The page with the table as it should be."""
    before, _, rest = page.partition(_BEGIN)
    return before + _BEGIN + "\n" + table() + "\n" + rest[rest.index(_END) :]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(with_costs(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(table())
