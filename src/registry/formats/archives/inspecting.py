"""What a package's content shows to a rating: a bounded walk over it. Runs as an isolated job."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from registry.domain.evidence import ArchiveFacts
from registry.formats.archives.kinds import looks_like_archive
from registry.formats.archives.limits import ArchiveLimits, LimitReached
from registry.formats.archives.members import PIECE_BYTES, Member, MemberKind, safe_parts
from registry.formats.archives.reading import BoundedFile, WalkEnd, walk
from registry.formats.inspection import Inspection, InspectionLimits


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
        otherwise=lambda file: only_member(file, filename),
    )
    if end is not WalkEnd.WHOLE:
        inspection.cut()
    return inspection.facts()


def facts_of_unread(head: bytes, filename: str, size: int) -> ArchiveFacts | None:
    """The facts of a content that nothing in it could add to; None where it must be read.

    `head` are its first SNIFF_BYTES. Most small files are such, and need no job.
    """
    parts = safe_parts(filename)
    if looks_like_archive(head) or parts is None:
        return None
    inspection = Inspection()
    return None if inspection.wanted("/".join(parts), size) else inspection.facts()


def _look_at(member: Member, inspection: Inspection) -> None:
    parts = safe_parts(member.path)
    if parts is None or member.kind is MemberKind.FOLDER:
        return
    path = "/".join(parts)
    wanted = inspection.wanted(path, member.size)
    if not wanted:
        return
    if member.kind is not MemberKind.FILE:
        inspection.miss(path)
        return
    try:
        data = b"".join(member.pieces(wanted))
    except (LimitReached, MemoryError):
        raise
    except Exception:  # noqa: BLE001 (readers of archives raise all sorts of errors for crafted bytes)
        inspection.miss(path)
        return
    inspection.take(path, io.BytesIO(data))


def only_member(file: BoundedFile, filename: str) -> Member:
    """A file that is no archive, as the one member of one."""

    def pieces(limit: int) -> Iterator[bytes]:
        file.seek(0)
        while limit > 0 and (piece := file.read(min(limit, PIECE_BYTES))):
            limit -= len(piece)
            yield piece

    return Member(filename, MemberKind.FILE, file.size, file.read, pieces)
