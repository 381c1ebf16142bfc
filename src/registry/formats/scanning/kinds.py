"""What a file is, by its bytes. A file may be several things at once, and then each of its readers looks at it."""

import re
from enum import Enum, auto

from registry.formats.archives.kinds import BLOCK_BYTES, ZIP_MAGIC, is_tar_header
from registry.formats.scanning.sources import Source

ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
LZ4_FRAME = b"\x04\x22\x4d\x18"


def is_skippable(head: bytes) -> bool:
    """Whether a frame without data begins here, which readers of Zstandard (RFC 8878, 3.1.2) and LZ4 pass over."""
    return len(head) >= 8 and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18"


def after_skippable(source: Source, place: int) -> tuple[int, bytes]:
    """Where the skippable frames that begin at `place` end, and the bytes there."""
    while is_skippable(head := source.read(place, 8)):
        place = min(source.size, place + 8 + int.from_bytes(head[4:8], "little"))
    return place, head


class Kind(Enum):
    ZIP = auto()
    TAR = auto()
    GZIP = auto()
    BZIP2 = auto()
    XZ = auto()
    ZSTD = auto()
    LZ4 = auto()
    LZMA = auto()
    ZLIB = auto()
    ZLIB_FILE = auto()
    NPY = auto()
    HDF5 = auto()
    GGUF = auto()
    SAFETENSORS = auto()
    TEXT = auto()
    BINARY = auto()


