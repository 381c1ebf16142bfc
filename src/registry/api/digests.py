"""Digest fields of requests and answers (RFC 9530), sha-256 only."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import AsyncIterator

from starlette.datastructures import Headers

from registry.domain.errors import DigestMismatch, InvalidInput

# A dictionary member with a byte sequence, parameters allowed (RFC 9651, section 3.2).
_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?: *;[^,]*)?")


def repr_digest(sha256: str) -> str:
    """The value of Repr-Digest for a hex SHA-256."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def announced_digests(headers: Headers) -> list[tuple[str, bytes]]:
    """The sha-256 that the request announces, by header. Other algorithms are ignored. Raises InvalidInput."""
    announced = []
    for name in ("content-digest", "repr-digest"):
        for value in headers.getlist(name):
            for algorithm, encoded in _members(value, name):
                if algorithm == "sha-256":
                    announced.append((name, _decoded(encoded, name)))
    return announced


def _members(value: str, name: str) -> list[tuple[str, str]]:
    members = []
    for member in value.split(","):
        match = _MEMBER.fullmatch(member.strip())
        if match is None:
            raise InvalidInput("write it like sha-256=:BASE64:", pointer=f"/{name}")
        members.append((match[1], match[2]))
    return members


def _decoded(encoded: str, name: str) -> bytes:
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise InvalidInput("a sha-256 has 32 bytes in base64", pointer=f"/{name}")
    return digest


async def verified(chunks: AsyncIterator[bytes], announced: list[tuple[str, bytes]]) -> AsyncIterator[bytes]:
    """The body, hashed on its way where the client announced a digest. Raises DigestMismatch at its end."""
    if not announced:
        async for chunk in chunks:
            yield chunk
        return
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
        yield chunk
    for name, expected in announced:
        if not hmac.compare_digest(expected, digest.digest()):
            raise DigestMismatch("the body that arrived has another digest; nothing was stored", pointer=f"/{name}")
