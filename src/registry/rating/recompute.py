"""Computing a rating again from its receipt, offline."""

from registry.domain.ratings import Rating
from registry.domain.receipts import ReceiptTampered, decode_receipt
from registry.rating.score import rate


def recompute(receipt_text: bytes) -> Rating:
    """The rating that the receipt's evidence and weights give, which is the one it states, to the bit.

    Raises ReceiptTampered when the text is not what its digests were made of, or the stated rating not what the
    evidence gives; InvalidInput when it is no receipt, or of another formula version.
    """
    receipt = decode_receipt(receipt_text)
    again = rate(receipt.evidence, dict(receipt.weights)).rating
    if again != receipt.rating:
        differing = [
            metric.name.value
            for metric, stated in zip(again.metrics, receipt.rating.metrics, strict=False)
            if metric != stated
        ]
        what = ", ".join(differing) or "net score, status, safety or findings"
        raise ReceiptTampered(f"the rating stated is not what the evidence gives ({what})", pointer="/rating")
    return again
