"""JSON that makes a loader run code: `auto_map`, Keras layers with Python in them, chat templates."""

import base64
import binascii
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from registry.domain.safety import FindingLevel
from registry.formats.scanning.models.places import leads_outside
from registry.formats.scanning.models.templates import template_findings
from registry.formats.scanning.pickles.policy import Judgement, judge
from registry.formats.scanning.sources import Source
from registry.formats.scanning.walk import Walk

Found = tuple[FindingLevel, str]
MAX_JSON_BYTES = 16 * 1024 * 1024
_MAX_NODES = 5_000_000
_CODE_LAYERS = ("Lambda", "TFOpLambda", "SlicingOpLambda")
_CODE_KEYS = ("__lambda__",)
_LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup", "Hashing")
_PICKLED = "TorchModuleWrapper"
_NOT_FOR_MODELS = re.compile(r"keras(?:\.src)?\.(?:utils|saving|datasets|applications|config|backend)(?:\.\w+)*")
"""Modules of Keras whose functions load files and change settings (CVE-2025-8747)."""
_OPERATIONS_ON_FILES = re.compile(r"\bio\.|read_file|write_file|matching_files|py_func|numpy_function|load_op_library")
HINTS = re.compile(
    rb"""(?x) " (?: auto_map | chat_template | trust_remote_code | class_name ) " \s* : \s* [\["{t]
       | \\u00 (?: 5[fF] | [46][1-9a-fA-F] | [57][0-9aA] )"""
)
"""A key that loaders act on with such a value, or a letter in an escape. In vocabularies such keys have numbers."""


@dataclass(frozen=True, slots=True)
class JsonFindings:
    """What a JSON text says that loaders act on, and the bytes in it that they load as files."""

    said: tuple[Found, ...]
    files: tuple[bytes, ...]


def json_findings(data: bytes) -> JsonFindings | None:
    """What loaders do with a JSON text; None where it is no JSON."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    files: list[bytes] = []
    return JsonFindings(tuple(dict.fromkeys(_walk(value, files))), tuple(files))


def say_json(walk: Walk, path: str, found: JsonFindings, scanner: str) -> None:
    """Report what was found, and scan the files."""
    for level, detail in found.said:
        walk.say(path, scanner, level, detail)
    for data in found.files:
        walk.scan_file(path, Source(io.BytesIO(data), len(data)), depth=1, name="")


def _walk(root: Any, files: list[bytes]) -> Iterator[Found]:
    stack, seen = [root], 0
    while stack:
        value = stack.pop()
        seen += 1
        if seen > _MAX_NODES:
            yield FindingLevel.SUSPICIOUS, "it has too many values to look at"
            return
        if isinstance(value, dict):
            yield from _object(value)
            files += _pickled(value)
            stack.extend(item for item in value.values() if isinstance(item, dict | list))
        elif isinstance(value, list):
            stack.extend(item for item in value if isinstance(item, dict | list))


def _object(value: dict[str, Any]) -> Iterator[Found]:
    if value.get("auto_map"):
        yield FindingLevel.SUSPICIOUS, "`auto_map` makes a loader import Python from the package (trust_remote_code)"
    if value.get("trust_remote_code") is True:
        yield FindingLevel.SUSPICIOUS, "it asks the loader to trust remote code"
    for key in ("chat_template", "template"):
        if isinstance(text := value.get(key), str):
            yield from template_findings(text)
    if isinstance(templates := value.get("chat_template"), list | dict):
        for item in templates.values() if isinstance(templates, dict) else templates:
            if isinstance(item, str):
                yield from template_findings(item)
    yield from _layer(value)


def _layer(value: dict[str, Any]) -> Iterator[Found]:
    """Keras names what it makes in `class_name`, `module` and `registered_name` (CVE-2024-3660, CVE-2025-1550)."""
    name, module, config = value.get("class_name"), value.get("module"), value.get("config")
    if not isinstance(name, str):
        return
    if name in _CODE_KEYS:
        yield FindingLevel.DANGEROUS, "a Lambda layer holds Python code"
    elif name == _CODE_LAYERS[0]:
        code = _holds_code(config)
        text = "a Lambda layer holds Python code" if code else "a Lambda layer calls a Python function"
        yield (FindingLevel.DANGEROUS if code else FindingLevel.SUSPICIOUS), text
    if isinstance(module, str):
        target = config if name == "function" and isinstance(config, str) else name
        helps = _NOT_FOR_MODELS.fullmatch(module) is not None and not target[:1].isupper()
        if helps or (not module.startswith("keras") and judge(module, target) is Judgement.DENIED):
            yield FindingLevel.DANGEROUS, f"it makes a loader call {module}.{target}"[:200]
    if isinstance(config, dict):
        yield from _configured(name, config)


def _configured(name: str, config: dict[str, Any]) -> Iterator[Found]:
    """Layers that reach beyond the model by what they are given (CVE-2025-12058, CVE-2025-49655)."""
    vocabulary, function = config.get("vocabulary"), config.get("function")
    if name in _LOOKUPS and isinstance(vocabulary, str) and leads_outside(vocabulary):
        yield FindingLevel.DANGEROUS, f"its vocabulary is read from outside its folder: {vocabulary[:150]}"
    if name in _CODE_LAYERS[1:] and isinstance(function, str) and _OPERATIONS_ON_FILES.search(function):
        yield FindingLevel.DANGEROUS, f"a layer calls {function[:150]}"
    if name == _PICKLED and isinstance(config.get("module"), str):
        yield FindingLevel.SUSPICIOUS, "a layer is a module of PyTorch, which a loader unpickles"


def _pickled(value: dict[str, Any]) -> Iterator[bytes]:
    """The file in a layer that holds one in base64."""
    config = value.get("config")
    text = config.get("module") if value.get("class_name") == _PICKLED and isinstance(config, dict) else None
    if isinstance(text, str):
        try:
            yield base64.b64decode(text)
        except (binascii.Error, ValueError):
            return


def _holds_code(config: object) -> bool:
    """Whether a Lambda's function is marshalled bytecode rather than a name."""
    if not isinstance(config, dict):
        return False
    function = config.get("function")
    if isinstance(function, dict):
        return function.get("class_name") == "__lambda__"
    kind = config.get("function_type")
    return kind == "lambda" or (kind is None and isinstance(function, list) and bool(function))
