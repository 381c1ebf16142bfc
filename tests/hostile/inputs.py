"""Contents that ask for more time, memory or depth than their size suggests. Nothing of them is ever loaded."""

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

Value = TypeVar("Value")
KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class HostileInput:
    """A content to publish. `make` gives its bytes."""

    name: str
    filename: str
    make: Callable[[], bytes]


def hostile_inputs() -> list[HostileInput]:
    """One or more of every kind."""
    return [*_pickles(), *_archives(), *_headers(), *_texts(), *_python()]


def given(make: Callable[[Value], bytes], value: Value) -> Callable[[], bytes]:
    """`make` for this value, later."""
    return partial(make, value)


def memo_bomb(levels: int, *, reduces: bool = True) -> bytes:
    """Each level holds the one below twice: 2^levels for a reader that does not remember what it has seen."""
    body = b"\x80\x02K\x01q\x00"
    for level in range(levels):
        body += b"h%ch%c\x86q%c" % (level, level, level + 1)
    return body + (b"cos\nsystem\nX\x04\x00\x00\x00echo\x85R." if reduces else b".")


def zipped(files: dict[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _pickles() -> Iterator[HostileInput]:
    def pickled(name: str, make: Callable[[], bytes], ending: str = "pkl") -> HostileInput:
        return HostileInput(f"pickle {name}", f"model.{ending}", make)

    for levels in (10, 20, 30, 60, 250):
        yield pickled(f"memo bomb of {levels}", given(lambda levels: memo_bomb(levels), levels))
        yield pickled(
            f"harmless memo bomb of {levels}", given(lambda levels: memo_bomb(levels, reduces=False), levels), "joblib"
        )
    for depth in (1_000, 50_000):
        yield pickled(
            f"{depth} nested lists", given(lambda depth: b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b".", depth)
        )
        yield pickled(f"{depth} nested tuples", given(lambda depth: b"\x80\x02)" + b"\x85" * depth + b".", depth))
        yield pickled(f"{depth} marks", given(lambda depth: b"\x80\x02" + b"(" * depth + b"t" * depth + b".", depth))
        yield pickled(f"{depth} duplicates", given(lambda depth: b"\x80\x02K\x01" + b"2" * depth + b".", depth))
    yield pickled("huge integer", lambda: b"\x80\x02\x8b" + struct.pack("<i", 200_000) + b"\x7f" * 200_000 + b".")
    yield pickled("integer in decimal", lambda: b"L" + b"9" * 100_000 + b"L\n.")
    yield pickled("integer in text", lambda: b"I" + b"9" * 100_000 + b"\n.")
    yield pickled("float of many digits", lambda: b"F" + b"9" * 100_000 + b"\n.")
    yield pickled("length beyond the end", lambda: b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"abc.")
    yield pickled("frame beyond the end", lambda: b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.")
    yield pickled("negative length", lambda: b"\x80\x02\x8b" + struct.pack("<i", -5) + b"abc.")
    yield pickled("many pickles in a row", lambda: pickle.dumps(1) * 20_000, "pt")
    yield pickled("many imports", lambda: b"".join(b"cmodule%d\nname\n0" % n for n in range(20_000)) + b"N.")
    yield pickled("many reductions", lambda: b"cos\nsystem\n" + b")R" * 20_000 + b".")
    yield pickled(
        "memo of large numbers",
        lambda: b"N" + b"".join(b"r" + struct.pack("<I", (n * 7919) % 2**31) for n in range(10_000)) + b".",
    )
    yield pickled("text of escapes", lambda: b"V" + rb"\u0041" * 50_000 + b"\n.")
    yield pickled("string of quotes", lambda: b"S'" + b"\\\\'" * 50_000 + b"'\n.")
    yield pickled("opcodes without an end", lambda: b"\x80\x02" + b"N0" * 200_000, "bin")
    yield pickled("builds", lambda: b"\x80\x02}" + b"}b" * 20_000 + b".")
    yield pickled("long dictionary", lambda: b"(" + b"K\x01K\x02" * 50_000 + b"d.")
    yield pickled("persistent ids", lambda: b"".join(b"P%d\n0" % n for n in range(20_000)) + b"N.")
    yield HostileInput("pickle in zlib in zlib", "model.joblib", lambda: zlib.compress(zlib.compress(bytes(20 * MIB))))
    yield HostileInput("memo bomb in zlib", "model.joblib", lambda: zlib.compress(memo_bomb(40)))
    yield HostileInput(
        "memo bomb in a torch file",
        "model.pt",
        lambda: zipped({"archive/data.pkl": memo_bomb(40), "archive/version": "3"}),
    )
    yield HostileInput(
        "forty memo bombs", "models.zip", lambda: zipped({f"m{n}.pkl": memo_bomb(30 + n) for n in range(40)})
    )


def _archives() -> Iterator[HostileInput]:
    def zip_of(name: str, make: Callable[[], bytes]) -> HostileInput:
        return HostileInput(f"zip {name}", "content.zip", make)

    yield zip_of("of 100 MiB of zeros", lambda: zipped({"README.md": bytes(100 * MIB)}))
    yield zip_of("of zeros named as a model", lambda: zipped({"model.pkl": bytes(100 * MIB)}))
    yield zip_of("of zeros named as Python", lambda: zipped({f"m{n}.py": bytes(500 * KIB) for n in range(40)}))
    yield zip_of("with overlapping entries", lambda: _overlapping(500))
    yield zip_of("with overlapping models", lambda: _overlapping(50, name="m%d.pkl"))
    yield zip_of("of many entries", lambda: zipped({f"f{n}": b"" for n in range(12_000)}))
    yield zip_of("of many Python files", lambda: zipped({f"m{n}.py": "x = 1\n" for n in range(3_000)}))
    yield zip_of("of many models", lambda: zipped({f"m{n}.pkl": pickle.dumps(n) for n in range(300)}))
    yield zip_of("with long names", lambda: zipped({f"{'n' * 60_000}{n}": b"" for n in range(20)}))
    yield zip_of("with deep names", lambda: zipped({"d/" * 20_000 + "f": b""}))
    yield zip_of("with names that climb", lambda: zipped({"../" * 50 + "etc/README.md": "x", "/README.md": "y"}))
    yield zip_of("nested thirty deep", lambda: _nested(30))
    yield zip_of("whose size is a lie", lambda: _with_size(1 << 31))
    yield zip_of("whose size is four gigabytes", lambda: _with_size(0xFFFF_FFFE))
    yield zip_of(
        "that claims a huge directory", lambda: zipped({"a": "b"})[:-10] + struct.pack("<LLH", 0xFFFF_FFF0, 5, 0)
    )
    yield zip_of("that claims many entries", lambda: _with_count(0xFFFE))
    yield zip_of("cut in the middle", lambda: zipped({"README.md": base64.b85encode(bytes(range(256)) * 100)})[:3_000])
    yield zip_of("with a long comment", lambda: zipped({"a": "b"})[:-2] + b"\xff\xff" + b"PK\x05\x06" * 16_383 + b"abc")
    yield zip_of(
        "with a damaged stream", lambda: _damaged(zipped({"README.md": "words " * 10_000, "m.pkl": memo_bomb(20)}))
    )
    yield zip_of("of bzip2", lambda: zipped({"README.md": bytes(20 * MIB)}, compression=zipfile.ZIP_BZIP2))
    yield zip_of("of lzma", lambda: zipped({"model.pkl": bytes(20 * MIB)}, compression=zipfile.ZIP_LZMA))
    yield zip_of("of itself", lambda: zipped({"content.zip": zipped({"content.zip": zipped({"README.md": "x"})})}))
    yield HostileInput("gzip of zeros", "content.tar.gz", lambda: gzip.compress(bytes(100 * MIB), 1))
    yield HostileInput(
        "gzip in gzip in gzip", "content.tgz", lambda: gzip.compress(gzip.compress(gzip.compress(bytes(50 * MIB), 1)))
    )
    yield HostileInput("many gzip members", "content.tar.gz", lambda: gzip.compress(b"") * 20_000)
    yield HostileInput(
        "tar.gz of a large README", "c.tar.gz", lambda: gzip.compress(_tar({"README.md": bytes(80 * MIB)}), 1)
    )
    yield HostileInput(
        "tar.gz of a large model", "c.tar.gz", lambda: gzip.compress(_tar({"m.pkl": bytes(80 * MIB)}), 1)
    )
    yield HostileInput("tar of many entries", "c.tar", lambda: _tar({f"f{n}": b"" for n in range(8_000)}))
    yield HostileInput("tar with a huge pax header", "c.tar", lambda: _pax(b"path=" + b"a" * 200_000))
    yield HostileInput("tar with many pax records", "c.tar", lambda: _pax(b"", records=8_000))
    yield HostileInput("tar with a size of many digits", "c.tar", lambda: _pax(b"size=" + b"9" * 5_000))
    yield HostileInput("tar with negative sizes", "c.tar", lambda: _with_tar_size(b"\xff" * 12))
    yield HostileInput("tar with huge sizes", "c.tar", lambda: _with_tar_size(b"\x80" + b"\x7f" * 11))
    yield HostileInput("tar of links to links", "c.tar", _links)
    yield HostileInput("bzip2 of zeros", "c.tar.bz2", lambda: bz2.compress(bytes(50 * MIB)))
    yield HostileInput("xz of zeros", "c.tar.xz", lambda: lzma.compress(bytes(50 * MIB), preset=0))


def _headers() -> Iterator[HostileInput]:
    def tensors(name: str, header: Callable[[], bytes], *, length: int | None = None) -> HostileInput:
        def make() -> bytes:
            text = header()
            return struct.pack("<Q", len(text) if length is None else length) + text

        return HostileInput(f"safetensors {name}", "model.safetensors", make)

    def one(shape: str, offsets: str = "[0,8]", dtype: str = "F32") -> bytes:
        return f'{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}'.encode()

    for digits in (100, 4_000, 40_000):
        yield tensors(f"dimension of {digits} digits", given(lambda digits: one(f"[{'9' * digits}]"), digits))
        yield tensors(f"offset of {digits} digits", given(lambda digits: one("[2]", f"[0,{'9' * digits}]"), digits))
    yield tensors("many dimensions of many digits", lambda: one(f"[{','.join(['9' * 4_000] * 200)}]"))
    yield tensors("many dimensions", lambda: one(f"[{','.join(['9' * 18] * 20_000)}]"))
    yield tensors("negative dimensions", lambda: one("[-1,-1]"))
    yield tensors("dimensions that are no numbers", lambda: one('[1e400,true,null,"x"]'))
    yield tensors("deep JSON", lambda: b"[" * 100_000 + b"]" * 100_000)
    yield tensors("deep objects", lambda: b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    yield tensors(
        "many tensors",
        lambda: json.dumps(
            {str(n): {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for n in range(30_000)}
        ).encode(),
    )
    yield tensors("one name many times", lambda: b"{" + b",".join([b'"a":1'] * 50_000) + b"}")
    yield tensors("header longer than the file", lambda: b"{}", length=(1 << 63) - 1)
    yield tensors("large metadata", lambda: json.dumps({"__metadata__": {"a": "x" * MIB}}).encode())
    for name, header in {
        "nested dtype": b"{'descr': "
        + b"[('a', " * 5_000
        + b"'O'"
        + b")]" * 5_000
        + b", 'fortran_order': False, 'shape': ()}",
        "huge shape": b"{'descr': '|O', 'fortran_order': False, 'shape': (" + b"9" * 60_000 + b",)}",
        "expression": b"{'descr': '<f8', 'shape': (" + b"9**9**9,)}",
        "unclosed": b"{" * 60_000,
        "signs": b"-" * 60_000 + b"1",
    }.items():
        yield HostileInput(
            f"npy {name}",
            "a.npy",
            given(lambda header: b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header, header),
        )
    yield HostileInput("npy header beyond the end", "a.npy", lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\xffO")
    yield HostileInput(
        "npz of object arrays",
        "a.npz",
        lambda: zipped({f"{n}.npy": b"\x93NUMPY\x01\x00\x10\x00{'descr': '|O'} \n" + memo_bomb(30) for n in range(10)}),
    )
    yield HostileInput("gguf of huge counts", "model.gguf", lambda: b"GGUF" + struct.pack("<IQQ", 3, 1 << 62, 1 << 62))
    yield HostileInput("hdf5 of nothing", "model.h5", lambda: b"\x89HDF\r\n\x1a\n" + b"\xff" * 5_000)
    yield HostileInput("onnx of lengths", "model.onnx", lambda: b"\x3a" + b"\xff" * 9 + b"\x01" + b"\x0a" * 50_000)


def _texts() -> Iterator[HostileInput]:
    def card(name: str, text: Callable[[], str]) -> HostileInput:
        return HostileInput(f"card {name}", "content.zip", lambda: zipped({"README.md": text()}))

    yield card(
        "aliases that double",
        lambda: (
            "---\na: &a [x]\n"
            + "".join(
                f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *{'a' if n == 0 else f'b{n - 1}'}]\n"
                for n in range(40)
            )
            + "---\n"
        ),
    )
    yield card("flow sequences", lambda: "---\na: " + "[" * 20_000 + "\n---\n")
    yield card("flow mappings", lambda: "---\na: " + "{a: " * 20_000 + "\n---\n")
    yield card("block nesting", lambda: "---\n" + "".join("  " * n + f"k{n}:\n" for n in range(400)) + "---\n")
    yield card("many keys", lambda: "---\n" + "".join(f"k{n}: 1\n" for n in range(15_000)) + "---\n")
    yield card("a key of question marks", lambda: "---\n" + "? " * 50_000 + "\n---\n")
    yield card("many anchors", lambda: "---\n" + "".join(f"k{n}: &a{n} 1\n" for n in range(10_000)) + "---\n")
    yield card("huge numbers", lambda: "---\nlicense: " + "9" * 100_000 + "\nbase_model: 0x" + "f" * 50_000 + "\n---\n")
    yield card("sexagesimal numbers", lambda: "---\na: " + ":".join(["59"] * 20_000) + "\n---\n")
    yield card("tags of objects", lambda: "---\na: !!python/object/apply:os.system [echo]\n---\n")
    yield card("front matter without an end", lambda: "---\n" + "a: b\n" * 50_000)
    yield card("many ends of front matter", lambda: "---\n---\n" * 30_000)
    yield card("many fences", lambda: "```python\nx\n```\n" * 15_000)
    yield card("fences that do not close", lambda: "````\n```\n" * 20_000)
    yield card("many headings", lambda: "# h\n" * 60_000)
    yield card("one long line", lambda: "word " * 50_000)
    yield card("links in links", lambda: "[" * 60_000 + "](" * 60_000)
    yield card("addresses", lambda: "http://" * 30_000)
    yield card("comments that do not close", lambda: "<!--" * 60_000)
    yield card("emphasis", lambda: "**a" * 60_000)
    yield card("spaces", lambda: " " * 250_000 + "x")
    yield card("labels without addresses", lambda: "repository: " * 20_000)
    yield card("install commands", lambda: "pip install " * 20_000)
    yield card("placeholders", lambda: "**[More" * 30_000)
    yield card("lone surrogates", lambda: "\ufeff" * 50_000)
    yield card("NUL bytes", lambda: "\0" * 50_000)
    for name, text in {
        "of one phrase": "permission is hereby granted " * 4_000,
        "of copyright lines": "Copyright (c) 2020 x\n" * 5_000,
        "of brackets": "(" * 120_000,
        "of all names": "MIT Apache-2.0 GPL-3.0 BSD " * 4_000,
    }.items():
        yield HostileInput(
            f"license {name}", "content.zip", given(lambda text: zipped({"LICENSE": text, "README.md": "x"}), text)
        )
    for name, expression in {"brackets": "(" * 90, "choices": "MIT OR " * 28, "joined": "MIT AND (" * 20}.items():
        yield HostileInput(
            f"license expression of {name}",
            "p.zip",
            given(
                lambda expression: zipped({"p-1.dist-info/METADATA": f"Name: p\nLicense-Expression: {expression}\n\n"}),
                expression,
            ),
        )
    for name, text in {
        "long dotted keys": f"[{'.'.join(['a'] * 60_000)}]\n" + "".join(f"k{n}=1\n" for n in range(10_000)),
        "nested arrays": "a = " + "[" * 100_000,
        "nested tables": "".join(f"[{'.'.join(['t'] * n)}]\n" for n in range(1, 500)),
        "huge numbers": "a = " + "9" * 4_000 + "\nb = 0x" + "f" * 100_000 + "\n",
        "inline tables": "a = " + "{a = " * 30_000,
        "long strings": 'a = """' + "\\\n" * 100_000,
    }.items():
        yield HostileInput(f"toml of {name}", "p.zip", given(lambda text: zipped({"pyproject.toml": text}), text))
    yield HostileInput("config of deep JSON", "c.zip", lambda: zipped({"config.json": "[" * 500_000}))
    yield HostileInput(
        "config of huge numbers", "c.zip", lambda: zipped({"config.json": '{"a":' + "9" * 500_000 + "}"})
    )
    yield HostileInput("requirements of brackets", "c.zip", lambda: zipped({"requirements.txt": "a[" * 50_000}))
    yield HostileInput(
        "metadata of requirements", "p.zip", lambda: zipped({"p-1.dist-info/METADATA": "Requires-Dist: " * 15_000})
    )


def _python() -> Iterator[HostileInput]:
    sources: dict[str, Callable[[], str]] = {
        "a long list": lambda: "x = [" + "1," * 200_000 + "]\n",
        "nested parentheses": lambda: "(" * 5_000 + ")" * 5_000,
        "nested calls": lambda: "f(" * 5_000 + ")" * 5_000,
        "a long sum": lambda: "x = " + "+".join(["1"] * 50_000),
        "unary minus": lambda: "x = " + "-" * 50_000 + "1",
        "attributes": lambda: "x" + ".a" * 50_000,
        "nested blocks": lambda: "".join(" " * n + "if x:\n" for n in range(99)) + " " * 99 + "pass\n",
        "comparisons": lambda: "x = " + "<".join(["1"] * 50_000),
        "nested functions": lambda: "".join(" " * n + f"def f{n}():\n" for n in range(99)) + " " * 99 + "pass\n",
        "nested strings": lambda: "x = " + 'f"{' * 140 + "1" + '}"' * 140,
        "huge numbers": lambda: "x = " + "9" * 4_000 + "\ny = 0x" + "f" * 200_000 + "\n",
        "powers": lambda: "x = 9**9**9**9\n",
        "decorators": lambda: "@a\n" * 50_000 + "def f(): pass\n",
        "lambdas": lambda: "x = " + "lambda: " * 5_000 + "1",
        "imports": lambda: "".join(f"import m{n}\n" for n in range(20_000)),
        "walrus": lambda: "(a := " * 3_000 + "1" + ")" * 3_000,
        "encodings": lambda: "# -*- coding: utf-7 -*-\n+AGE-\n" * 10_000,
        "backslashes": lambda: "\\\n" * 100_000,
        "NULs": lambda: "\0" * 100_000,
    }
    for name, make in sources.items():
        yield HostileInput(f"python with {name}", "p.zip", given(lambda make: zipped({"p/a.py": make()}), make))
    yield HostileInput(
        "python in eight long lists",
        "p.zip",
        lambda: zipped({f"p/m{n}.py": "x = [" + "1," * 230_000 + "]" for n in range(8)}),
    )
    yield HostileInput(
        "python in a card",
        "c.zip",
        lambda: zipped({"README.md": "".join(f"```python\nx = [{'1,' * 9_000}]\n```\n" for _ in range(12))}),
    )
    yield HostileInput(
        "deep python in a card", "c.zip", lambda: zipped({"README.md": f"```python\n{'(' * 19_000}\n```\n"})
    )


def _overlapping(count: int, *, name: str = "README%d.md") -> bytes:
    """Every entry of the directory points to one and the same compressed file."""
    inner = zipped({name % 0: bytes(4 * MIB)})
    end = struct.unpack("<4s4H2LH", inner[-22:])
    entry = inner[end[6] : end[6] + end[5]]
    old = (name % 0).encode()
    entries = []
    for number in range(count):
        new = (name % number).encode()
        entries.append(entry[:28] + struct.pack("<H", len(new)) + entry[30:46] + new + entry[46 + len(old) :])
    directory = b"".join(entries)
    return (
        inner[: end[6]]
        + directory
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), end[6], 0)
    )


def _nested(depth: int) -> bytes:
    data = zipped({"README.md": "innermost"})
    for _ in range(depth):
        data = zipped({"inner.zip": data}, compression=zipfile.ZIP_STORED)
    return data


def _with_size(size: int) -> bytes:
    data = bytearray(zipped({"README.md": "x" * 1_000}))
    directory = struct.unpack("<4s4H2LH", data[-22:])[6]
    data[22:26] = data[directory + 24 : directory + 28] = struct.pack("<L", size)
    return bytes(data)


def _with_count(count: int) -> bytes:
    data = bytearray(zipped({"README.md": "x"}))
    data[-14:-10] = struct.pack("<2H", count, count)
    return bytes(data)


def _damaged(data: bytes) -> bytes:
    return data[:60] + bytes(40) + data[100:]


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _pax(record: bytes, *, records: int = 1) -> bytes:
    """A tar whose first entry is an extended header with these records."""
    text = b"".join(b"%d %s\n" % (len(record) + 10, record) for _ in range(records))
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(text)
    return info.tobuf(tarfile.USTAR_FORMAT) + text + bytes(-len(text) % 512) + _tar({"README.md": b"x"})


def _with_tar_size(field: bytes) -> bytes:
    data = bytearray(_tar({"README.md": b"x"}))
    data[124:136] = field
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def _links() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(2_000):
            info = tarfile.TarInfo(f"README{number}")
            info.type, info.linkname = tarfile.SYMTYPE, f"README{number + 1}"
            archive.addfile(info)
    return buffer.getvalue()
