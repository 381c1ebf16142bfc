"""The registry's signature on the receipts of the ratings that it makes."""

import asyncio
from collections.abc import Sequence
from typing import Any

from registry.domain.receipt_keys import jwk_set, signed_receipt
from registry.ports.signing import Signer


class ReceiptSigning:
    """Signs with one key; `retired` are the public keys that signed before it, which receipts may still need."""

    def __init__(self, signer: Signer, *, retired: Sequence[bytes] = ()) -> None:
        self._signer = signer
        self._retired = tuple(retired)

    async def sign(self, receipt: str) -> bytes:
        """The receipt with a signature. Large ones take some 100 ms, in a thread."""
        return await asyncio.to_thread(signed_receipt, receipt.encode(), self._signer.public_key, self._signer.sign)

    def public_keys(self) -> dict[str, Any]:
        """The keys as a JWK set, the one that signs now first."""
        return jwk_set([self._signer.public_key, *self._retired])
