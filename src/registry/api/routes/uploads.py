"""Uploads in parts."""

import hashlib
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from registry.api.authentication import Uploader
from registry.api.bounded import admitted_body
from registry.api.digests import announced_digests, verified
from registry.api.documentation import BINARY_BODY, ETAG, LOCATION, header, problems
from registry.api.idempotency import (
    IDEMPOTENCY_KEY,
    ResponseParts,
    decode_response,
    encode_response,
    hashed_key,
    scoped_key,
)
from registry.api.models.packages import PACKAGE_EXAMPLE, PackageModel
from registry.api.models.requests import ID_PATTERN, NEW_UPLOAD_EXAMPLE, NewUploadBody
from registry.api.models.uploads import NewUploadModel, UploadModel, VerifyingModel
from registry.api.routes.packages import created_answer, created_response
from registry.api.state import state_of
from registry.api.strict_json import StrictJsonRoute
from registry.domain.accounts import Caller
from registry.domain.documents import format_time
from registry.domain.errors import InvalidInput
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.packages import Package
from registry.domain.uploads import MAX_PARTS
from registry.services.packages.idempotency import IdempotentRequest
from registry.services.uploads.uploads import Announced, OpenUpload

UploadId = Annotated[str, Path(pattern=ID_PATTERN, examples=[PACKAGE_EXAMPLE["id"]])]
PartNumber = Annotated[int, Path(ge=1, le=MAX_PARTS, description="from 1 on", examples=[1])]
_RETRY_SECONDS = 2
_PART_ETAG = {"ETag": header("changes when the part's bytes do", '"9f86d0…"')}
_UPLOAD_LOCATION = {"Location": header("where the upload is", f"/uploads/{PACKAGE_EXAMPLE['id']}")}
_RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_CONTENT_DIGEST: dict[str, Any] = {
    "name": "Content-Digest",
    "in": "header",
    "required": False,
    "description": "RFC 9530, sha-256 of the part; 422 when other bytes arrive",
    "schema": {"type": "string"},
    "example": "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:",
}


def upload_routes() -> APIRouter:
    router = APIRouter(route_class=StrictJsonRoute, tags=["uploads"])
    router.add_api_route(
        "/uploads",
        begin_upload,
        methods=["POST"],
        status_code=201,
        response_model=NewUploadModel,
        responses={201: {"headers": _UPLOAD_LOCATION}, **problems(400, 401, 403, 409, 413, 415, 422)},
        openapi_extra={
            "parameters": [IDEMPOTENCY_KEY],
            "requestBody": {"content": {"application/json": {"example": NEW_UPLOAD_EXAMPLE}}},
        },
    )
    return router


def part_routes() -> APIRouter:
    """Apart from the others because their bodies are bytes, or nothing."""
    router = APIRouter(tags=["uploads"])
    router.add_api_route(
        "/uploads/{upload_id}/parts/{number}",
        put_part,
        methods=["PUT"],
        status_code=204,
        response_class=Response,
        responses={204: {"headers": _PART_ETAG}, **problems(401, 403, 404, 408, 409, 422)},
        openapi_extra={"parameters": [_CONTENT_DIGEST], "requestBody": BINARY_BODY},
    )
    router.add_api_route(
        "/uploads/{upload_id}",
        read_upload,
        methods=["GET"],
        response_model=UploadModel,
        responses=problems(401, 403, 404, 422),
    )
    router.add_api_route(
        "/uploads/{upload_id}/complete",
        complete_upload,
        methods=["POST"],
        status_code=201,
        response_model=PackageModel,
        responses={
            201: {"headers": ETAG | LOCATION},
            202: {
                "description": "the bytes are still being verified; ask again",
                "model": VerifyingModel,
                "headers": _UPLOAD_LOCATION | _RETRY_AFTER,
            },
            **problems(401, 403, 404, 409, 422),
        },
    )
    router.add_api_route(
        "/uploads/{upload_id}",
        abort_upload,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        responses=problems(401, 403, 404, 422),
    )
    return router


