"""The bodies of POST and PUT on packages: metadata and content, from multipart or JSON, content as a stream."""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from registry.api.digests import announced_digests, verified
from registry.api.models.requests import InlinePackageBody, MetadataBody, ReplacementBody
from registry.api.multipart import MultipartStream, Part
from registry.api.state import state_of
from registry.api.strict_json import media_type_of, parse_json, read_limited, unsupported_media_type
from registry.domain.errors import FieldError, InvalidInput, TooLarge, json_pointer
from registry.formats.archives.kinds import SNIFF_BYTES, looks_like_archive
from registry.services.packages.content_names import KINDS
from registry.services.packages.intake import IncomingContent

MULTIPART = "multipart/form-data"
JSON = "application/json"
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")
# What nearly all clients send; the general parser takes 20 times as long.
_PLAIN_BOUNDARY = re.compile(r"multipart/form-data; ?boundary=([0-9A-Za-z_.-]{1,70})")
_Body = TypeVar("_Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client sent: validated metadata, and the content where there is one (read it to its end)."""

    metadata: MetadataBody
    content: IncomingContent | None

    def fingerprint_members(self) -> bytes:
        """What makes a repeated request the same, besides the bytes of its content."""
        members: dict[str, Any] = self.metadata.model_dump(mode="json", exclude={"content_base64"})
        content = self.content
        return orjson.dumps(
            [members, [content.filename, content.media_type] if content else None], option=orjson.OPT_SORT_KEYS
        )


def validated(model: type[_Body], value: object) -> _Body:
    """The body as `model`. Raises InvalidInput with a pointer for each mistake."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidInput(
            [
                FieldError(json_pointer(*found["loc"]), found["msg"].removeprefix("Value error, "))
                for found in error.errors()
            ]
        ) from None


async def new_package(request: Request) -> Submission:
    """A new package's metadata and content."""
    return await _submission(request, MetadataBody, InlinePackageBody)


async def replacement(request: Request) -> Submission:
    """New metadata, with new content where the body is multipart."""
    return await _submission(request, ReplacementBody, ReplacementBody)


async def _submission(
    request: Request, multipart_model: type[MetadataBody], json_model: type[MetadataBody]
) -> Submission:
    chunks = verified(request.stream(), announced_digests(request.headers))
    media_type = media_type_of(request)
    if media_type == MULTIPART:
        return await _from_multipart(request, chunks, multipart_model)
    if media_type == JSON:
        return await _from_json(request, chunks, json_model)
    raise unsupported_media_type(media_type, MULTIPART, JSON)


async def _from_json(request: Request, chunks: AsyncIterator[bytes], model: type[MetadataBody]) -> Submission:
    limits = state_of(request.scope).limits
    limit = limits.max_json_bytes
    if issubclass(model, InlinePackageBody):
        limit += limits.max_inline_bytes * 4 // 3 + 4
    body = await read_limited(chunks, limit=limit, announced=request.headers.get("content-length"))
    # Small bodies are parsed here; a large one would hold up every other request.
    value = parse_json(body) if len(body) < limits.max_json_bytes else await asyncio.to_thread(parse_json, body)
    metadata = validated(model, value)
    if not isinstance(metadata, InlinePackageBody) or metadata.content_base64 is None:
        return Submission(metadata, None)
    content = await asyncio.to_thread(_decoded, metadata.content_base64, limits.max_inline_bytes)
    suffix, sniffed = KINDS[looks_like_archive(content[:SNIFF_BYTES])]
    return Submission(
        metadata,
        IncomingContent(
            chunks=_once(content),
            filename=metadata.filename or metadata.name + suffix,
            media_type=metadata.media_type or sniffed,
            sha256=metadata.sha256,
        ),
    )


def _decoded(text: str, limit: int) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("not base64 (RFC 4648, with padding, no line breaks)", pointer="/content_base64") from None
    if len(content) > limit:
        raise TooLarge(f"content_base64 holds more than {limit} bytes; send multipart/form-data instead.")
    return content


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _from_multipart(request: Request, chunks: AsyncIterator[bytes], model: type[MetadataBody]) -> Submission:
    stream = MultipartStream(chunks, _boundary(request))
    head = await stream.next_part()
    if head is None or head.name != "metadata":
        raise InvalidInput(
            "the first part must be `metadata` (JSON), the second `content` (the file)", pointer="/metadata"
        )
    limit = state_of(request.scope).limits.max_json_bytes
    metadata = validated(model, parse_json(await read_limited(stream.data(), limit=limit, announced=None)))
    head = await stream.next_part()
    if head is None or head.name != "content":
        raise InvalidInput("the second part must be `content` (the file)", pointer="/content")
    return Submission(
        metadata,
        IncomingContent(
            chunks=_last_part(stream, chunks),
            filename=head.filename or metadata.name,
            media_type=_checked_media_type(head),
            sha256=metadata.sha256,
        ),
    )


async def _last_part(stream: MultipartStream, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in stream.data():
        yield chunk
    # The end is read too, so that a body cut short or with a wrong digest fails before anything is stored for good.
    if (extra := await stream.next_part()) is not None:
        raise InvalidInput(
            f"there is a third part, {extra.name!r}; send `metadata` and `content` only", pointer="/content"
        )
    async for _ in chunks:
        pass


def _boundary(request: Request) -> bytes:
    if match := _PLAIN_BOUNDARY.fullmatch(request.headers["content-type"]):
        return match[1].encode()
    header = Message()
    header["content-type"] = request.headers["content-type"]
    boundary = header.get_boundary("")
    if not 1 <= len(boundary) <= 70:
        raise HTTPException(400, "multipart/form-data needs a boundary of 1 to 70 characters in Content-Type.")
    return boundary.encode("latin-1", "replace")


def _checked_media_type(part: Part) -> str:
    # The value goes back out in a header: parameters and oddities are dropped.
    found = part.media_type.partition(";")[0].strip().lower()
    return found if _MEDIA_TYPE.fullmatch(found) else "application/octet-stream"
