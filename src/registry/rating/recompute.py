"""Computing a rating again from its receipt, offline."""

from dataclasses import dataclass

from registry.domain.ratings import Rating
from registry.domain.receipt_keys import Keys, check_signature, check_signature_form
from registry.domain.receipts import ReceiptTampered, decode_receipt, receipt_members
from registry.ports.signing import Verify
from registry.rating.score import rate


@dataclass(frozen=True, slots=True)
class Verifier:
    """A registry's public keys, and what verifies a signature by one."""

    keys: Keys
    verify: Verify


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The rating, and the id of the key that signed its receipt; None where nobody gave keys to check it by."""

    rating: Rating
    signed_by: str | None


def recompute(receipt_text: bytes, verifier: Verifier | None = None) -> Recomputed:
    """The rating that the receipt's evidence and weights give, which is the one it states, to the bit.

    Raises ReceiptTampered when the text is not what its digests were made of, the stated rating not what the evidence
    gives, or the signature not one by the verifier's keys; InvalidInput when it is no receipt, or of another form or
    formula version.
    """
    receipt = decode_receipt(receipt_text)
    signed_by = None
    members = receipt_members(receipt_text)
    if "signature" in members:
        check_signature_form(members["signature"])
    if verifier is not None:
        signed_by = check_signature(members, verifier.keys, verifier.verify)
    again = rate(receipt.evidence, dict(receipt.weights)).rating
    if again != receipt.rating:
        differing = [
            metric.name.value
            for metric, stated in zip(again.metrics, receipt.rating.metrics, strict=False)
            if metric != stated
        ]
        what = ", ".join(differing) or "net score, status, safety or findings"
        raise ReceiptTampered(f"the rating stated is not what the evidence gives ({what})", pointer="/rating")
    return Recomputed(again, signed_by)
