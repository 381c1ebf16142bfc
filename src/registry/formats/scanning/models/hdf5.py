"""HDF5, in which older Keras keeps a model: the layers are JSON in the attribute `model_config`.

An attribute's text lies in one piece and uncompressed in the file, so that it can be read without following HDF5's
structures. What cannot be read so is reported.
"""

import re

from registry.domain.safety import FindingLevel
from registry.formats.scanning.models.json_files import json_findings, say_json
from registry.formats.scanning.sources import Source
from registry.formats.scanning.walk import Walk

_MAX_CONFIG_BYTES = 16 * 1024 * 1024
_MAX_CONFIGS = 200
_MAX_BYTES = 32 * 1024 * 1024
_MAX_UNREADABLE = 8
_BEGINS = re.compile(
    rb"""\{\s*"(?:class_name|module|name|config|registered_name|build_config|layers|backend|keras_version)"\s*:"""
)
_NAMES = re.compile(rb"(?:model_config|layer_config)\x00")
_LAMBDA = re.compile(rb""""class_name"\s*:\s*"(?:Lambda|__lambda__)\"""")


def scan_hdf5(walk: Walk, path: str, _name: str, source: Source) -> None:
    named = read = False
    count = at = spent = unreadable = 0
    for offset, data in source.pieces(overlap=64 * 1024):
        named = named or _NAMES.search(data) is not None
        if _LAMBDA.search(data):
            _say_lambda(walk, path, data)
        for match in _BEGINS.finditer(data):
            start = offset + match.start()
            if start < at:
                continue
            count += 1
            if count > _MAX_CONFIGS or spent > _MAX_BYTES or unreadable > _MAX_UNREADABLE:
                walk.collector.miss(path, "it holds too many configurations to look at")
                return
            text = _object_at(source, start)
            spent += len(text) if text else min(_MAX_CONFIG_BYTES, source.size - start)
            found = json_findings(text) if text else None
            if found is None or text is None:
                unreadable += 1
                continue
            read, at = True, start + len(text)
            say_json(walk, path, found, "keras")
    if named and not read:
        walk.collector.miss(path, "its model_config could not be read")


def _say_lambda(walk: Walk, path: str, data: bytes) -> None:
    code = b"function_type" not in data or re.search(rb'"function_type"\s*:\s*"lambda"|"__lambda__"', data)
    if code:
        walk.say(path, "keras", FindingLevel.DANGEROUS, "a Lambda layer holds Python code")
    else:
        walk.say(path, "keras", FindingLevel.SUSPICIOUS, "a Lambda layer calls a Python function")


def _object_at(source: Source, start: int) -> bytes | None:
    """The JSON object that begins at `start`, found by counting braces outside strings."""
    data = source.read(start, _MAX_CONFIG_BYTES)
    depth = 0
    for match in _TOKENS.finditer(data):
        token = match[0]
        if token == b"{":
            depth += 1
        elif token == b"}":
            depth -= 1
            if depth == 0:
                return data[: match.end()]
    return None


_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
