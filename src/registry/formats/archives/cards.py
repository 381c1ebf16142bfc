"""Facts in a model card's front matter (YAML between two lines `---`, as on Hugging Face), and in Python metadata.

The YAML is read as a stream of events and never built: no objects, no recursion, and aliases stay unexpanded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from registry.domain.packages import NAME_PATTERN, Dependency
from registry.formats.archives.licenses import known_license

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_WANTED = frozenset({"license", "license_name", "base_model", "datasets"})
_RELATIONS = {"base_model": "base_model", "datasets": "dataset"}
_NO_LICENSE = frozenset({"other", "unknown", "none"})
_LICENSE_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")
_LICENSE_EXPRESSION = re.compile(r"^License-Expression:[ \t]*([A-Za-z0-9.+() -]{1,200}?)[ \t]*\r?$", re.MULTILINE)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MAX_DEPTH = 16
_MAX_VALUES = 50
_MAX_NODES = 50_000
"""Cards with hundreds of evaluation results have 20,000; reading so many takes some 0.3 s."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where PyYAML has it: 15 times as fast as the one in Python."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    license: str | None = None
    dependencies: tuple[Dependency, ...] = ()


def read_card(text: str) -> CardFacts:
    """What the front matter of `text` states; nothing where there is none or it is no YAML."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return CardFacts()
    try:
        values = _top_level_values(match[1])
    except (yaml.YAMLError, ValueError):
        return CardFacts()
    dependencies = {
        Dependency(relation, name): None
        for key, relation in _RELATIONS.items()
        for name in values.get(key, [])
        if NAME_PATTERN.fullmatch(name)
    }
    return CardFacts(_license(values), tuple(dependencies))


def read_license_expression(metadata: str) -> str | None:
    """`License-Expression` of a Python package's METADATA or PKG-INFO (PEP 639)."""
    headers = metadata.replace("\r\n", "\n").split("\n\n", 1)[0]
    match = _LICENSE_EXPRESSION.search(headers)
    return match[1] if match else None


def _license(values: dict[str, list[str]]) -> str | None:
    """The one license that is stated. Of several, nobody says whether all hold or any may be chosen."""
    stated = values.get("license", [])
    if [text.lower() for text in stated] == ["other"]:
        stated = values.get("license_name", [])
    return stated_license(stated[0]) if len(stated) == 1 else None


def stated_license(name: str) -> str | None:
    """The SPDX id, or `LicenseRef-…`, for how a card names its license; None where that names none."""
    if name.lower() in _NO_LICENSE:
        return None
    if known := known_license(name):
        return known
    return f"LicenseRef-{name}" if _LICENSE_NAME.fullmatch(name) else None


def _top_level_values(text: str) -> dict[str, list[str]]:
    """The wanted members of the mapping in `text`: a scalar as a list of one, a list's scalars as they are."""
    found: dict[str, list[str]] = {}
    values: list[str] | None = None
    expects_key, in_list = True, False
    for depth, event in _nodes(text):
        scalar = event.value if isinstance(event, yaml.ScalarEvent) else None
        if depth == 0 and not isinstance(event, yaml.MappingStartEvent):
            return {}
        if depth == 1 and expects_key:
            values = found.setdefault(scalar, []) if scalar in _WANTED else None
            expects_key, in_list = False, False
            continue
        if depth == 1:
            expects_key, in_list = True, isinstance(event, yaml.SequenceStartEvent)
        wanted_here = depth == 1 or (depth == 2 and in_list)
        if wanted_here and values is not None and scalar is not None and scalar not in _NULLS:
            values.append(scalar)
            del values[_MAX_VALUES:]
    return found


def _nodes(text: str) -> Iterator[tuple[int, yaml.NodeEvent]]:
    """The nodes of the first document with their depth. Raises YAMLError, ValueError for what is no card."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.NodeEvent):
            yield depth, event
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentEndEvent):
            return
        if depth > _MAX_DEPTH or number > _MAX_NODES:
            raise ValueError("too deep or too long for a model card")
