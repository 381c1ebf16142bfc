"""safetensors: data and no code, if the tensors fill the file (https://huggingface.co/docs/safetensors/#format)."""

import orjson

from registry.formats.scanning.sources import Source
from registry.formats.scanning.walk import Walk

_MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""
_PARSED_BYTES = 16 * 1024 * 1024


def scan_safetensors(walk: Walk, path: str, _name: str, source: Source) -> None:
    """What does not fit the format was not read as safetensors, and may be something else."""
    length = int.from_bytes(source.read(0, 8), "little")
    if length > _MAX_HEADER_BYTES or 8 + length > source.size:
        walk.collector.miss(path, "its safetensors header is longer than the file or the format allow")
    elif length > _PARSED_BYTES:
        walk.collector.miss(path, "its safetensors header is too long to look at")
    elif not _fills(source.read(8, length), source.size - 8 - length):
        walk.collector.miss(path, "it is no sound safetensors file")


def _fills(header: bytes, size: int) -> bool:
    """Whether the tensors lie one after another over all bytes after the header."""
    try:
        tensors = orjson.loads(header)
        places = sorted(tuple(it["data_offsets"]) for name, it in tensors.items() if name != "__metadata__")
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return False
    reached = 0
    for place in places:
        if len(place) != 2 or place[0] != reached or not isinstance(place[1], int) or place[1] < reached:
            return False
        reached = place[1]
    return reached == size
