"""Making manifests of bytes in memory."""

import io

from registry.formats.manifests.digesting import ManifestLimits
from registry.formats.manifests.entries import Manifest
from registry.formats.manifests.job import ManifestReading, read_manifest


def read(data: bytes, **limits: int) -> ManifestReading:
    return read_manifest(io.BytesIO(data), ManifestLimits(**limits))


def manifest_of(data: bytes) -> Manifest:
    reading = read(data)
    assert not reading.problem, (reading.problem, reading.path)
    return Manifest(reading.text.encode())


def paths_of(data: bytes) -> list[str]:
    return [entry.path for entry in manifest_of(data).entries()]