_UNREADABLE = (
    (b"\x7fELF", "a compiled program or library (ELF)"),
    (b"MZ", "a compiled program or library (PE)"),
    (b"\xfe\xed\xfa\xce", "a compiled program or library (Mach-O)"),
    (b"\xfe\xed\xfa\xcf", "a compiled program or library (Mach-O)"),
    (b"\xce\xfa\xed\xfe", "a compiled program or library (Mach-O)"),
    (b"\xcf\xfa\xed\xfe", "a compiled program or library (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "compiled Java, or a universal Mach-O program"),
    (b"\x00asm", "a compiled program (WebAssembly)"),
    (b"dex\n", "a compiled program (Android)"),
    (b"BC\xc0\xde", "a compiled program (LLVM)"),
    (b"!<arch>\n", "a library of compiled objects, or a Debian package"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, which has no reader here"),
    (b"Rar!\x1a\x07", "a RAR archive, which has no reader here"),
    (b"MSCF", "a cabinet archive, which has no reader here"),
    (b"070701", "a cpio archive, which has no reader here"),
    (b"070707", "a cpio archive, which has no reader here"),
    (b"hsqs", "a file system image, which has no reader here"),
    (b"xar!", "a xar archive, which has no reader here"),
    (b"ITSF", "a compiled help file, which has no reader here"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file, which may hold macros"),
    (b"\x02\x21\x4c\x18", "compressed in LZ4's old form, which has no reader here"),
    (b"LZIP", "compressed with lzip, which has no reader here"),
    (b"\x89LZO\x00", "compressed with lzop, which has no reader here"),
    (b"\x1f\x9d", "compressed with compress, which has no reader here"),
    (b"\x1f\xa0", "compressed with compress, which has no reader here"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy, which has no reader here"),
    (b"Salted__", "encrypted"),
    (b"age-encryption.org/", "encrypted"),
    (b"-----BEGIN PGP MESSAGE", "encrypted"),
    (b"-----BEGIN AGE ENCRYPTED", "encrypted"),
)
_PYTHON_BYTECODE = re.compile(rb"[\x00-\xff][\x0b-\x0f]\r\n[\x00-\x03]\x00\x00\x00", re.DOTALL)
_NAMED_BYTECODE = re.compile(rb"..\r\n", re.DOTALL)
_PROMISES = {
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill"), "a pickle"),
    **dict.fromkeys((".pt", ".pth", ".ckpt"), "a checkpoint"),
    **dict.fromkeys((".zip", ".whl", ".jar", ".keras", ".npz", ".mar"), "a zip"),
    **dict.fromkeys((".tar", ".tgz", ".nemo"), "a tar"),
    **dict.fromkeys((".gz", ".bz2", ".xz", ".lzma", ".zst", ".lz4", ".7z", ".rar"), "compressed"),
    **dict.fromkeys((".so", ".pyd", ".dll", ".exe", ".dylib", ".pyc", ".class", ".wasm"), "compiled code"),
    **dict.fromkeys((".h5", ".hdf5"), "HDF5"),
    ".npy": "an array",
    ".gguf": "GGUF",
    ".safetensors": "safetensors",
}
_END_OF_ZIP = b"PK\x05\x06"
ZIP_TAIL_BYTES = 22 + 65_535


def unreadable(head: bytes, name: str) -> str | None:
    """Why nothing here can read a file that begins so: compiled, compressed or encrypted in a way without a reader."""
    for magic, reason in _UNREADABLE:
        if head.startswith(magic) and not (magic == b"MZ" and is_text(head)):
            return reason
    named = name.lower().endswith((".pyc", ".pyo")) and _NAMED_BYTECODE.match(head)
    return "compiled Python" if named or _PYTHON_BYTECODE.match(head) else None


def kinds_of(source: Source) -> list[Kind]:
    """All that the file may be taken for. BINARY where it is nothing that is known."""
    head = source.head
    found = [kind for kind, fits in _MAGIC if fits(head)]
    if is_skippable(head):
        found.append(Kind.LZ4 if after_skippable(source, 0)[1].startswith(LZ4_FRAME) else Kind.ZSTD)
    if Kind.ZIP not in found and _END_OF_ZIP in source.read(max(0, source.size - ZIP_TAIL_BYTES), ZIP_TAIL_BYTES):
        found.append(Kind.ZIP)
    if Kind.HDF5 not in found and any(source.read(512 << n, 8) == _HDF5 for n in range(12)):
        found.append(Kind.HDF5)
    if not found or found == [Kind.ZIP]:
        found.append(Kind.TEXT if is_text(head) else Kind.BINARY)
    return found


def broken_promise(name: str, found: list[Kind], *, pickles: int) -> str | None:
    """A file whose name says that it holds code, or could, and whose bytes are of no known form."""
    if pickles or found != [Kind.BINARY]:
        return None
    promised = _PROMISES.get(name[name.rfind(".") :].lower()) if "." in name else None
    return f"its name says {promised}, its bytes are of no known form" if promised else None


def is_zlib(head: bytes) -> bool:
    return len(head) > 2 and head[0] == 0x78 and (head[0] << 8 | head[1]) % 31 == 0 and not head[1] & 0x20


def _is_safetensors(head: bytes) -> bool:
    return len(head) > 9 and head[8:9] == b"{" and head[5:8] == b"\0\0\0"


def is_text(head: bytes) -> bool:
    """UTF-8, or UTF-16 with its mark."""
    if b"\0" in head:
        return head.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        head[: max(0, len(head) - 3)].decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 6 and error.start > 0
    return True


_HDF5 = b"\x89HDF\r\n\x1a\n"
_MAGIC = (
    (Kind.ZIP, lambda head: head.startswith(ZIP_MAGIC)),
    (Kind.TAR, lambda head: is_tar_header(head[:BLOCK_BYTES])),
    (Kind.GZIP, lambda head: head.startswith(b"\x1f\x8b")),
    (Kind.BZIP2, lambda head: head.startswith(b"BZh")),
    (Kind.XZ, lambda head: head.startswith(b"\xfd7zXZ\x00")),
    (Kind.ZSTD, lambda head: head.startswith(ZSTD_FRAME)),
    (Kind.LZ4, lambda head: head.startswith(LZ4_FRAME)),
    (Kind.LZMA, lambda head: head.startswith(b"\x5d\x00\x00") and len(head) > 13),
    (Kind.ZLIB, is_zlib),
    (Kind.ZLIB_FILE, lambda head: head.startswith(b"ZF0x")),
    (Kind.NPY, lambda head: head.startswith(b"\x93NUMPY")),
    (Kind.HDF5, lambda head: head.startswith(_HDF5)),
    (Kind.GGUF, lambda head: head.startswith(b"GGUF")),
    (Kind.SAFETENSORS, _is_safetensors),
)
