"""What the schema says of errors, headers and bodies, in one place for all routes."""

from typing import Any

from pydantic import BaseModel

from registry.api.models.accounts import SignInForm
from registry.api.models.requests import METADATA_EXAMPLE, InlinePackageBody, MetadataBody, ReplacementBody
from registry.api.models.search import RegexBody
from registry.api.models.service import ProblemModel
from registry.api.problems import HTTP_PROBLEMS, PROBLEM_MEDIA_TYPE, PROBLEMS

SCHEMA_ONLY_MODELS: tuple[type[BaseModel], ...] = (
    ProblemModel,
    InlinePackageBody,
    MetadataBody,
    ReplacementBody,
    RegexBody,
    SignInForm,
)
"""Models that routes name by reference only, so that the schema must be given them."""

_TITLES = {kind.status: kind.title for kind in [*HTTP_PROBLEMS.values(), *reversed(PROBLEMS.values())]} | {
    409: "The name is taken, the content cannot be served, or what is there does not allow it",
    422: "The request is not valid",
}
_RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route. Every route may also be asked for by a target that is too long
    (414), limited (429), broken (500) and without a store (503).
    """
    return {
        status: {
            "description": _TITLES[status],
            "headers": _HEADERS.get(status, {}),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": reference(ProblemModel)}},
        }
        for status in (*statuses, 414, 429, 500, 503)
    }


def header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


ETAG = {"ETag": header("strong; send it back as If-Match or If-None-Match", '"1"')}
LOCATION = {"Location": header("where the package is", "/package/01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60")}
LINK = {"Link": header('the next page, rel="next"', '</packages?limit=50&cursor=…>; rel="next"')}

# Without an example: Swagger UI would send it, and the change of a visitor would be refused.
IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": 'the ETag that was read, such as `"1"`; 412 when it has changed since',
    "schema": {"type": "string"},
}


BINARY_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/octet-stream": {
            "schema": {"type": "string", "contentMediaType": "application/octet-stream"},
            "example": "(the bytes of the part)",
        }
    },
}


def merge_patch_body(model: type[BaseModel]) -> dict[str, Any]:
    """The request body of PATCH, in both media types that it may come in."""
    described = {"schema": reference(model), "example": {"description": "A smaller BERT", "license": None}}
    return {"content": {"application/merge-patch+json": described, "application/json": described}}


def package_body(
    json_model: type[MetadataBody], multipart_model: type[MetadataBody], json_example: Any
) -> dict[str, Any]:
    """The request body of POST and PUT: multipart with `metadata` before `content`, or JSON."""
    return {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "metadata": reference(multipart_model),
                        "content": {"type": "string", "contentMediaType": "application/octet-stream"},
                    },
                    "required": ["metadata", "content"],
                    "additionalProperties": False,
                },
                "encoding": {"metadata": {"contentType": "application/json"}},
                "example": {"metadata": METADATA_EXAMPLE, "content": "(the file)"},
            },
            "application/json": {"schema": reference(json_model), "example": json_example},
        },
    }
