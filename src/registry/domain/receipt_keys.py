"""Signatures of rating receipts (Ed25519, RFC 8032), and the public keys that check them, as a JWK set.

A key's id is its thumbprint (RFC 7638), so that nobody has to choose one and it cannot stand for another key. What is
signed is the digest of everything else in the receipt, after a line that says that it is one.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from registry.domain.errors import InvalidInput
from registry.domain.receipts import ReceiptTampered, canonical

Keys = Mapping[str, bytes]
"""Public keys by their ids."""
_ALGORITHM = "Ed25519"
_KEY_BYTES = 32
_PURPOSE = b"registry rating receipt\n"


def key_id(public_key: bytes) -> str:
    """The key's thumbprint by RFC 7638."""
    return _base64url(hashlib.sha256(canonical(_required_members(public_key))).digest())


def jwk_set(public_keys: list[bytes]) -> dict[str, Any]:
    """The keys as a JWK set (RFC 7517, RFC 8037); the first is the one that signs now."""
    return {
        "keys": [
            {**_required_members(key), "kid": key_id(key), "use": "sig", "alg": "EdDSA"}
            for key in dict.fromkeys(public_keys)
        ]
    }


def read_keys(text: str) -> Keys:
    """The keys in a JWK set, or one key in base64. Raises InvalidInput."""
    text = text.strip()
    try:
        if not text.startswith("{"):
            keys = [_key_bytes(text)]
        else:
            listed = json.loads(text)["keys"]
            keys = [_key_bytes(key["x"]) for key in listed if (key.get("kty"), key.get("crv")) == ("OKP", _ALGORITHM)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        keys = []
    if not keys:
        raise InvalidInput("no public key: give the JSON of GET /receipts/keys, or one key of 32 bytes in base64")
    return {key_id(key): key for key in keys}


def signed_receipt(text: bytes, public_key: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """The receipt with a signature, in canonical form."""
    members = json.loads(text)
    signature = sign(_message(members))
    members["signature"] = {"algorithm": _ALGORITHM, "key_id": key_id(public_key), "value": _base64url(signature)}
    return canonical(members)


def check_signature(members: Mapping[str, Any], keys: Keys, verify: Callable[[bytes, bytes, bytes], bool]) -> str:
    """The id of the key that signed the receipt, which is one of `keys`. Raises ReceiptTampered.

    The digests are the caller's to check: the signature is of the receipt's own digest.
    """
    signature = members.get("signature")
    if signature is None:
        raise ReceiptTampered("the receipt is not signed: no registry vouches for it", pointer="/signature")
    key = keys.get(signature["key_id"])
    if key is None:
        raise ReceiptTampered(
            f"the receipt is signed by another key, {signature['key_id']}: it is not from the registry with these "
            "keys, or that registry has another key by now",
            pointer="/signature/key_id",
        )
    if not verify(key, _message(members), _decoded(signature["value"])):
        raise ReceiptTampered("the signature is not that of the registry's key", pointer="/signature/value")
    return str(signature["key_id"])


def check_signature_form(signature: object) -> None:
    """Raises ReceiptTampered for a member `signature` of another form."""
    fits = isinstance(signature, dict) and set(signature) == {"algorithm", "key_id", "value"}
    texts = isinstance(signature, dict) and all(isinstance(value, str) for value in signature.values())
    if not fits or not texts or signature["algorithm"] != _ALGORITHM:  # type: ignore[index] # `fits` has looked
        raise ReceiptTampered("the signature has another form than this program reads", pointer="/signature")


def _message(members: Mapping[str, Any]) -> bytes:
    return _PURPOSE + str(members["sha256"]).encode()


def _required_members(public_key: bytes) -> dict[str, str]:
    return {"crv": _ALGORITHM, "kty": "OKP", "x": _base64url(public_key)}


def _key_bytes(text: str) -> bytes:
    key = _decoded(text)
    if len(key) != _KEY_BYTES:
        raise ValueError("a public key has 32 bytes")
    return key


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """The bytes of base64 or base64url text; none where it is neither."""
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
