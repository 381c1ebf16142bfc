"""Answers that another server may send for a file, made when they are needed, and what is right to make of each.

`right`: the bytes that the package must have when it becomes active. None: it must fail.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.upstreams.raw import Script, drips, sends

BODY = b"weights " * 64
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Odd:
    """`filename`, `media_type`: what the record must say then, None: whatever is safe."""

    name: str
    script: Script
    right: bytes | None = BODY
    may_fail: bool = False
    filename: str | None = None
    media_type: str | None = None


def answer(*headers: str | bytes, status: str = "200 OK", body: bytes = BODY, length: int | None = -1) -> bytes:
    """An answer over HTTP/1.1; `length` -1: that of the body, None: none."""
    lines = [f"HTTP/1.1 {status}".encode()]
    lines += [line if isinstance(line, bytes) else line.encode("latin-1") for line in headers]
    if length is not None:
        lines.append(b"Content-Length: %d" % (len(body) if length < 0 else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def bomb(levels: int, size: int = 4 * MIB) -> bytes:
    """Gzip in gzip: each level takes the one inside to a thousandth."""
    data = gzip.compress(b"\0" * size, mtime=0)
    for _ in range(levels - 1):
        data = gzip.compress(data, mtime=0)
    return data


def odd_answers(elsewhere: str) -> Iterator[Odd]:
    """All of them; `elsewhere` is the address of the server under another port or name."""
    yield from encodings()
    yield from statuses_and_ranges()
    yield from lengths()
    yield from names()
    yield from media_types()
    yield from heads()
    yield from redirects(elsewhere)
    yield from slow_ones()


def encodings() -> Iterator[Odd]:
    packed = gzip.compress(BODY)
    yield Odd("gzip", sends(answer("Content-Encoding: gzip", body=packed)))
    yield Odd("x-gzip-in-capitals", sends(answer("Content-Encoding: X-GZIP", body=packed)))
    yield Odd("gzip-of-two-members", sends(answer("Content-Encoding: gzip", body=packed + packed)), BODY + BODY)
    yield Odd("identity", sends(answer("Content-Encoding: identity")))
    yield Odd("deflate", sends(answer("Content-Encoding: deflate", body=zlib.compress(BODY))))
    yield Odd("bare-deflate", sends(answer("Content-Encoding: deflate", body=zlib.compress(BODY)[2:-4])))
    yield Odd("gzip-twice", sends(answer("Content-Encoding: gzip, gzip", body=bomb(2))), None)
    yield Odd("gzip-thrice", sends(answer("Content-Encoding: gzip,gzip,gzip", body=bomb(3))), None)
    two_lines = answer("Content-Encoding: gzip", "Content-Encoding: gzip", body=bomb(2))
    yield Odd("gzip-in-two-lines", sends(two_lines), None)
    yield Odd(
        "gzip-twice-said-once",
        sends(answer("Content-Encoding: gzip", body=bomb(2))),
        gzip.compress(b"\0" * 4 * MIB, mtime=0),
    )
    yield Odd("gzip-bomb", sends(answer("Content-Encoding: gzip", body=bomb(1, 64 * MIB))), None)
    yield Odd("brotli", sends(answer("Content-Encoding: br")), None)
    yield Odd("zstd", sends(answer("Content-Encoding: zstd")), None)
    yield Odd("unknown-encoding", sends(answer("Content-Encoding: \x01rot13")), None)
    yield Odd("gzip-that-is-none", sends(answer("Content-Encoding: gzip")), None)
    yield Odd("gzip-cut-inside", sends(answer("Content-Encoding: gzip", body=packed[:-9])), None)
    yield Odd("gzip-with-wrong-sum", sends(answer("Content-Encoding: gzip", body=packed[:-8] + b"12345678")), None)
    yield Odd("gzip-with-a-tail", sends(answer("Content-Encoding: gzip", body=packed + b"tail")), None)
    yield Odd("gzip-of-nothing", sends(answer("Content-Encoding: gzip", body=b"")), b"")


def statuses_and_ranges() -> Iterator[Odd]:
    yield Odd("unasked-206", sends(answer("Content-Range: bytes 0-511/9999", status="206 Part")), None)
    yield Odd("206-of-all", sends(answer(f"Content-Range: bytes 0-511/{len(BODY)}", status="206 Part")), None)
    yield Odd("206-without-range", sends(answer(status="206 Part")), None)
    yield Odd("206-multipart", sends(answer("Content-Type: multipart/byteranges; boundary=x", status="206 Part")), None)
    yield Odd("203", sends(answer(status="203 Changed On The Way")), None)
    yield Odd("204", sends(answer(status="204 Nothing", body=b"", length=None)), None)
    yield Odd("205", sends(answer(status="205 Reset", body=b"")), None)
    yield Odd("304", sends(answer(status="304 Same", body=b"", length=None)), None)
    yield Odd("300", sends(answer(status="300 Many")), None)
    yield Odd("401", sends(answer("WWW-Authenticate: Basic", status="401 Who")), None)
    yield Odd("418", sends(answer(status="418 Teapot")), None)
    yield Odd("599", sends(answer(status="599 Odd")), None)
    yield Odd("status-999", sends(answer(status="999 Odd")), None)
    yield Odd("status-of-letters", sends(answer(status="OK fine")), None)
    yield Odd("101", sends(answer("Upgrade: x", "Connection: upgrade", status="101 Switch", length=None)), None)
    yield Odd("early-hints", sends(b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n" * 3 + answer()))
    yield Odd("empty-reason", sends(answer(status="200 ")))
    yield Odd("old-http", sends(b"HTTP/1.0 200 OK\r\n\r\n" + BODY))
    yield Odd("http-0.9", sends(BODY), None)
    yield Odd("nothing-at-all", sends(b""), None)


def lengths() -> Iterator[Odd]:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    size = b"%x\r\n" % len(BODY)
    yield Odd("no-length", sends(answer(length=None)))
    yield Odd("too-long-a-length", sends(answer(length=len(BODY) + 1)), None)
    yield Odd("huge-length", sends(answer(length=10**18)), None)
    yield Odd("too-short-a-length", sends(answer(length=8)), BODY[:8])
    yield Odd("length-of-nothing", sends(answer(length=0)), b"")
    yield Odd("two-lengths", sends(answer("Content-Length: 5")), None)
    yield Odd("negative-length", sends(answer("Content-Length: -5", length=None)), None)
    yield Odd("length-in-words", sends(answer("Content-Length: many", length=None)), None)
    yield Odd("length-of-400-digits", sends(answer(f"Content-Length: {'9' * 400}", length=None)), None)
    yield Odd("chunked", sends(chunked + size + BODY + b"\r\n0\r\n\r\n"))
    yield Odd("chunked-with-trailers", sends(chunked + size + BODY + b"\r\n0\r\nX-A: b\r\n\r\n"))
    yield Odd("chunked-without-end", sends(chunked + size + BODY + b"\r\n"), None)
    yield Odd("chunk-size-in-words", sends(chunked + b"many\r\n" + BODY), None)
    yield Odd("chunk-size-without-end", sends(chunked + b"f" * 200_000), None)
    yield Odd("chunked-twice", sends(answer("Transfer-Encoding: chunked, chunked", length=None)), None)
    yield Odd("over-the-limit", sends(answer(body=b"x" * (5 * MIB))), None)


def names() -> Iterator[Odd]:
    def named(name: str, disposition: str | bytes, filename: str | None) -> Odd:
        line = b"Content-Disposition: " + (disposition if isinstance(disposition, bytes) else disposition.encode())
        return Odd(name, sends(answer(line)), filename=filename)

    yield named("plain-name", 'attachment; filename="a b.bin"', "a b.bin")
    yield named("utf-8-name", "attachment; filename=x; filename*=UTF-8''na%C3%AFve.bin", "naïve.bin")
    yield named("latin-name", "attachment; filename*=iso-8859-1'en'na%EFve.bin", "naïve.bin")
    yield named("unknown-charset", "attachment; filename*=klingon''a.bin; filename=b.bin", "b.bin")
    yield named("utf-16", "attachment; filename*=utf-16''%FF%FEa", None)
    yield named("utf-7", "attachment; filename*=utf-7''+ADw-.bin", None)
    yield named("rot13", "attachment; filename*=rot13''a.bin", None)
    yield named("idna", f"attachment; filename*=idna''{'a' * 3_000}", None)
    yield named("punycode", f"attachment; filename*=punycode''{'9' * 3_000}", None)
    yield named("broken-utf-8", "attachment; filename*=utf-8''%ff%fe.bin", "\ufffd\ufffd.bin")
    yield named("climbing", 'attachment; filename="../../etc/passwd"', "passwd")
    yield named("climbing-backwards", r'attachment; filename="..\\..\\boot.ini"', "boot.ini")
    yield named("dots", 'attachment; filename=".."', "content")
    yield named("control-characters", b'attachment; filename="a\x01\x7fb.bin"', "ab.bin")
    yield named("encoded-nul", "attachment; filename*=utf-8''a%00b%0d%0a.bin", "ab.bin")
    yield named("direction-override", "attachment; filename*=utf-8''%E2%80%AEnib.exe", "nib.exe")
    yield named("long-name", f'attachment; filename="{"n" * 3_000}.bin"', None)
    yield named("never-closed", 'attachment; filename="a', None)
    yield named("many-parameters", "attachment" + "; filename*0=a" * 2_000, None)
    yield named("continued", 'attachment; filename*0="a"; filename*1="b"', None)
    yield named("raw-utf-8", 'attachment; filename="模型.bin"', None)


def media_types() -> Iterator[Odd]:
    def typed(name: str, media_type: bytes, expected: str = "application/octet-stream") -> Odd:
        return Odd(name, sends(answer(b"Content-Type: " + media_type)), media_type=expected)

    yield typed("type", b"Application/X-Thing; charset=x", "application/x-thing")
    yield typed("type-in-cyrillic", "приложение/данные".encode())
    yield typed("type-of-nothing", b"")
    yield typed("type-without-slash", b"zip")
    yield typed("type-with-control", b"text/\x01html")
    yield typed("long-type", b"text/" + b"x" * 3_000)
    yield typed("type-with-quotes", b'text/"html"')


def heads() -> Iterator[Odd]:
    yield Odd("many-headers", sends(answer(*[f"X-{number}: y" for number in range(2_000)])), may_fail=True)
    yield Odd("large-header", sends(answer("X: " + "y" * 300_000)), None)
    yield Odd("nul-in-header", sends(answer(b"X: a\0b")), None)
    yield Odd("folded-header", sends(answer("X: a\r\n b")), may_fail=True)
    yield Odd("header-without-colon", sends(answer("what is this")), None)
    yield Odd("header-with-latin-1", sends(answer(b"X: \xe9\xff")))
    yield Odd("tls", sends(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), None)


def redirects(elsewhere: str) -> Iterator[Odd]:
    def to(name: str, location: str | bytes, right: bytes | None = None) -> Odd:
        line = b"Location: " + (location if isinstance(location, bytes) else location.encode())
        return Odd(name, sends(answer(line, status="302 Found", body=b"")), right)

    yield to("to-itself", "/to-itself")
    yield to("in-a-ring-1", "/in-a-ring-2")
    yield to("in-a-ring-2", "/in-a-ring-1")
    yield to("to-another-port", f"{elsewhere}/plain-name", BODY)
    yield to("to-a-closed-port", "http://127.0.0.1:9/x")
    yield to("to-a-file", "file:///etc/passwd")
    yield to("with-a-password", f"{elsewhere.replace('//', '//a:b@')}/plain-name")
    yield to("to-nowhere", "http://")
    yield to("to-a-bad-port", "http://127.0.0.1:999999/x")
    yield to("with-control-characters", b"/a\x01b")
    yield to("with-half-an-escape", "/%")
    yield to("long-location", "/" + "x" * 60_000)
    yield Odd("without-a-location", sends(answer(status="302 Found", body=b"")), None)


def slow_ones() -> Iterator[Odd]:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    yield Odd("slow-body", drips(head, b"x", seconds=0.2), None)
    yield Odd("silent-body", drips(head + b"x", b"", seconds=0.2), None)
    yield Odd("slow-head", drips(b"HTTP/1.1 200 OK\r\nX: ", b"x", seconds=0.2), None)
    yield Odd("endless-headers", drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", seconds=0.2), None)
    yield Odd("endless-interim", drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", seconds=0.05), None)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield Odd("endless-extension", drips(chunked + b"5;", b"x", seconds=0.2), None)
    yield Odd("silence", drips(b"", b"", seconds=0.2), None)
