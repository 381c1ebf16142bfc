"""API tokens: credentials of programs, each with a lifetime, permissions and names of its own.

A token is `reg_`, 43 digits of base 62 for 256 random bits, and 6 for the CRC-32 of those 43 characters. The prefix and
the checksum let secret scanners recognise it, and a mistyped one is refused without a question to the store.
"""

import hashlib
import secrets
import string
import zlib

PREFIX = "reg_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_BITS = 256
_RANDOM_DIGITS = 43
_CHECKSUM_DIGITS = 6
_LENGTH = len(PREFIX) + _RANDOM_DIGITS + _CHECKSUM_DIGITS
_SHOWN_CHARACTERS = len(PREFIX) + 4


def make_token_text() -> str:
    """A fresh token."""
    random = _base62(secrets.randbits(_RANDOM_BITS), _RANDOM_DIGITS)
    return PREFIX + random + _checksum(random)


def is_well_formed(text: str) -> bool:
    """Whether the text can be an API token: prefix, length, characters and checksum."""
    random, checksum = text[len(PREFIX) : -_CHECKSUM_DIGITS], text[-_CHECKSUM_DIGITS:]
    return (
        len(text) == _LENGTH
        and text.startswith(PREFIX)
        and all(character in _DIGITS for character in random)
        and _checksum(random) == checksum
    )


def digest_of(text: str) -> str:
    """Under what a token is stored. A fast hash is enough: nobody can guess 256 random bits."""
    return hashlib.sha256(text.encode()).hexdigest()


def beginning_of(text: str) -> str:
    """What lists show of a token, so that its owner knows it again."""
    return text[:_SHOWN_CHARACTERS]


def _checksum(random: str) -> str:
    return _base62(zlib.crc32(random.encode()), _CHECKSUM_DIGITS)


def _base62(number: int, length: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(length, _DIGITS[0])
