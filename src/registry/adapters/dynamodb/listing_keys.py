"""Where packages are listed, and under what; `keys` has the list of all items."""

from collections.abc import Iterator

from registry.adapters.dynamodb.keys import SHARDS, Item, shard_of, upgrade_key
from registry.domain.packages import Package, PackageStatus
from registry.domain.scores import buckets_of

NAME_INDEX = "GSI-Listing-Name"
SCORE_INDEX = "GSI-Listing-Score"
LISTINGS = "listings"
HAVE_PLACES = "places"
HAVE_SUMMARIES = "summaries"
LISTED: Item = {**upgrade_key(LISTINGS), "upgrade_state": {"S": HAVE_SUMMARIES}}
"""The item of a table whose listing entries all have their places, and whose active packages are all under `all`."""


def status_shards(status: PackageStatus) -> list[str]:
    """The partitions of the index that hold a status."""
    return [f"{status.value}#{shard}" for shard in range(SHARDS)]


def listing(status: PackageStatus, dimension: str, value: str) -> str:
    """The partition of the listing entries of packages with a status and a property."""
    return f"L#{status.value}#{dimension}#{value}"


def whole_listing() -> list[str]:
    """The partitions of the entries of all active packages."""
    return [listing(PackageStatus.ACTIVE, "all", str(shard)) for shard in range(SHARDS)]


def dimensions(package: Package, score: int | None) -> Iterator[tuple[str, str]]:
    """Under which dimensions and values a package is listed that has a score (in millionths)."""
    version = package.version
    if package.status is PackageStatus.ACTIVE:
        yield "all", str(shard_of(package.id))
    yield "name", package.name
    yield "owner", package.created_by
    yield "type", f"{package.type.value}#{shard_of(package.id)}"
    yield "version", str(version)
    yield "minor", f"{version.major}.{version.minor}"
    yield "major", str(version.major)
    for tag in dict.fromkeys(package.tags):
        yield "tag", tag
    if score is not None:
        yield from (("score", bucket) for bucket in buckets_of(score))
