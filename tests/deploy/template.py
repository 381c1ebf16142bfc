"""The CloudFormation templates of deploy/aws, parsed, and what tests ask of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from deploy.aws.template import FOLDER, Json, found, load, resources

__all__ = ["FOLDER", "ROOT", "Json", "containers", "found", "load", "resources", "sdk_calls", "texts"]
ROOT = Path(__file__).parents[2]


def containers() -> dict[str, Json]:
    """The container of each task definition, by its name."""
    tasks = resources("AWS::ECS::TaskDefinition").values()
    return {container["Name"]: container for task in tasks for container in task["ContainerDefinitions"]}


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
