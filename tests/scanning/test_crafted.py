"""Crafted bytes: no reader raises, nothing grows without bound, and a content in a store is read as one at hand is."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.safety import SafetyStatus, decode_report, encode_report
from registry.formats.scanning.limits import MIB, ScanLimits
from registry.formats.scanning.scan import scan_content
from tests.scanning.scanning import reasons, scan, status
from trust import models
from trust.containers import CONTAINERS, tarred, zipped
from trust.hiding import METHODS, SIMPLE, SYSTEM

SAMPLES = [make(METHODS["protocol 2"]) for make in CONTAINERS.values()] + [
    (name, data) for _, name, data in models.MODELS
]


@given(st.sampled_from(SAMPLES), st.integers(0, 10_000), st.binary(max_size=8), st.integers(0, 40))
def test_damage_raises_nothing(sample: tuple[str, bytes], place: int, patch: bytes, removed: int) -> None:
    name, data = sample
    place %= len(data) + 1
    report = scan(data[:place] + patch + data[place + removed :], name)
    assert decode_report(encode_report(report)) == report
    assert not any("reader failed" in reason for reason in reasons(report).values())


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x80\x04", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"GGUF\x03\0\0\0", b"x\x9c"]),
)
def test_any_bytes_are_read(data: bytes, start: bytes) -> None:
    assert status(start + data, "a.bin") in SafetyStatus


@pytest.mark.parametrize(("name", "data"), SAMPLES[::3])
def test_a_stored_content_is_read_as_one_at_hand(name: str, data: bytes) -> None:
    limits = ScanLimits()
    near = scan_content(io.BytesIO(data), size=len(data), filename=name, limits=limits)
    assert scan_content(io.BytesIO(data), size=len(data), filename=name, limits=limits, near=False) == near


class Counting(io.BytesIO):
    """Counts the bytes that are read."""

    total = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.total += len(data)
        return data


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: zipped(data, method=0), tarred, zipped])
def test_a_stored_content_is_fetched_about_once(wrap: object) -> None:
    data = wrap(bytes(4 * MIB))  # type: ignore[operator]
    file = Counting(data)
    scan_content(file, size=len(data), filename="content", limits=ScanLimits(), near=False)
    assert file.total < 1.2 * len(data) + MIB


DOUBLED = b"\x80\x02Nq\x00" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(100))
WIDE = b"\x80\x02Nq\x00" + b"".join(b"(" + b"h%c" % n * 60 + b"tq%c" % (n + 1) for n in range(60))


@pytest.mark.parametrize("shared", [DOUBLED, WIDE])
def test_values_that_share_their_parts_cost_what_they_weigh(shared: bytes) -> None:
    calls = b"0cbuiltins\nlist\nh\x30\x85R" * 500
    assert status(shared + calls + b".", "m.pkl") is SafetyStatus.CLEAN
    assert status(shared + calls + b"0" + SYSTEM + b"(tR.", "m.pkl") is SafetyStatus.DANGEROUS


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("beginnings", b"\x80\x02N" * 100_000),
        ("imports", b"\x8c\x02ab\x8c\x02cd\x93" * 20_000),
        ("denied imports", b"cos\nx\n" * 50_000),
        ("marks", b"\x80\x02" + b"(" * 100_000),
        ("lists", b"\x80\x02" + b"]" * 100_000),
        ("braces", b"\x89HDF\r\n\x1a\n" + b'{"name":' * 100_000),
        ("template braces", b"{{" * 200_000),
        ("lines", b"\n" * MIB),
        ("local headers", b"PK\x03\x04" * 20_000),
        ("ends of zips", b"PK\x05\x06" + bytes(18) + b"PK\x05\x06" * 16_000),
    ],
)
def test_many_of_a_kind_end_soon(what: str, data: bytes) -> None:
    report = scan(data, "chat_template.jinja", ScanLimits(opcodes=200_000))
    assert len(report.findings) + len(report.not_scanned) <= 200, what


def test_a_stack_without_end_is_not_followed() -> None:
    assert "too much memory" in reasons(scan(b"\x80\x04" + b"N" * 1_050_000 + b".", "m.pkl"))["m.pkl"]


def test_a_size_that_is_a_lie_reads_nothing_that_is_not_there() -> None:
    header = SIMPLE[:2] + b"B" + struct.pack("<I", 2**32 - 1)
    assert status(header + SIMPLE[2:], "m.pkl") is SafetyStatus.DANGEROUS
    assert status(b"\x80\x04\x8e" + struct.pack("<Q", 2**63) + b"N.", "m.pkl") is SafetyStatus.NOT_SCANNED
