"""Receipts as JSON: canonical text, a digest for every piece of evidence, and one for the whole.

Canonical means sorted keys, no spaces, UTF-8, floats in the shortest form that reads back to the same bits. A receipt
is read back only when it has just the members of a receipt, each digest is that of the text beside it, and the whole is
canonical, so that any changed byte is reported, with its place where that can be. `registry.domain.receipt_keys` signs
the whole.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from registry.domain.errors import InvalidInput
from registry.domain.evidence import Evidence, Fact
from registry.domain.ratings import FORMULA_VERSION, MetricName, Rating, Receipt

RECEIPT_FORM = 3
"""1 held the texts that scores were computed from, and had no signature; 2 held no normalised licenses of records,
cards and hosts."""
_MEMBERS = frozenset(
    {"form", "formula_version", "collected_at", "latency_ms", "weights", "evidence", "rating", "sha256"}
)
_UNDIGESTED = ("sha256", "signature")


class ReceiptTampered(InvalidInput):
    """A receipt's text is not the one that its digests were made of, or its rating not what its evidence gives."""


def canonical(value: object) -> bytes:
    """The one JSON text of a value."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest(value: object) -> str:
    """SHA-256 of the canonical text, hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def plain(value: Any) -> Any:
    """A frozen value as JSON values: dataclasses as objects, tuples as arrays, times in ISO 8601 with microseconds."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, Enum)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        # Lone surrogates have no UTF-8 text; they come from JSON escapes in what upstreams send.
        return value.encode("utf-8", "replace").decode()
    return value


def encode_receipt(receipt: Receipt) -> bytes:
    """The receipt as canonical JSON."""
    members: dict[str, Any] = {
        "form": RECEIPT_FORM,
        "formula_version": receipt.rating.formula_version,
        "collected_at": receipt.evidence.collected_at.isoformat(),
        "latency_ms": receipt.evidence.latency_ms,
        "weights": {name.value: weight for name, weight in receipt.weights},
        "evidence": {name: {"fact": fact, "sha256": digest(fact)} for name, fact in _facts(receipt.evidence).items()},
        "rating": plain(receipt.rating),
    }
    return canonical({**members, "sha256": digest(members)})


def decode_receipt(text: bytes) -> Receipt:
    """The receipt, once every digest has been found right.

    Raises ReceiptTampered when a digest differs, InvalidInput when it is no receipt or one of another formula version.
    """
    members = receipt_members(text)
    try:
        _check_digests(members)
        # Spaces, members that stand twice and other ways to write a number would pass unseen: digests are of values.
        if canonical(members) != text.rstrip(b"\n"):
            raise ReceiptTampered("the receipt is not in its canonical form: keep it byte for byte as it came")
    except ValueError:  # numbers and texts that JSON can be made to hold, and canonical JSON cannot
        raise ReceiptTampered("the receipt holds what no receipt can") from None
    try:
        facts = {name: item["fact"] for name, item in members["evidence"].items()}
        evidence = _typed(Evidence, {key: members[key] for key in ("collected_at", "latency_ms")} | facts)
        weights = tuple((MetricName(name), float(weight)) for name, weight in members["weights"].items())
        return Receipt(evidence, weights, _typed(Rating, members["rating"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"not a rating receipt of form {RECEIPT_FORM}: {error}") from None


def _check_digests(members: dict[str, Any]) -> None:
    for name, item in members["evidence"].items():
        if not isinstance(item, dict) or set(item) != {"fact", "sha256"} or digest(item["fact"]) != item["sha256"]:
            raise ReceiptTampered("is not what its digest was made of", pointer=f"/evidence/{name}")
    if digest({name: value for name, value in members.items() if name not in _UNDIGESTED}) != members["sha256"]:
        raise ReceiptTampered("the receipt is not what its digest was made of", pointer="/sha256")


def normalised(evidence: Evidence) -> Evidence:
    """The evidence as a receipt would give it back: what is scored is exactly what can be scored again."""
    restored: Evidence = _typed(Evidence, plain(evidence))
    return restored


def _facts(evidence: Evidence) -> dict[str, Any]:
    values = {field.name: getattr(evidence, field.name) for field in fields(evidence)}
    return {name: plain(value) for name, value in values.items() if isinstance(value, Fact)}


def receipt_members(text: bytes) -> dict[str, Any]:
    """The receipt's members, not checked yet. Raises InvalidInput when it is no receipt of this form and version."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("not a rating receipt: no JSON") from None
    if not isinstance(members, dict) or type(members.get("form")) is not int or "sha256" not in members:
        raise InvalidInput("not a rating receipt", pointer="/form")
    if members["form"] != RECEIPT_FORM:
        raise InvalidInput(
            f"the receipt has form {members['form']}, this program reads form {RECEIPT_FORM}: have the package rated "
            "again, or use the program of the receipt's own time",
            pointer="/form",
        )
    if members.get("formula_version") != FORMULA_VERSION:
        raise InvalidInput(
            f"the receipt is of formula version {members.get('formula_version')!r}, this program computes "
            f"{FORMULA_VERSION!r}",
            pointer="/formula_version",
        )
    strange = sorted(set(members) - _MEMBERS - {"signature"})
    if strange:
        raise ReceiptTampered(f"a receipt has no member {strange[0]!r}", pointer=f"/{strange[0]}")
    if not isinstance(members.get("evidence"), dict) or not isinstance(members.get("weights"), dict):
        raise InvalidInput("not a rating receipt: no evidence", pointer="/evidence")
    return members


def _typed(kind: Any, value: Any) -> Any:
    """The inverse of `plain`, led by the type annotations."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        if value is None and NoneType in arguments:
            return None
        return _typed(next(argument for argument in arguments if argument is not NoneType), value)
    if origin is tuple:
        inner = (arguments[0] for _ in value) if len(arguments) == 2 and arguments[1] is ... else arguments
        return tuple(_typed(item_kind, item) for item_kind, item in zip(inner, value, strict=True))
    if origin is Fact:
        return _dataclass(Fact, value, {"value": arguments[0] | None})
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind, value, {})
    if kind is datetime:
        return datetime.fromisoformat(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{kind.__name__} expected")
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache  # a receipt asks some fifty times; reading annotations takes 0.2 ms each
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _dataclass(kind: Any, value: dict[str, Any], replaced: dict[str, Any]) -> Any:
    hints = _hints(kind) | replaced
    if set(value) != set(_names(kind)):
        raise ValueError(f"the members of {kind.__name__} differ")
    return kind(**{name: _typed(hints[name], item) for name, item in value.items()})
