"""Making a manifest, as an isolated job."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from registry.formats.archives.kinds import BLOCK_BYTES, SNIFF_BYTES, ZIP_MAGIC, is_tar_header
from registry.formats.manifests.decompressing import MAGIC, StreamUnpacking
from registry.formats.manifests.digesting import Budget, ManifestLimits
from registry.formats.manifests.entries import SINGLE, FileEntry, encode_manifest
from registry.formats.manifests.paths import is_text, listed_path
from registry.formats.manifests.problems import Unreadable
from registry.formats.manifests.reading import Stored
from registry.formats.manifests.tar_streams import PackedTar, PlainTar
from registry.formats.manifests.tars import tar_files
from registry.formats.manifests.zip_directory import ends_like_zip
from registry.formats.manifests.zips import zip_files
from registry.formats.scanning.unpacking import DAMAGED

READER_VERSION = 2
"""Goes up when contents that could not be read can be: what was refused before is then read again."""
TAIL_BYTES = 66 * 1024
"""Where the end record of a zip is."""
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_TAR_NAME = re.compile(r"\.(tar(\.\w+)?|t(gz|bz2?|xz|zst))$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """What came of it: the `text` of the manifest of an archive, empty for SINGLE; or the `problem`, and with which
    `path`. SINGLE with a problem: the compressed data is damaged before it shows whether it is a tar.
    """

    container: str
    text: str = ""
    problem: str = ""
    path: str | None = None


def read_manifest(file: BinaryIO, limits: ManifestLimits) -> ManifestReading:
    """The manifest of an archive: each file is read to its end; one that cannot be makes the whole unreadable."""
    stored = Stored(file)
    container = SINGLE
    try:
        container, problem = _container_of(stored)
        if container == SINGLE:
            return ManifestReading(SINGLE, problem=problem)
        entries = _listed(_files(stored, container, limits))
        return ManifestReading(container, encode_manifest(container, entries))
    except Unreadable as error:
        path = None if error.path is None else listed_path(error.path)
        return ManifestReading(container, problem=error.reason, path=path)


def is_surely_single(head: bytes, tail: bytes) -> bool:
    """Whether a content is no archive, as its first SNIFF_BYTES and last TAIL_BYTES show: then no job is needed."""
    starts = (*ZIP_MAGIC, *MAGIC.values())
    return not head.startswith(starts) and not _begins_tar(head[:BLOCK_BYTES]) and b"PK\x05\x06" not in tail


def is_tar_name(filename: str) -> bool:
    """Whether who gave this name calls the content a tar, compressed or not."""
    return _TAR_NAME.search(filename) is not None


def _listed(entries: Iterator[FileEntry]) -> Iterable[FileEntry]:
    """Each path once. One that is not UTF-8 gets its listed form, escaped again where another file is called so."""
    found: dict[str, FileEntry] = {}
    for entry in entries:
        if entry.path in found:
            raise Unreadable("it is there twice", path=entry.path)
        found[entry.path] = entry
    for entry in [entry for entry in found.values() if not is_text(entry.path)]:
        path = listed_path(found.pop(entry.path).path)
        while path in found:
            path = path.replace("%", "%25")
        found[path] = replace(entry, path=path)
    return found.values()


def _files(stored: Stored, container: str, limits: ManifestLimits) -> Iterator[FileEntry]:
    budget = Budget(limits)
    if container == "zip":
        return zip_files(stored, budget, directory_bytes=limits.directory_bytes)
    return tar_files(PlainTar(stored) if container == "tar" else PackedTar(stored, container, budget), budget)


def _container_of(stored: Stored) -> tuple[str, str]:
    """By the bytes: names and media types are the client's word only. And what is wrong where these do not show it."""
    head = stored.read(0, SNIFF_BYTES)
    if head.startswith(ZIP_MAGIC):
        return "zip", ""
    if _begins_tar(head[:BLOCK_BYTES]):
        return "tar", ""
    for container, magic in MAGIC.items():
        if head.startswith(magic):
            block, is_damaged = _first_block(stored, container)
            if _begins_tar(block):
                return container, ""
            return SINGLE, "its compressed data is damaged or cut before its first file" if is_damaged else ""
    return ("zip" if ends_like_zip(stored) else SINGLE), ""


def _begins_tar(block: bytes) -> bool:
    """Whether the first block, or what there is of it, is the header of a tar, be it damaged."""
    return is_tar_header(block) or block.startswith(_TAR_MAGIC, _TAR_MAGIC_AT)


def _first_block(stored: Stored, container: str) -> tuple[bytes, bool]:
    """The first unpacked block, shorter where there is less; and whether damage is why."""
    unpacking, block = StreamUnpacking(container), b""
    try:
        for packed in stored.pieces(0, stored.size):
            for piece in unpacking.feed(packed):
                block += piece[:BLOCK_BYTES]
                if len(block) >= BLOCK_BYTES:
                    return block[:BLOCK_BYTES], False
        unpacking.finish()
    except DAMAGED:
        return block, True
    return block, False
