"""JSON that makes a loader run code: `auto_map`, Keras layers with Python in them, chat templates."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from registry.domain.safety import FindingLevel
from registry.formats.scanning.models.templates import template_findings
from registry.formats.scanning.pickles.policy import Judgement, judge

Found = tuple[FindingLevel, str]
MAX_JSON_BYTES = 16 * 1024 * 1024
_MAX_NODES = 5_000_000
_CODE_LAYERS = ("Lambda", "TFOpLambda", "SlicingOpLambda")
_CODE_KEYS = ("__lambda__",)
HINTS = re.compile(
    rb"""(?x) " (?: auto_map | chat_template | trust_remote_code | class_name ) " \s* : \s* [\["{t]
       | \\u00 (?: 5[fF] | [46][1-9a-fA-F] | [57][0-9aA] )"""
)
"""A key that loaders act on with such a value, or a letter in an escape. In vocabularies such keys have numbers."""


def json_findings(data: bytes) -> list[Found] | None:
    """What a JSON text says that loaders act on; None where it is no JSON."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return list(dict.fromkeys(_walk(value)))


def _walk(root: Any) -> Iterator[Found]:
    stack, seen = [root], 0
    while stack:
        value = stack.pop()
        seen += 1
        if seen > _MAX_NODES:
            yield FindingLevel.SUSPICIOUS, "it has too many values to look at"
            return
        if isinstance(value, dict):
            yield from _object(value)
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
    if isinstance(module, str) and not module.startswith("keras"):
        target = config if name == "function" and isinstance(config, str) else name
        if judge(module, target) is Judgement.DENIED:
            yield FindingLevel.DANGEROUS, f"it makes a loader call {module}.{target}"[:200]


def _holds_code(config: object) -> bool:
    """Whether a Lambda's function is marshalled bytecode rather than a name."""
    if not isinstance(config, dict):
        return False
    function = config.get("function")
    if isinstance(function, dict):
        return function.get("class_name") == "__lambda__"
    kind = config.get("function_type")
    return kind == "lambda" or (kind is None and isinstance(function, list) and bool(function))
