"""Uploads and downloads by size, one at a time, with the registry's own client."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from load.recording import Recording
from registry.client import ClientError, NewPackage, RegistryClient, Retries

SIZES_BYTES = (10_000, 1_000_000, 10_000_000, 60_000_000, 250_000_000)
_MOST_ROUNDS = 20
_BYTES_OF_A_SIZE = 500_000_000
_BLOCK = os.urandom(1_000_000)


def label(size_bytes: int) -> str:
    return f"{size_bytes // 1_000_000} MB" if size_bytes >= 1_000_000 else f"{size_bytes // 1_000} kB"


def measure(url: str, token: str) -> Recording:
    """Each size is published and fetched 2 to 20 times, digests checked at both ends."""
    return asyncio.run(_measure(url, token))


async def _measure(url: str, token: str) -> Recording:
    recording = Recording()
    with tempfile.TemporaryDirectory(prefix="registry-load-") as name:
        folder = Path(name)
        async with RegistryClient(url, token, retries=Retries(attempts=1)) as client:
            for size_bytes in SIZES_BYTES:
                for number in range(min(_MOST_ROUNDS, max(2, _BYTES_OF_A_SIZE // size_bytes))):
                    await _round_trip(client, recording, folder, size_bytes, number)
    return recording


async def _round_trip(client: RegistryClient, recording: Recording, folder: Path, size_bytes: int, number: int) -> None:
    source, copy = folder / "source.bin", folder / "copy.bin"
    with source.open("wb") as file:
        file.write(os.urandom(16))
        for start in range(16, size_bytes, len(_BLOCK)):
            file.write(_BLOCK[: size_bytes - start])
    described = NewPackage(f"transfer-{size_bytes}-{number}", "1.0.0", "dataset")
    operation, began = f"upload {label(size_bytes)}", time.perf_counter()
    try:
        package = await client.publish(source, described)
        recording.add(operation, time.perf_counter() - began)
        operation, began = f"download {label(size_bytes)}", time.perf_counter()
        await client.download(package, copy)
        recording.add(operation, time.perf_counter() - began)
        copy.unlink()
    except ClientError as error:
        recording.add(operation, time.perf_counter() - began, error=type(error).__name__)
