"""The setting for the memory of uploads is spent once."""

import pytest

from registry.composition.memory import UploadMemory
from registry.settings import BlobsBackend, Settings

MIB = 1024 * 1024


@pytest.mark.parametrize("mib", [16, 32, 256, 1001])
def test_bodies_and_parts_share_what_the_setting_gives(mib: int) -> None:
    at_scale = UploadMemory.of(Settings(blobs=BlobsBackend.S3, s3_bucket="any", upload_memory_bytes=mib * MIB))
    assert at_scale.bodies_bytes + at_scale.parts_bytes == mib * MIB
    assert at_scale.bodies_bytes >= 4 * MIB
    assert at_scale.parts_bytes >= 8 * MIB
    assert UploadMemory.of(Settings(upload_memory_bytes=mib * MIB)) == UploadMemory(mib * MIB, 0)


def test_the_smallest_setting_lets_one_upload_through() -> None:
    assert UploadMemory.of(
        Settings(blobs=BlobsBackend.S3, s3_bucket="any", upload_memory_bytes=4 * MIB)
    ) == UploadMemory(4 * MIB, 8 * MIB)
