"""Checking the header of a safetensors file (https://huggingface.co/docs/safetensors/#format): data, and no code.

Eight bytes with the header's length, a JSON object of tensors with type, shape and place, then their bytes without
holes: a file can hide nothing beside its tensors.
"""

import json
from typing import Any

from registry.domain.evidence import SafetyFinding

HEADER_BYTES = 16 * 1024 * 1024
"""The longest header that is read; the format allows 100 MB, a model of 100,000 tensors needs 10."""

MAX_FILE_BYTES = 1 << 50
_MOST_INTEGER = 1 << 63

_BITS = {"F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16, "U16": 16}
_BITS |= {"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}
_BITS |= {"C64": 64}


def check_safetensors(path: str, start: bytes, size: int) -> list[SafetyFinding]:
    """The findings in a file of `size` bytes that begins with `start`: one, `info` when it is sound."""
    length = int.from_bytes(start[:8], "little")
    if len(start) >= 8 and 8 + length > HEADER_BYTES:
        return [_finding(path, "suspicious", "the header is too long to be read")]
    try:
        tensors = json.loads(start[8 : 8 + length])
        end, parameters = _check(tensors)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return [_finding(path, "suspicious", f"not a sound safetensors file: {error}"[:200])]
    if 8 + length + end != size:
        return [_finding(path, "suspicious", f"{size - 8 - length - end:,} bytes beside the tensors")]
    return [_finding(path, "info", f"safetensors with {parameters:,} parameters: holds no code")]


def _check(tensors: dict[str, Any]) -> tuple[int, int]:
    """Where the last tensor ends, and the number of parameters. Raises ValueError for holes and wrong lengths."""
    places: list[tuple[int, int]] = []
    parameters = 0
    for name, tensor in tensors.items():
        if name == "__metadata__":
            continue
        begin, end = (_offset(each) for each in tensor["data_offsets"])
        count = _count(tensor["shape"], most=8 * MAX_FILE_BYTES)
        if (end - begin) * 8 != count * _BITS[tensor["dtype"]]:
            raise ValueError("a tensor's length is not that of its shape")
        parameters += count
        places.append((begin, end))
    reached = 0
    for begin, end in sorted(places):
        if begin != reached or end < begin:
            raise ValueError("there are holes between the tensors")
        reached = end
    return reached, parameters


def _offset(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_FILE_BYTES:
        raise ValueError("a place is not within any file")
    return value


def _count(shape: list[Any], *, most: int) -> int:
    """The product of the dimensions, as far as a file can hold so many values. Raises ValueError.

    Multiplying numbers of thousands of digits holds the interpreter for seconds.
    """
    count = 1
    for dimension in shape:
        if type(dimension) is not int or not 0 <= dimension < _MOST_INTEGER:
            raise ValueError("a dimension is no number of values")
        count *= dimension
        if count > most:
            raise ValueError("a tensor claims to be larger than any file")
    return count


def _finding(path: str, severity: str, detail: str) -> SafetyFinding:
    return SafetyFinding(path, "safetensors", severity, detail)
