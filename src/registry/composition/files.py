"""Puts together what serves the files of packages one by one."""

import asyncio
from dataclasses import dataclass

from registry.composition.backends import Records
from registry.ports.blobs import BlobStore
from registry.ports.clock import Clock, IdSource
from registry.ports.sandbox import Sandbox
from registry.services.files.claiming import Claiming
from registry.services.files.files import PackageFiles
from registry.services.files.housekeeping import DerivedBlobs
from registry.services.files.manifests import Manifests
from registry.services.files.reading import ContentReader
from registry.services.files.unpacked import UnpackedFiles
from registry.settings import BlobsBackend, Settings

_LEASE_SECONDS = 30.0
"""Silence after which another process makes a manifest."""


@dataclass(frozen=True, slots=True)
class FileServices:
    manifests: Manifests
    unpacked: UnpackedFiles
    files: PackageFiles
    derived: DerivedBlobs

    async def run(self) -> None:
        """Make what is wanted, until cancelled."""
        await asyncio.gather(self.manifests.run(), self.unpacked.run())


def assemble_files(
    settings: Settings, records: Records, blobs: BlobStore, *, clock: Clock, ids: IdSource, sandbox: Sandbox
) -> FileServices:
    """The services over these stores."""
    claiming = Claiming(records.derived, clock=clock, ids=ids, lease_seconds=_LEASE_SECONDS)
    reader = ContentReader(blobs, sandbox, most_seconds=settings.manifest_seconds)
    manifests = Manifests(records.derived, blobs, reader, claiming)
    unpacked = UnpackedFiles(records.derived, blobs, claiming)
    derived = DerivedBlobs(records.derived, records.maintenance, blobs)
    return FileServices(
        manifests,
        unpacked,
        PackageFiles(manifests, unpacked, blobs, redirects=settings.blobs is BlobsBackend.S3),
        derived,
    )
