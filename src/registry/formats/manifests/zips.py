"""The files of a zip (APPNOTE.TXT 6.3.10): one table of contents, checked, and each file read to its end."""

import stat
import struct
from collections.abc import Iterator

from registry.formats.archives.roles import role_of
from registry.formats.manifests.decompressing import MemberUnpacking
from registry.formats.manifests.digesting import Budget
from registry.formats.manifests.entries import FileEntry, Packing, Place, Run
from registry.formats.manifests.paths import clean_path, exact_text
from registry.formats.manifests.problems import Unreadable
from registry.formats.manifests.reading import Stored
from registry.formats.manifests.zip_directory import ENCRYPTED_FLAG, Member, read_directory
from registry.formats.scanning.unpacking import DAMAGED

_LOCAL = struct.Struct("<4s5H3L2H")
_PACKINGS = {0: Packing.STORED, 8: Packing.DEFLATE, 12: Packing.BZIP2, 14: Packing.LZMA}
_UNIX, _DARWIN = 3, 19


def zip_files(stored: Stored, budget: Budget, *, directory_bytes: int) -> Iterator[FileEntry]:
    """Every file, read and checked. Raises Unreadable."""
    directory = read_directory(stored, most_bytes=directory_bytes)
    before = 0
    # In the order of their places: the content is read from start to end, and what two members share shows.
    for member, path in sorted(_named(directory.members), key=lambda named: named[0].header_offset):
        if member.header_offset < before:
            raise Unreadable("it shares bytes with another file", path=path)
        offset = _data_offset(stored, member, path)
        before = offset + member.compressed_size
        if before > directory.start:
            raise Unreadable("it reaches beyond the end of the archive", path=path)
        if _is_file(member, path):
            budget.add_file(path)
            yield _file(stored, budget, member, path, offset)


def _named(members: list[Member]) -> list[tuple[Member, str]]:
    """Each with its path. A guessed path that another member surely has is not right: then its bytes are the path."""
    paths = [clean_path(member.name) for member in members]
    sure = {path for member, path in zip(members, paths, strict=True) if not member.is_guessed}
    return [
        (member, clean_path(exact_text(member.raw_name)) if member.is_guessed and path in sure else path)
        for member, path in zip(members, paths, strict=True)
    ]


def _is_file(member: Member, path: str) -> bool:
    """Folders, links and devices are none."""
    mode = stat.S_IFMT(member.attributes >> 16) if member.made_by >> 8 in (_UNIX, _DARWIN) else 0
    if member.name.endswith("/") or mode not in (0, stat.S_IFREG):
        return False
    if not path:
        raise Unreadable("a file in it has no name")
    return True


def _file(stored: Stored, budget: Budget, member: Member, path: str, offset: int) -> FileEntry:
    if member.flags & ENCRYPTED_FLAG:
        raise Unreadable("it is encrypted", path=path)
    packing = _PACKINGS.get(member.method)
    if packing is None:
        raise Unreadable(f"it is compressed by the method {member.method}, which is not read", path=path)
    if packing is Packing.STORED and member.compressed_size != member.size:
        raise Unreadable("its sizes contradict each other", path=path)
    pieces = stored.pieces(offset, member.compressed_size)
    try:
        digests = budget.digest(pieces if packing is Packing.STORED else _unpacked(pieces, packing, member.size))
    except DAMAGED:
        raise Unreadable("its data is damaged", path=path) from None
    if digests.crc32 != member.crc:
        raise Unreadable("its data is damaged: the checksum is another", path=path)
    place = Place(packing, (Run(0, offset, member.compressed_size),))
    return FileEntry(path, member.size, digests.sha256, digests.crc32, role_of(path), member.compressed_size, place)


def _unpacked(pieces: Iterator[bytes], packing: Packing, size: int) -> Iterator[bytes]:
    unpacking = MemberUnpacking(packing, size)
    for piece in pieces:
        yield from unpacking.feed(piece)
    yield from unpacking.finish()


def _data_offset(stored: Stored, member: Member, path: str) -> int:
    header = stored.read(member.header_offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise Unreadable("it is not where the table of contents says", path=path)
    name_bytes, extra_bytes = struct.unpack_from("<2H", header, 26)
    start = member.header_offset + _LOCAL.size
    if stored.read(start, name_bytes) != member.raw_name:
        raise Unreadable("it has another name in its own header", path=path)
    return start + int(name_bytes) + int(extra_bytes)
