"""Reads the CloudFormation templates of this folder: `!Ref X` becomes {"Ref": "X"}, other short forms likewise."""

from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Json: TypeAlias = dict[str, Any]
FOLDER = Path(__file__).parent


class _Loader(yaml.SafeLoader):
    pass


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Json:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


@cache
def load(name: str) -> Json:
    """A template by its file name."""
    template: Json = yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    return template


def resources(kind: str, name: str = "registry.yaml") -> dict[str, Json]:
    """The properties of all resources of a type, by logical id."""
    return {
        logical: resource.get("Properties", {})
        for logical, resource in load(name)["Resources"].items()
        if resource["Type"] == kind
    }


def found(value: Json) -> Any:
    """What `!FindInMap` gives, with default parameters."""
    mapping, first, second = value["Fn::FindInMap"]
    key = load("registry.yaml")["Parameters"][first["Ref"]]["Default"] if isinstance(first, dict) else first
    return load("registry.yaml")["Mappings"][mapping][key][second]
