"""Cursors: where a listing goes on, in a form that clients can neither read nor change unnoticed.

A position may name a package that its holder must not know of: a page can end at one that is private. So a cursor is
base64url(AES-SIV(padded position)), with the listing as associated data, under a key derived from the signing key.
AES-SIV (RFC 5297) needs no nonce: the same place has the same cursor, also after a restart and on every host.
"""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from registry.domain.errors import InvalidInput

_BLOCK_BYTES = 64
"""Positions are padded to multiples of it, so that a cursor does not show how long a name is."""
_END = b"\xff"
"""Closes a position: UTF-8 has no such byte."""


class CursorCodec:
    """Seals positions for one kind of listing each: a cursor is good for the listing it was made for only."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"registry cursor v2" + secret).digest())

    def seal(self, listing: str, position: str) -> str:
        """The cursor for `position` of a listing; `listing` names route and filters."""
        closed = position.encode() + _END
        padded = closed + bytes(-len(closed) % _BLOCK_BYTES)
        return base64.urlsafe_b64encode(self._cipher.encrypt(padded, [listing.encode()])).rstrip(b"=").decode()

    def open(self, listing: str, cursor: str) -> str:
        """The position in a cursor. Raises InvalidInput for one that was changed or belongs to another listing."""
        try:
            sealed = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
            padded = self._cipher.decrypt(sealed, [listing.encode()])
            return padded.rstrip(b"\0").removesuffix(_END).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise InvalidInput(
                "not a cursor of this listing; use next_cursor of the page before with the same filters, or start "
                "without",
                pointer="/cursor",
            ) from None
