"""openapi.yaml is what the application serves, and says all that a client needs to know."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from tests.api.server import RunningServer
from tests.api.support import connect
from tests.docs.conftest import ROOT

Document = dict[str, Any]
ALWAYS = {"429", "500", "503"}
OF_BODIES = {"400", "413", "415", "422"}
METHODS = {"get", "head", "put", "post", "patch", "delete"}


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with connect(server.url) as anonymous:
        yield anonymous


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        for method in item.keys() & METHODS:
            yield f"{method.upper()} {path}", item[method]


def takes_bytes(operation: Document) -> bool:
    """Whether the body is bytes as they are: nothing can be malformed, and nothing needs an example."""
    return list(operation.get("requestBody", {}).get("content", {})) == ["application/octet-stream"]


def examples_of(rooted: Document) -> list[Any]:
    """The examples of the component that the schema refers to."""
    examples: list[Any] = rooted["components"]["schemas"][rooted["$ref"].rpartition("/")[2]]["examples"]
    return examples


def test_file_is_what_is_served(document: Document, client: httpx.Client) -> None:
    assert client.get("/openapi.json").json() == document


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_dump_is_the_same_each_time(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "registry", "openapi", "--check", "openapi.yaml"],
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if not name.startswith("REGISTRY_")}
        | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_document_is_valid(document: Document) -> None:
    validate(document)


def test_operations_read_well(document: Document) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for where, operation in operations(document):
        assert re.fullmatch(r"[a-z]+(_[a-z]+){1,2}", operation["operationId"]), where
        assert 5 <= len(operation["summary"]) <= 100, where
        assert operation["tags"], where


def test_every_error_answer_is_told(document: Document) -> None:
    for where, operation in operations(document):
        told = operation["responses"].keys()
        expected = set(ALWAYS)
        if "security" in operation:
            expected |= {"401"}
        if "security" in operation and where not in ("DELETE /auth/token", "GET /whoami"):
            expected |= {"403"}
        if "requestBody" in operation and not takes_bytes(operation):
            expected |= OF_BODIES
        if operation.get("parameters"):
            expected |= {"422"}
        assert expected <= told, where


def test_errors_are_problem_documents(document: Document) -> None:
    problem = {"schema": {"$ref": "#/components/schemas/ProblemModel"}}
    for where, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status < "400" or where.startswith("HEAD") or (where, status) == ("GET /health/ready", "503"):
                continue
            assert answer["content"] == {"application/problem+json": problem}, f"{where} {status}"


def test_every_answer_has_the_request_id(document: Document) -> None:
    for where, operation in operations(document):
        for status, answer in operation["responses"].items():
            assert "X-Request-Id" in answer["headers"], f"{where} {status}"


def test_every_request_has_an_example_that_fits_its_schema(document: Document) -> None:
    for where, operation in operations(document):
        if takes_bytes(operation):
            continue
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            rooted = {**content["schema"], "components": document["components"]}
            example = content.get("example") or examples_of(rooted)[0]
            found = [error.message for error in OAS31Validator(rooted).iter_errors(example)]
            assert not found, f"{where} {media_type}: {found}"


def test_examples_in_schemas_fit_them(document: Document) -> None:
    seen = 0
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            rooted = {**schema, "components": document["components"]}
            found = [error.message for error in OAS31Validator(rooted).iter_errors(example)]
            assert not found, f"{name}: {found}"
            seen += 1
    assert seen


def test_required_parameters_have_examples(document: Document) -> None:
    for where, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if parameter["required"]:
                assert parameter.get("examples") or parameter["schema"].get("examples"), f"{where} {parameter['name']}"
