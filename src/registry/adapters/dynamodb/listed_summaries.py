"""The summary of a package as listing entries hold it: small enough for an entry to stay one write unit.

A page whose entries hold summaries is read from them alone, about a third of a unit for each package; of an entry
without one the record is read, a unit. A summary is in entries of active packages only, for what else decides whether a
hidden package is shown is not in an entry, and where every entry that a change makes stale goes in its transaction.
"""

import zlib
from functools import lru_cache
from typing import Any, cast

from registry.adapters.dynamodb.item_sizes import item_bytes
from registry.adapters.dynamodb.keys import Item, binary
from registry.domain.documents import encode_summary
from registry.domain.packages import Package, PackageStatus
from registry.ports.packages import PackageSummary

WRITE_UNIT_BYTES = 1_024
_ROOM_BYTES = 24
"""For the `revision` that an entry gets when it is written."""
MOST_TAGS = 12
"""A package with more has more entries than a change is sure to remove in its transaction (see `delete_stale`)."""

_DICTIONARY = (
    b'"status_reason":"https://github.com/https://huggingface.co/datasets/"relation":"dataset","name":"training_data'
    b'"application/octet-stream"application/gzip"application/x-tar"transformers","pytorch","text-generation","en","nlp'
    b'"license":null"license":"mit"license":"cc-by-4.0"license":"apache-2.0"license":"Apache-2.0"type":"dataset"type":'
    b'"code","version":"0.1.0"version":"1.0.0","type":"model","status":"active","description":"","license":"MIT","tags'
    b'":[],"tags":["","source_url":null,"source_url":"https://huggingface.co/","dependencies":[{"relation":"base_model'
    b'","name":"","version":null,"id":null}],"dependencies":[],"content":null,"content":{"size":1024,"sha256":"012345'
    b'6789abcdef","media_type":"application/zip","filename":".zip","url":"/package/01/content"},"revision":1,"created'
    b'_by":"","created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z"}{"id":"01-7-8","name":"'
)
"""What summaries have in common. It must not change: entries that were written with it stay."""


@lru_cache(maxsize=32)
def packed_summary(package: Package) -> bytes:
    """The summary, compressed."""
    compressor = zlib.compressobj(level=9, wbits=-15, zdict=_DICTIONARY)
    return compressor.compress(encode_summary(package)) + compressor.flush()


def with_summary(entry: Item, package: Package) -> Item:
    """The entry with the summary, or as it is where that must not or cannot be in it."""
    if package.status is not PackageStatus.ACTIVE or len(set(package.tags)) > MOST_TAGS:
        return entry
    full: Item = {**entry, "packed": binary(packed_summary(package))}
    return full if item_bytes(full) + _ROOM_BYTES <= WRITE_UNIT_BYTES else entry


def without_summary(entry: Item) -> Item:
    return {name: value for name, value in entry.items() if name != "packed"}


def find_summary(package_id: str, entry: Item) -> PackageSummary | None:
    """The summary that an entry holds, None where the record has to be read."""
    held = cast("dict[str, Any]", entry)
    if "packed" not in held:
        return None
    body = zlib.decompressobj(wbits=-15, zdict=_DICTIONARY).decompress(held["packed"]["B"])
    return PackageSummary(id=package_id, body=body, revision=int(held["revision"]["N"]))
