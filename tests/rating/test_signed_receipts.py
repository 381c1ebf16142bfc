"""Signatures of receipts: whose key made them, and what no signature covers."""

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from registry.adapters.ed25519 import Ed25519Signer, verify
from registry.domain.errors import InvalidInput
from registry.domain.receipt_keys import key_id, read_keys
from registry.domain.receipts import ReceiptTampered, canonical, digest, encode_receipt, normalised
from registry.rating.recompute import Verifier, recompute
from registry.rating.score import rate
from registry.services.ratings.receipt_signing import ReceiptSigning
from registry.settings import Settings
from tests.rating.factories import evidence, package

SIGNER = Ed25519Signer("a secret", purpose="tests")
OTHER = Ed25519Signer("another secret", purpose="tests")
RECEIPT = rate(normalised(evidence(package=package(license="MIT", readme="# Tiny\n"))))


async def signed(signer: Ed25519Signer = SIGNER) -> bytes:
    return await ReceiptSigning(signer).sign(encode_receipt(RECEIPT).decode())


def by(*signers: Ed25519Signer) -> Verifier:
    served = ReceiptSigning(signers[0], retired=[each.public_key for each in signers[1:]]).public_keys()
    return Verifier(read_keys(json.dumps(served)), verify)


async def test_a_signed_receipt_names_its_key_and_gives_its_rating() -> None:
    found = recompute(await signed(), by(SIGNER))
    assert (found.rating, found.signed_by) == (RECEIPT.rating, key_id(SIGNER.public_key))
    assert recompute(await signed()).signed_by is None


async def test_a_retired_key_still_checks_what_it_signed() -> None:
    assert recompute(await signed(OTHER), by(SIGNER, OTHER)).signed_by == key_id(OTHER.public_key)


async def test_another_key_and_no_signature_are_refused() -> None:
    with pytest.raises(ReceiptTampered, match="signed by another key"):
        recompute(await signed(OTHER), by(SIGNER))
    with pytest.raises(ReceiptTampered, match="not signed"):
        recompute(encode_receipt(RECEIPT), by(SIGNER))


async def test_a_change_with_all_digests_made_again_breaks_the_signature() -> None:
    members = json.loads(await signed())
    better = replace(RECEIPT, evidence=replace(RECEIPT.evidence, package=package(license="CC0-1.0", readme="# Tiny\n")))
    forged = json.loads(encode_receipt(rate(better.evidence))) | {"signature": members["signature"]}
    with pytest.raises(ReceiptTampered, match="signature"):
        recompute(canonical(forged), by(SIGNER))
    assert recompute(canonical(forged)).signed_by is None  # without keys it agrees with itself, and says no more


@pytest.mark.parametrize(
    "changed",
    [
        {"comment": "trust me"},
        {"signature": {"algorithm": "Ed25519", "key_id": "x"}},
        {"signature": {"algorithm": "none", "key_id": "x", "value": ""}},
        {"signature": "x"},
        {"signature": {"algorithm": "Ed25519", "key_id": "x", "value": "", "also": ""}},
    ],
)
@pytest.mark.parametrize("verifier", [None, by(SIGNER)], ids=["without keys", "with keys"])
async def test_unknown_members_are_refused(changed: dict[str, object], verifier: Verifier | None) -> None:
    members = {name: value for name, value in (json.loads(await signed()) | changed).items() if name != "sha256"}
    digested = {name: value for name, value in members.items() if name != "signature"}
    with pytest.raises(ReceiptTampered):
        recompute(canonical({**members, "sha256": digest(digested)}), verifier)


@pytest.mark.parametrize("place", ["evidence", "fact", "value", "rating", "weights", "section"])
async def test_unknown_members_are_refused_at_every_depth(place: str) -> None:
    members = json.loads(await signed())
    fact = members["evidence"]["card"]["fact"]
    inner = {
        "evidence": members["evidence"],
        "fact": fact,
        "value": fact["value"],
        "rating": members["rating"],
        "weights": members["weights"],
        "section": fact["value"],
    }[place]
    inner["more"] = {"fact": 1, "sha256": digest(1)} if place == "evidence" else 1
    members["evidence"]["card"]["sha256"] = digest(fact)
    members["sha256"] = digest({name: value for name, value in members.items() if name not in ("sha256", "signature")})
    with pytest.raises(InvalidInput):
        recompute(canonical(members), by(SIGNER))


async def test_a_receipt_of_an_older_form_is_named_as_such() -> None:
    members = json.loads(await signed()) | {"form": 1}
    with pytest.raises(InvalidInput, match="form 1") as caught:
        recompute(canonical(members), by(SIGNER))
    assert not isinstance(caught.value, ReceiptTampered)


def test_keys_are_read_from_a_set_and_from_base64_and_settings_refuse_others() -> None:
    key = SIGNER.public_key
    assert read_keys(json.dumps(ReceiptSigning(SIGNER).public_keys())) == {key_id(key): key}
    for text in ("", "{}", '{"keys": []}', "AAAA", '{"keys": [{"kty": "RSA"}]}', "[" * 10_000):
        with pytest.raises(InvalidInput):
            read_keys(text)
    with pytest.raises(ValidationError, match="no public key"):
        Settings(receipt_keys_retired="AAAA")


def test_one_secret_gives_other_keys_for_other_purposes() -> None:
    assert Ed25519Signer("s", purpose="a").public_key != Ed25519Signer("s", purpose="b").public_key
