"""The front matter of a model card: YAML between two lines `---` at the beginning, as on Hugging Face.

Untrusted text, so the YAML is read as a stream of events and no object is ever built from it. Mappings, lists, texts,
numbers, booleans and null are read. An alias (which may expand without bound) or a tagged value is read as null. Text
that is no YAML, says a key twice, or is too deep or too long has no value at all: half of it would be a guess.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

from registry.domain.packages import MAX_README_BYTES
from registry.domain.readmes import cut_front_matter

MAX_FRONT_MATTER_CHARACTERS = MAX_README_BYTES
"""Cards with hundreds of evaluation results have 150,000 characters of it."""
MAX_DEPTH = 24
"""Nesting costs the scanner quadratic time."""
MAX_NODES = 50_000
"""Cards with hundreds of evaluation results have 20,000; reading so many takes some 0.3 s."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where PyYAML has it: 15 times as fast as the one in Python."""
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False, ".nan": float("nan")}


@lru_cache(maxsize=2)  # a publish asks twice for one README: for what it says, and for its license
def split_front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    """The front matter and what follows it; an empty mapping where there is none that can be read."""
    metadata, rest = cut_front_matter(text)
    if metadata is None or len(metadata) > MAX_FRONT_MATTER_CHARACTERS:
        return {}, text.removeprefix("\ufeff")
    front = read_yaml(metadata)
    return front if isinstance(front, dict) else {}, rest


def front_matter_json(text: str) -> str:
    """The front matter of a card as a JSON object, numbers that JSON has not as null. Runs as an isolated job."""
    front, _ = split_front_matter(text)
    return json.dumps(_finite(dict(front)), ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def names(front: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The texts under `key`: a text or a list of texts; what is no text is left out."""
    value = front.get(key)
    items = value if isinstance(value, list) else [value]
    return tuple(item.strip() for item in items if isinstance(item, str) and item.strip())


def stated_licenses(front: Mapping[str, Any]) -> tuple[str, ...]:
    """The licenses that a card states, as it writes them."""
    stated = names(front, "license")
    if [text.lower() for text in stated] == ["other"]:
        # The hub's cards write `other` and then the name that the license gives itself.
        stated = names(front, "license_name") or stated
    return stated


def stated_license(front: Mapping[str, Any]) -> str | None:
    """The one license that a card states, as it writes it. Of several, nobody says whether all hold or any will do."""
    stated = stated_licenses(front)
    return stated[0] if len(stated) == 1 else None


def read_yaml(text: str) -> Any:
    """The first document's value, None where it is none or of a form that is not read."""
    try:
        return _Reader(text).value()
    except (yaml.YAMLError, ValueError):
        return None


class _Reader:
    """Reads the first document's events. Raises YAMLError, and ValueError for YAML that is no metadata."""

    def __init__(self, text: str) -> None:
        self._nodes = 0
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def value(self) -> Any:
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                return self._value(event, MAX_DEPTH)
        return None

    def _value(self, event: yaml.NodeEvent, depth: int) -> Any:
        self._nodes += 1
        if depth == 0 or self._nodes > MAX_NODES:
            raise ValueError("too deep or too long for metadata")
        value: Any
        if isinstance(event, yaml.SequenceStartEvent):
            value = self._items(depth)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._members(depth)
        else:
            value = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
        return value if getattr(event, "tag", None) is None else None

    def _items(self, depth: int) -> list[Any]:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, depth - 1))
        return items

    def _members(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            self._value(key, depth - 1)
            value = self._value(next(self._events), depth - 1)
            if not isinstance(key, yaml.ScalarEvent):
                continue
            if key.value in members:
                raise ValueError(f"{key.value!r} is said twice")
            members[key.value] = value
        return members


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text  # in quotes, or a block
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
