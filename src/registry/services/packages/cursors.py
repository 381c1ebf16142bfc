"""Cursors: where a listing goes on, in a form that clients cannot read meaning into or change unnoticed.

A cursor is base64url(payload + tag). The tag is a truncated HMAC-SHA256 under a key derived from the signing key, so
cursors live through restarts and are good on every host.
"""

import base64
import binascii
import hashlib
import hmac

from registry.domain.errors import InvalidInput

_TAG_BYTES = 12  # 96 bits: a forger gets a page at a wrong place, nothing more


class CursorCodec:
    """Seals positions for one kind of listing each: a cursor is good for the listing it was made for only."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"registry cursor v1" + secret).digest()

    def _tag(self, listing: str, position: bytes) -> bytes:
        message = len(listing.encode()).to_bytes(4, "big") + listing.encode() + position
        return hmac.digest(self._key, message, "sha256")[:_TAG_BYTES]

    def seal(self, listing: str, position: str) -> str:
        """The cursor for `position` of a listing; `listing` names route and filters."""
        payload = position.encode()
        return base64.urlsafe_b64encode(self._tag(listing, payload) + payload).rstrip(b"=").decode()

    def open(self, listing: str, cursor: str) -> str:
        """The position in a cursor. Raises InvalidInput for one that was changed or belongs to another listing."""
        try:
            sealed = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
            tag, payload = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
            if hmac.compare_digest(tag, self._tag(listing, payload)):
                return payload.decode()
        except (binascii.Error, ValueError):
            pass
        raise InvalidInput(
            "not a cursor of this listing; use next_cursor of the page before with the same filters, or start without",
            pointer="/cursor",
        )
