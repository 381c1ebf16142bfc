"""The bodies of POST and PUT on packages: metadata and content, from multipart or JSON, content as a stream."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from registry.api.digests import announced_digests, verified
from registry.api.json_text import parsed
from registry.api.models.requests import InlinePackageBody, MetadataBody, ReplacementBody
from registry.api.multipart import MultipartStream, boundary_of
from registry.api.state import state_of
from registry.api.strict_json import announced_length, media_type_of, read_limited, unsupported_media_type
from registry.domain.errors import FieldError, InvalidInput, TooLarge, json_pointer
from registry.formats.archives.kinds import SNIFF_BYTES, looks_like_archive
from registry.services.packages.content_names import KINDS
from registry.services.packages.intake import IncomingContent

MULTIPART = "multipart/form-data"
JSON = "application/json"
_FRAMING_BYTES = 64 * 1024
"""Boundaries and heads of parts, beside what is in them."""
_MAX_ERRORS = 100
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
                for found in error.errors()[:_MAX_ERRORS]
            ]
        ) from None


async def new_package(request: Request, body: AsyncIterator[bytes]) -> Submission:
    """A new package's metadata and content."""
    return await _submission(request, body, MetadataBody, InlinePackageBody)


async def replacement(request: Request, body: AsyncIterator[bytes]) -> Submission:
    """New metadata, with new content where the body is multipart."""
    return await _submission(request, body, ReplacementBody, ReplacementBody)


async def _submission(
    request: Request, body: AsyncIterator[bytes], multipart_model: type[MetadataBody], json_model: type[MetadataBody]
) -> Submission:
    chunks = verified(body, announced_digests(request.headers))
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
    body = await read_limited(chunks, limit=limit, announced=announced_length(request))
    metadata = validated(model, await parsed(body))
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
    limits, announced = state_of(request.scope).limits, announced_length(request)
    if announced is not None and announced > limits.max_package_bytes + limits.max_json_bytes + _FRAMING_BYTES:
        raise TooLarge(f"The content is larger than {limits.max_package_bytes} bytes.")
    stream = MultipartStream(chunks, boundary_of(request.headers["content-type"]))
    head = await stream.next_part()
    if head is None or head.name != "metadata":
        raise InvalidInput(
            "the first part must be `metadata` (JSON), the second `content` (the file)", pointer="/metadata"
        )
    document = await read_limited(stream.data(), limit=limits.max_json_bytes, announced=None)
    metadata = validated(model, await parsed(document))
    head = await stream.next_part()
    if head is None or head.name != "content":
        raise InvalidInput("the second part must be `content` (the file)", pointer="/content")
    return Submission(
        metadata,
        IncomingContent(
            chunks=_last_part(stream, chunks),
            filename=head.filename or metadata.name,
            media_type=head.media_type,
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
