"""What a scrub says of packages that change while it reads."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.ports.maintenance import RecordMaintenance
from registry.ports.releases import ReleaseStore
from registry.services.accounts.bootstrap import Bootstrap
from registry.services.files.housekeeping import DerivedBlobs
from registry.services.maintenance.maintenance import Damage, Maintenance
from registry.services.names.drafts import Drafts
from registry.services.uploads.uploads import Uploads
from tests.factories import ManualClock, make_content


class Records:
    """Stands in for `RecordMaintenance`: one content was there when it was listed, and is `live` or not by now."""

    def __init__(self, *, live: bool) -> None:
        self.content = make_content()
        self._live = live

    async def list_contents(self) -> AsyncIterator[tuple[str, str, int, str]]:
        yield "1", self.content.blob_key, self.content.size, self.content.sha256

    async def live_blob_keys(self, keys: Sequence[str]) -> set[str]:
        return set(keys) if self._live else set()


class NothingDerived:
    async def scrub(self) -> int:
        return 0


@pytest.mark.parametrize("live", [True, False])
async def test_bytes_that_are_gone_are_damage_only_while_a_record_refers_to_them(tmp_path: Path, *, live: bool) -> None:
    records, blobs = Records(live=live), FilesystemBlobStore.open(tmp_path)
    maintenance = Maintenance(
        cast("RecordMaintenance", records),
        blobs,
        derived=cast("DerivedBlobs", NothingDerived()),
        uploads=cast("Uploads", None),
        releases=cast("ReleaseStore", None),
        drafts=cast("Drafts", None),
        bootstrap=cast("Bootstrap", None),
        clock=ManualClock(),
    )
    damages = await maintenance.scrub(lambda _, __: None)
    blobs.close()
    assert damages == ([Damage("1", records.content.sha256, None)] if live else [])
