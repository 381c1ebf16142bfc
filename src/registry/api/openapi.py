"""The OpenAPI document: what FastAPI finds in the routes, completed by what it cannot see."""

import functools
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from registry.api.documentation import SCHEMA_ONLY_MODELS

DESCRIPTION = """\
A registry for packages – machine-learning models, datasets and code – that people can trust.

Sign in with **Authorize** (name and password), or send `Authorization: Bearer <token>` or, equally,
`X-Authorization: bearer <token>`. Errors are `application/problem+json` (RFC 9457); `GET /problems` explains each kind.
Lists come in pages: follow `next_cursor`, or the `Link` header. Every answer carries `X-Request-Id`.
"""
TAGS = [
    {"name": "packages", "description": "publish, find, download, change, delete"},
    {"name": "ratings", "description": "how good is it, why, and may a project use it"},
    {"name": "safety", "description": "what could run code in a package"},
    {"name": "search", "description": "by regular expression, and by words"},
    {"name": "hub", "description": "what Hugging Face clients read, with `HF_ENDPOINT` set to `/hf` here"},
    {"name": "uploads", "description": "large files in parts: resumable, several at a time"},
    {"name": "users", "description": "sign in and out, users, permissions and API tokens"},
    {"name": "audit", "description": "the log of all audit entries (admins)"},
    {"name": "webhooks", "description": "report what happens to other servers (admins)"},
    {"name": "service", "description": "health, metrics, kinds of problems, reset"},
]
_REQUEST_ID_HEADER = {
    "description": "the client's own id, or a fresh one; it stands in every log line of the request",
    "schema": {"type": "string"},
}


def operation_id(route: APIRoute) -> str:
    """The name of a route's function: what generated clients call the operation. A test holds them apart."""
    return route.name


def complete_schema(app: FastAPI) -> None:
    """Make `app.openapi()` give the whole document."""
    from_routes = app.openapi

    @functools.cache
    def openapi() -> dict[str, Any]:
        schema = from_routes()
        _add_models(schema)
        _drop_defaults(schema)
        _add_head(schema["paths"]["/package/{package_id}/content"])
        # By path, so that the document does not change with the order in which routes are tried.
        schema["paths"] = dict(sorted(schema["paths"].items()))
        for path in schema["paths"].values():
            for operation in path.values():
                _complete_operation(operation)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete_operation(operation: dict[str, Any]) -> None:
    # FastAPI's summary is the function's name; a docstring's first sentence says more.
    summary, _, rest = operation.pop("description").partition(".")
    operation["summary"] = summary
    if rest.strip():
        operation["description"] = rest.strip()
    for status, answer in operation["responses"].items():
        if answer["description"] == "Successful Response":
            answer["description"] = HTTPStatus(int(status)).phrase
        answer.setdefault("headers", {})["X-Request-Id"] = _REQUEST_ID_HEADER


def _add_models(schema: dict[str, Any]) -> None:
    _, definitions = models_json_schema(
        [(model, "validation") for model in SCHEMA_ONLY_MODELS], ref_template="#/components/schemas/{model}"
    )
    schema["components"]["schemas"] = dict(sorted({**definitions["$defs"], **schema["components"]["schemas"]}.items()))


def _add_head(path: dict[str, Any]) -> None:
    # HEAD is answered wherever GET is; here it is part of the contract, to learn size and digest before a download.
    get = path["get"]
    answers = {
        status: {name: member for name, member in answer.items() if name != "content"}
        for status, answer in get["responses"].items()
        if status != "206"
    }
    path["head"] = get | {
        "operationId": "read_content_headers",
        "description": "Learn size, name and digest of the content without downloading it.",
        "responses": answers,
    }


def _drop_defaults(schema: dict[str, Any]) -> None:
    # FastAPI's own validation error is never sent: every error is a problem document.
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
