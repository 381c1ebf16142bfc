"""What the machine itself gives: the bounds that figures of transfers and publishing have to be seen against."""

import hashlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.report import Measured, Row
from bench.suites import Options

MEGABYTE = 1_000_000
_BLOCK = os.urandom(1024 * 1024)


def rows(options: Options) -> Iterator[Row]:
    rounds, size = (3, 128 * 2**20) if options.quick else (5, 512 * 2**20)
    for name, unit, measure in (
        ("SHA-256, one core", "MB/s CPU", _sha256_speed),
        ("write a file and fsync it", "MB/s", _disk_speed),
        ("loopback, one connection", "MB/s", _loopback_speed),
    ):
        found = Measured.of([measure(size) / MEGABYTE for _ in range(rounds)])
        yield Row("machine", name, found.value, unit, found.spread, more_is_better=True)
    found = Measured.of([fsync_rate(seconds=0.3) for _ in range(rounds)])
    yield Row("machine", "4 KiB appends, each with fsync", found.value, "/s", found.spread, more_is_better=True)


def fsync_rate(*, seconds: float) -> float:
    """Appends of 4 KiB with an fsync each, per second, one after the other, in the folder for temporary files."""
    with tempfile.TemporaryFile() as file:
        count, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            os.write(file.fileno(), _BLOCK[:4096])
            os.fsync(file.fileno())
            count += 1
    return count / elapsed


def durable_files_rate(parent: Path, *, threads: int, seconds: float) -> float:
    """New files of 1 KiB per second, each with file and folder synced, from threads side by side.

    That is the least a store of files has to do for each small package. The files stay in `parent`: for some seconds
    after many deletions ext4 searches long for each new inode (0.4 ms), and what is measured next would pay for that.
    """
    folder = Path(tempfile.mkdtemp(dir=parent))
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        writers = [pool.submit(_write_durably, folder / str(number), began + seconds) for number in range(threads)]
        count = sum(writer.result() for writer in writers)
        return count / (time.perf_counter() - began)


def _write_durably(folder: Path, deadline: float) -> int:
    folder.mkdir()
    count = 0
    while time.perf_counter() < deadline:
        for path, flags in ((folder / str(count), os.O_WRONLY | os.O_CREAT), (folder, os.O_RDONLY)):
            descriptor = os.open(path, flags, 0o600)
            if flags != os.O_RDONLY:
                os.write(descriptor, _BLOCK[:1024])
            os.fsync(descriptor)
            os.close(descriptor)
        count += 1
    return count


def _sha256_speed(size: int) -> float:
    digest, began = hashlib.sha256(), time.process_time()
    for _ in range(size // len(_BLOCK)):
        digest.update(_BLOCK)
    return size / (time.process_time() - began)


def _disk_speed(size: int) -> float:
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as folder:
        began = time.perf_counter()
        with (Path(folder) / "file").open("wb", buffering=0) as file:
            for _ in range(size // len(_BLOCK)):
                file.write(_BLOCK)
            os.fsync(file.fileno())
        return size / (time.perf_counter() - began)


def _loopback_speed(size: int) -> float:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = threading.Thread(target=_send, args=(listener.getsockname(), size))
        sender.start()
        receiver, _ = listener.accept()
        buffer, began = bytearray(len(_BLOCK)), time.perf_counter()
        with receiver:
            while receiver.recv_into(buffer):
                pass
        elapsed = time.perf_counter() - began
        sender.join()
    return size / elapsed


def _send(address: tuple[str, int], size: int) -> None:
    with socket.create_connection(address) as connection:
        for _ in range(size // len(_BLOCK)):
            connection.sendall(_BLOCK)
