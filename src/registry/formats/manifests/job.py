"""Making a manifest, as an isolated job."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from registry.formats.archives.kinds import BLOCK_BYTES, SNIFF_BYTES, ZIP_MAGIC, is_tar_header
from registry.formats.manifests.decompressing import MAGIC, StreamUnpacking
from registry.formats.manifests.digesting import Budget, ManifestLimits
from registry.formats.manifests.entries import SINGLE, FileEntry, encode_manifest
from registry.formats.manifests.problems import Unreadable
from registry.formats.manifests.reading import Stored
from registry.formats.manifests.tar_streams import PackedTar, PlainTar
from registry.formats.manifests.tars import tar_files
from registry.formats.manifests.zip_directory import ends_like_zip
from registry.formats.manifests.zips import zip_files
from registry.formats.scanning.unpacking import DAMAGED

READER_VERSION = 1
"""Goes up when contents that could not be read can be: what was refused before is then read again."""
TAIL_BYTES = 66 * 1024
"""Where the end record of a zip is."""


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """What came of it: the `text` of the manifest of an archive, empty for SINGLE; or the `problem`, and with which
    `path`.
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
        container = _container_of(stored)
        if container == SINGLE:
            return ManifestReading(SINGLE)
        entries = _once(_files(stored, container, limits))
        return ManifestReading(container, encode_manifest(container, entries))
    except Unreadable as error:
        path = None if error.path is None else error.path.encode("utf-8", "replace").decode()
        return ManifestReading(container, problem=error.reason, path=path)


def is_surely_single(head: bytes, tail: bytes) -> bool:
    """Whether a content is no archive, as its first SNIFF_BYTES and last TAIL_BYTES show: then no job is needed."""
    starts = (*ZIP_MAGIC, *MAGIC.values())
    return not head.startswith(starts) and not is_tar_header(head[:BLOCK_BYTES]) and b"PK\x05\x06" not in tail


def _once(entries: Iterator[FileEntry]) -> Iterable[FileEntry]:
    found: dict[str, FileEntry] = {}
    for entry in entries:
        if entry.path in found:
            raise Unreadable("it is there twice", path=entry.path)
        found[entry.path] = entry
    return found.values()


def _files(stored: Stored, container: str, limits: ManifestLimits) -> Iterator[FileEntry]:
    budget = Budget(limits)
    if container == "zip":
        return zip_files(stored, budget, directory_bytes=limits.directory_bytes)
    return tar_files(PlainTar(stored) if container == "tar" else PackedTar(stored, container, budget), budget)


def _container_of(stored: Stored) -> str:
    """By the bytes: names and media types are the client's word only."""
    head = stored.read(0, SNIFF_BYTES)
    if head.startswith(ZIP_MAGIC):
        return "zip"
    if is_tar_header(head[:BLOCK_BYTES]):
        return "tar"
    for container, magic in MAGIC.items():
        if head.startswith(magic):
            return container if is_tar_header(_first_block(stored, container)) else SINGLE
    return "zip" if ends_like_zip(stored) else SINGLE


def _first_block(stored: Stored, container: str) -> bytes:
    """The first unpacked block; what is damaged before that is no tar."""
    unpacking, block = StreamUnpacking(container), b""
    try:
        for packed in stored.pieces(0, stored.size):
            for piece in unpacking.feed(packed):
                block += piece[:BLOCK_BYTES]
                if len(block) >= BLOCK_BYTES:
                    return block[:BLOCK_BYTES]
    except DAMAGED:
        return b""
    return b""
