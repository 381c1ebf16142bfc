"""Single compressed files, and tars in them."""

import re

from registry.formats.archives.kinds import BLOCK_BYTES, is_tar_header
from registry.formats.scanning.kinds import Kind, is_text
from registry.formats.scanning.sources import Source
from registry.formats.scanning.tars import PackedStream, scan_tar
from registry.formats.scanning.unpacking import MAKERS, Unpacker, spooled
from registry.formats.scanning.walk import Walk

_UNCERTAIN = (Kind.ZLIB, Kind.LZMA)
"""Their first bytes are short: what does not unpack may be something else."""
_ENDING = re.compile(r"\.(?:gz|bz2|xz|zst|lz4|lzma|z)\Z", re.IGNORECASE)
_ZLIB_FILE_HEADER = 21


def scan_compressed(walk: Walk, source: Source, kind: Kind, *, path: str, name: str, depth: int) -> bool:
    """Unpack and scan what is inside: a tar file by file, anything else as the file itself. Whether all of it was."""
    packed = source.part(_ZLIB_FILE_HEADER, source.size) if kind is Kind.ZLIB_FILE else source
    first = PackedStream(Unpacker(packed, MAKERS[kind])).read(BLOCK_BYTES)
    if kind in _UNCERTAIN and not first:
        return False
    if depth >= walk.limits.depth:
        walk.collector.miss(path, f"nested more than {walk.limits.depth} archives deep")
        return False
    unpacker = Unpacker(packed, MAKERS[kind])
    if is_tar_header(first):
        scan_tar(walk, PackedStream(unpacker), prefix=f"{path}!/" if depth else "", depth=depth + 1)
    else:
        with spooled(unpacker.pieces(), limit=walk.limits.file_bytes, memory=walk.limits.spool_bytes) as unpacked:
            walk.spend(unpacked.source.size)
            if unpacked.cut:
                walk.collector.miss(path, walk.too_large())
            elif unpacker.problem and not (kind in _UNCERTAIN and is_text(source.head)):
                walk.collector.miss(path, unpacker.problem)
            walk.scan_file(path, unpacked.source, depth=depth + 1, name=_ENDING.sub("", name))
            if unpacked.cut:
                return True
    if unpacker.problem:
        return False
    if packed.size - unpacker.used > 0:
        walk.scan_loose(path, packed.part(unpacker.used, packed.size))
    return unpacker.used > 0
