"""The addresses of repositories. They are matched as they were sent: an escaped slash separates nothing."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.types import Scope

from registry.domain.packages import PackageType

HUB_PREFIX = "/hf"
KINDS = {"models": PackageType.MODEL, "datasets": PackageType.DATASET}


def is_hub(scope: Scope) -> bool:
    """Whether a request comes from a Hugging Face client."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    # As the router sees it: without the folder that the registry is served under, where the path has it.
    if path == root or path.startswith(root + "/"):
        path = path[len(root) :]
    return path.startswith(HUB_PREFIX + "/")


def with_raw_path(scope: Scope) -> Scope:
    """The request with its path as it was sent. Routes decode each of their parameters once."""
    raw: bytes | None = scope.get("raw_path")
    return scope if raw is None else {**scope, "path": raw.decode("ascii", "replace")}


class _RepositoryConvertor(StringConvertor):
    """`name` or `namespace/name`."""

    regex = "[^/]+(?:/[^/]+)?"


class _KindConvertor(StringConvertor):
    regex = "|".join(KINDS)


def register_convertors() -> None:
    """Make `{…:repository}` and `{…:kind}` known to the router."""
    register_url_convertor("repository", _RepositoryConvertor())
    register_url_convertor("kind", _KindConvertor())


def _kind(text: Any) -> Any:
    return KINDS.get(text, text)


Kind = Annotated[
    PackageType,
    BeforeValidator(_kind),
    WithJsonSchema({"type": "string", "enum": list(KINDS), "examples": ["models"]}),
    Path(),
]
Repository = Annotated[
    str, Path(description="its slash is not escaped", examples=["acme/bert"]), AfterValidator(unquote)
]
RevisionName = Annotated[
    str,
    Path(description="`main`, an alias, a version, a package id or a commit", examples=["main"]),
    AfterValidator(unquote),
]
Folder = Annotated[str, Path(examples=["weights"]), AfterValidator(unquote)]
