"""What a package's content shows to a rating: a bounded walk over it. Runs as an isolated job."""

import tempfile
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO

from registry.domain.evidence import ArchiveFacts
from registry.formats.archives.limits import ArchiveLimits, LimitReached
from registry.formats.archives.members import PIECE_BYTES, Member, MemberKind, safe_parts
from registry.formats.archives.reading import BoundedFile, WalkEnd, walk
from registry.formats.inspection import Inspection, InspectionLimits

_IN_MEMORY_BYTES = 8 * 1024 * 1024


def inspect_content(
    content: BinaryIO, filename: str, limits: ArchiveLimits, inspection_limits: InspectionLimits
) -> ArchiveFacts:
    """The facts in an archive; a file that is no archive is looked at as it is, under `filename`.

    Where a limit or damage ends the walk, the facts say that they are not all.
    """
    inspection = Inspection(inspection_limits)
    end = walk(
        content,
        limits,
        lambda member: _look_at(member, inspection),
        otherwise=lambda file: _only_member(file, filename),
    )
    if end is not WalkEnd.WHOLE:
        inspection.cut()
    return inspection.facts()


def _look_at(member: Member, inspection: Inspection) -> None:
    parts = safe_parts(member.path)
    if parts is None or member.kind is MemberKind.FOLDER:
        return
    path = "/".join(parts)
    wanted = inspection.wanted(path, member.size)
    if not wanted:
        return
    if member.kind is not MemberKind.FILE:
        inspection.cannot_read(path)
        return
    # A model file can be larger than memory: it lies on disk while it is scanned.
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
        try:
            _copy(member.pieces(wanted), copy, lambda start: inspection.needed(path, wanted, start))
        except (LimitReached, MemoryError):
            inspection.cannot_read(path)
            raise
        except Exception:  # noqa: BLE001 (as above)
            inspection.cannot_read(path)
            return
        copy.seek(0)
        inspection.take(path, member.size, copy)


def _copy(pieces: Iterator[bytes], copy: IO[bytes], needed: Callable[[bytes], int]) -> None:
    """Piece by piece: `writelines` of a spooled file holds all of it in memory before any goes to the disk."""
    left: int | None = None
    for piece in pieces:
        copy.write(piece)
        left = (needed(piece) if left is None else left) - len(piece)
        if left <= 0:
            return


def _only_member(file: BoundedFile, filename: str) -> Member:
    def pieces(limit: int) -> Iterator[bytes]:
        file.seek(0)
        while limit > 0 and (piece := file.read(min(limit, PIECE_BYTES))):
            limit -= len(piece)
            yield piece

    return Member(filename, MemberKind.FILE, file.size, file.read, pieces)
