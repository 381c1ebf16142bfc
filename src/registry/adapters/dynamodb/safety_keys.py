"""Keys of verdicts and scan requests, and where the index holds them; see `keys.py`."""

from registry.adapters.dynamodb.keys import SHARDS, Item, key, shard_of


def safety_key(package_id: str) -> Item:
    return key(f"P#{package_id}", "safety")


def packages_with(sha256: str) -> str:
    """The partition of the index that holds the packages whose content has been judged, by their content."""
    return f"sha256#{sha256}"


def open_requests(package_id: str) -> str:
    """The partition of the index in which the package's open scan request is."""
    return f"scans#{shard_of(package_id)}"


def request_shards() -> list[str]:
    """The partitions of the index that hold the open scan requests."""
    return [f"scans#{shard}" for shard in range(SHARDS)]


def verdicts(sha256: str) -> str:
    """The partition of a content's verdict."""
    return f"V#{sha256}"


def verdict_key(sha256: str) -> Item:
    return key(verdicts(sha256), "verdict")


def verdict_part_key(sha256: str, part: int) -> Item:
    return key(verdicts(sha256), f"body#{part}")


def scan_lease_key(sha256: str) -> Item:
    return key(verdicts(sha256), "claim")


def verdict_shard(sha256: str) -> str:
    """The partition of the index in which the verdict is, by the scanner's version."""
    return f"verdicts#{shard_of(sha256)}"


def verdict_shards() -> list[str]:
    return [f"verdicts#{shard}" for shard in range(SHARDS)]
