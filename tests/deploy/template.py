"""The CloudFormation templates of deploy/aws, parsed: `!Ref X` becomes {"Ref": "X"}, other short forms likewise."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Json: TypeAlias = dict[str, Any]
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "aws"


class _Loader(yaml.SafeLoader):
    pass


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Json:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
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


def containers() -> dict[str, Json]:
    """The container of each task definition, by its name."""
    tasks = resources("AWS::ECS::TaskDefinition").values()
    return {container["Name"]: container for task in tasks for container in task["ContainerDefinitions"]}


def found(value: object) -> object:
    """What `!FindInMap` with fixed keys gives."""
    assert isinstance(value, dict)
    mapping, first, second = value["Fn::FindInMap"]
    return load("registry.yaml")["Mappings"][mapping][first][second]


def texts(value: object) -> Iterator[str]:
    """Every string inside a value, keys not included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def sdk_calls(adapter: str) -> set[str]:
    """The methods of the SDK's client that an adapter names, and what it presigns."""
    calls = set()
    for path in sorted((ROOT / "src" / "registry" / "adapters" / adapter).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                owner = node.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if name in ("client", "presigner"):
                    calls.add(node.attr)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "generate_presigned_url":
                assert isinstance(node.args[0], ast.Constant)
                calls.add(str(node.args[0].value))
    return calls - {"meta", "generate_presigned_url"}
