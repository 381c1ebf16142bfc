"""What an archive's license files, card and metadata say about the license. Runs as an isolated job."""

from typing import BinaryIO

from registry.domain.evidence import LicenseStatement
from registry.formats.archives.inspecting import only_member
from registry.formats.archives.kinds import looks_like_archive
from registry.formats.archives.limits import ArchiveLimits
from registry.formats.archives.members import Member, MemberKind, safe_parts
from registry.formats.archives.reading import WalkEnd, walk
from registry.formats.licenses.files import LicenseFiles


def read_licenses(content: BinaryIO, filename: str, limits: ArchiveLimits) -> tuple[tuple[LicenseStatement, ...], bool]:
    """The statements, and whether they are all: no limit or damage ended the walk."""
    files = LicenseFiles()
    end = walk(content, limits, lambda member: _take(member, files), otherwise=lambda file: only_member(file, filename))
    return files.statements(), end is WalkEnd.WHOLE


def says_nothing(head: bytes, filename: str) -> bool:
    """Whether a content that begins with `head` (SNIFF_BYTES) needs no reading: no archive, and no license file."""
    parts = safe_parts(filename)
    return not looks_like_archive(head) and (parts is None or not LicenseFiles().wanted("/".join(parts)))


def _take(member: Member, files: LicenseFiles) -> None:
    parts = safe_parts(member.path)
    if parts is None or member.kind is MemberKind.FOLDER:
        return
    path = "/".join(parts)
    if wanted := files.wanted(path):
        files.take(path, member.read(wanted) if member.kind is MemberKind.FILE else None)
