"""How many parameters a safetensors file has, by its header (https://huggingface.co/docs/safetensors/#format)."""

import json
from collections import Counter
from math import prod
from typing import TypeGuard

MAX_HEADER_BYTES = 8 * 1024 * 1024
"""Files with 30,000 tensors have 4 MiB."""
LENGTH_BYTES = 8
_LONGEST_TYPE = 16
_MOST_DIMENSIONS = 16
_MOST_PARAMETERS = 2**62


def header_length(begin: bytes) -> int | None:
    """The length of the header, from the first LENGTH_BYTES of a file; None where that is too long or cut."""
    length = int.from_bytes(begin, "little")
    return length if len(begin) == LENGTH_BYTES and length <= MAX_HEADER_BYTES else None


def count_parameters(header: bytes) -> tuple[tuple[str, int], ...] | None:
    """Parameters by data type, None for what is no header of a safetensors file. Runs as an isolated job."""
    try:
        tensors = json.loads(header)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tensors, dict):
        return None
    found: Counter[str] = Counter()
    for name, tensor in tensors.items():
        if name == "__metadata__":
            continue
        kind, shape = (tensor.get("dtype"), tensor.get("shape")) if isinstance(tensor, dict) else (None, None)
        if not isinstance(kind, str) or len(kind) > _LONGEST_TYPE or not _is_shape(shape):
            return None
        found[kind] += prod(shape)
    return tuple(sorted(found.items())) if sum(found.values()) < _MOST_PARAMETERS else None


def _is_shape(value: object) -> TypeGuard[list[int]]:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_DIMENSIONS
        and all(isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**40 for each in value)
    )
