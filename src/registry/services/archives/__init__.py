"""Looking into archives that publishers sent: README, license, configuration and model card, without unpacking.

Everything in an archive is a stranger's: nothing is written to disk, executed or followed, and every loop has a bound.
"""

from registry.services.archives.facts import ArchiveFacts
from registry.services.archives.kinds import SNIFF_BYTES, ArchiveKind, looks_like_archive
from registry.services.archives.limits import ArchiveLimits
from registry.services.archives.reader import ArchiveReader
from registry.services.archives.roles import Role, role_of
from registry.services.archives.zip_directory import ZipEntry

__all__ = [
    "SNIFF_BYTES",
    "ArchiveFacts",
    "ArchiveKind",
    "ArchiveLimits",
    "ArchiveReader",
    "Role",
    "ZipEntry",
    "looks_like_archive",
    "role_of",
]