async def begin_upload(request: Request, caller: Uploader, body: NewUploadBody) -> Response:
    """Open an upload in parts.

    Every part has `part_size` bytes, the last may be shorter. They may be sent in any order and concurrently, each to
    its `url`; a part that is sent again replaces the first. `POST /uploads/{id}/complete` makes the package.
    Repeated with its `Idempotency-Key`, the request gives the same upload, with its addresses signed again; once that
    upload has ended, `parts` is empty.
    """
    announced = Announced(
        size=body.size,
        sha256=body.sha256.lower(),
        filename=body.filename,
        media_type=body.media_type,
    )
    uploads = state_of(request.scope).services.uploads
    opened = await uploads.begin(
        caller, body.metadata.value(), announced, idempotent=_idempotent(request, caller, body)
    )
    if isinstance(opened, IdempotencyRecord):  # without addresses
        opened = await uploads.find_begun(caller, opened.made_id) or opened
    status, headers, text = (
        decode_response(opened.response) if isinstance(opened, IdempotencyRecord) else _begun(opened)
    )
    return Response(text, status, headers=dict(headers), media_type="application/json")


def _idempotent(request: Request, caller: Caller, body: NewUploadBody) -> IdempotentRequest[OpenUpload] | None:
    key = scoped_key(request, caller)
    if key is None:
        return None
    members = orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return IdempotentRequest(
        key, lambda _: hashlib.sha256(members).hexdigest(), lambda opened: encode_response(_begun(opened))
    )


def _begun(opened: OpenUpload) -> ResponseParts:
    upload = opened.upload
    members = {
        "id": upload.id,
        "part_size": upload.part_size,
        "parts": _addresses(opened),
        "expires_at": format_time(upload.expires_at),
    }
    return 201, (("Location", f"/uploads/{upload.id}"),), orjson.dumps(members)


def _addresses(opened: OpenUpload) -> list[dict[str, object]]:
    return [
        {"number": number, "url": url or f"/uploads/{opened.upload.id}/parts/{number}"}
        for number, url in opened.missing
    ]


async def put_part(request: Request, upload_id: UploadId, number: PartNumber, caller: Uploader) -> Response:
    """Send a part: exactly its bytes. Sent again, it replaces what was there."""
    services = state_of(request.scope).services
    upload = await services.uploads.find(caller, upload_id)
    announced = request.headers.get("content-length")
    if announced is not None and number <= upload.part_count and announced != str(upload.part_bytes(number)):
        raise InvalidInput(f"part {number} has {upload.part_bytes(number)} bytes", pointer="/Content-Length")
    async with admitted_body(request) as body:
        part = await services.uploads.put_part(upload, number, verified(body, announced_digests(request.headers)))
    return Response(status_code=204, headers={"ETag": f'"{part.etag}"'})


async def read_upload(request: Request, upload_id: UploadId, caller: Uploader) -> Response:
    """The parts that are there and those that are missing, so that a client resumes. For its creator and admins."""
    opened = await state_of(request.scope).services.uploads.look(caller, upload_id)
    upload = opened.upload
    members = {
        "id": upload.id,
        "part_size": upload.part_size,
        "size": upload.size,
        "parts": [{"number": part.number, "size": part.size, "etag": part.etag} for part in opened.parts],
        "missing": _addresses(opened),
        "expires_at": format_time(upload.expires_at),
    }
    return Response(orjson.dumps(members), media_type="application/json")


async def complete_upload(request: Request, upload_id: UploadId, caller: Uploader) -> Response:
    """Make the package, once the SHA-256 of the whole is verified.

    Missing parts (`missing_parts` names them) or another digest are 422, and the upload stays open. Where reading the
    bytes takes longer than half a minute the answer is 202: ask again. Asked again after 201, it is the same answer.
    """
    idempotent: IdempotentRequest[Package] = IdempotentRequest(
        hashed_key(caller.account_id, "complete", upload_id),
        lambda _: hashed_key(upload_id),
        lambda package: encode_response(created_answer(package)),
    )
    published = await state_of(request.scope).services.uploads.complete(caller, upload_id, idempotent=idempotent)
    if published is None:
        headers = {"Location": f"/uploads/{upload_id}", "Retry-After": str(_RETRY_SECONDS)}
        body = orjson.dumps({"id": upload_id, "status": "verifying"})
        return Response(body, 202, headers=headers, media_type="application/json")
    return created_response(published)


async def abort_upload(request: Request, upload_id: UploadId, caller: Uploader) -> Response:
    """Drop an upload and all its parts."""
    await state_of(request.scope).services.uploads.abort(caller, upload_id)
    return Response(status_code=204)
