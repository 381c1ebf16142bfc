"""Reading YAML that strangers wrote, as far as metadata needs it: mappings, lists, texts, numbers, booleans, null.

It is read as a stream of events. Aliases (which expand without bound), tags, and nesting deeper than 24 levels (which
costs the scanner quadratic time) end the reading at once: such text is no metadata.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

MAX_DEPTH = 24
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False, ".nan": float("nan")}


class _NotPlain(Exception):
    """YAML of a form that is not read."""


def read_yaml(text: str) -> Any:
    """The first document's value, None where it is none or of a form that is not read."""
    try:
        events = yaml.parse(text, Loader=_LOADER)
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                return _value(event, events, MAX_DEPTH)
    except (yaml.YAMLError, _NotPlain):
        pass
    return None


def _value(event: yaml.NodeEvent, events: Iterator[Any], depth: int) -> Any:
    """The value that begins with `event`. Raises _NotPlain for what is not read."""
    if depth == 0 or isinstance(event, yaml.AliasEvent):
        raise _NotPlain("not plain metadata")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if getattr(event, "tag", None) is not None:
        raise _NotPlain("tags are not read")
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_value(item, events, depth - 1))
        return items
    members = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise _NotPlain("keys are scalars")
        members[key.value] = _value(next(events), events, depth - 1)
    return members


def _scalar(event: yaml.ScalarEvent) -> Any:
    if event.tag is not None:
        raise _NotPlain("tags are not read")
    text: str = event.value
    if not event.implicit[0]:
        return text  # in quotes, or a block
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
