"""Which calls of AWS the registry makes, in which role: recorded while tests run, as what IAM asks for each.

Only calls that an adapter makes are recorded, not those of tests. A process writes each kind of call once, into a file
of its own in the folder that AWS_CALLS_FOLDER names.
"""

import functools
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.engines.startup_environment import RECORDED_AWS_CALLS

FOLDER = "AWS_CALLS_FOLDER"
_ADAPTERS = f"{os.sep}registry{os.sep}adapters{os.sep}"
_ROLES = {"serve": "ApiRole", "worker": "WorkerRole"}
_COMMANDS = {"tables", "bucket", "maintenance", "names", "audit", "users"}
LIBRARY = "any"
"""The role of calls in the tests' own process: some role has to allow them."""
Call = tuple[str, str, str]
"""A role, an action of IAM, and a kind of resource: table, index, bucket, object or distribution."""

_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
# S3's calls whose action has another name (Amazon S3's part of the service authorization reference, 2026-11).
_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}

_METHODS = {"PUT": "PutObject", "DELETE": "DeleteObject", "HEAD": "HeadObject"}
"""The operation of S3 for a method that is sent about an object without the SDK."""


def recording_environment() -> dict[str, str]:
    """For a server that a test starts, while calls are recorded."""
    folder = os.environ.get(FOLDER)
    return {} if folder is None else {FOLDER: folder, **RECORDED_AWS_CALLS}


def asked_of_iam(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Actions and kinds of resources for one call of the SDK."""
    if service == "dynamodb":
        kind = "index" if "IndexName" in parameters else "table"
        if operation == "TransactWriteItems":
            for item in parameters["TransactItems"]:
                for verb in item:
                    yield f"dynamodb:{_TRANSACTION[verb]}", kind
        else:
            yield f"dynamodb:{operation}", kind
    elif service == "cloudfront":
        yield f"cloudfront:{operation}", "distribution"
    elif operation == "UploadPartCopy":
        yield "s3:GetObject", "object"
        yield "s3:PutObject", "object"
    else:
        yield f"s3:{_S3.get(operation, operation)}", "object" if "Key" in parameters else "bucket"


@functools.cache
def record_calls() -> None:
    """Record the calls of this process from now on."""
    from aiobotocore import signers
    from aiobotocore.client import AioBaseClient

    from registry.adapters.dynamodb.direct import DirectClient
    from registry.adapters.s3.direct import DirectObjects

    seen: set[Call] = set()
    folder = Path(os.environ[FOLDER])
    client_class: Any = AioBaseClient
    call, presign, direct = client_class._make_api_call, signers.generate_presigned_url, DirectClient._call
    direct_object = DirectObjects._call

    def note(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        if service not in ("cloudfront", "dynamodb", "s3") or not _is_of_an_adapter():
            return
        for action, kind in asked_of_iam(service, operation, parameters):
            found = (_role(), action, kind)
            if found not in seen:
                seen.add(found)
                with (folder / f"{os.getpid()}.txt").open("a") as record:
                    record.write(" ".join(found) + "\n")

    async def make_api_call(self: Any, operation_name: str, api_params: Mapping[str, Any]) -> Any:
        note(self.meta.service_model.service_name, operation_name, api_params)
        return await call(self, operation_name, api_params)

    async def generate_presigned_url(self: Any, ClientMethod: str, Params: Any = None, **rest: Any) -> Any:  # noqa: N803
        note(self.meta.service_model.service_name, self._PY_TO_OP_NAME[ClientMethod], Params or {})
        return await presign(self, ClientMethod, Params, **rest)

    async def call_directly(self: Any, operation: str, /, **parameters: Any) -> Any:
        note("dynamodb", operation, parameters)
        return await direct(self, operation, **parameters)

    async def call_object_directly(self: Any, method: str, key: str, *rest: Any) -> Any:
        note("s3", _METHODS[method], {"Key": key})
        return await direct_object(self, method, key, *rest)

    DirectClient._call = call_directly  # type: ignore[method-assign]
    DirectObjects._call = call_object_directly  # type: ignore[assignment, method-assign]
    client_class._make_api_call = make_api_call
    signers.generate_presigned_url = generate_presigned_url  # type: ignore[assignment]


def recorded(folder: Path) -> set[Call]:
    """All that was recorded, by whichever process."""
    calls = set()
    for path in folder.glob("*.txt"):
        for line in path.read_text().splitlines():
            role, action, kind = line.split()
            calls.add((role, action, kind))
    return calls


def _is_of_an_adapter() -> bool:
    frame = sys._getframe(2)
    while frame.f_back is not None:
        if _ADAPTERS in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _role() -> str:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in _ROLES:
        return _ROLES[command]
    return "OperatorRole" if command in _COMMANDS else LIBRARY
