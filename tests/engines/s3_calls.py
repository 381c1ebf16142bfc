"""Tries every S3 call that the registry makes on the servers that can be had here, and prints a table.

    python -m tests.engines.s3_calls            all that are installed
    python -m tests.engines.s3_calls versitygw  one of them

`ok` means that the server did what S3 documents: refused what must be refused, and gave back what was set.
moto is tried when `python -m venv .engines/moto && .engines/moto/bin/pip install "moto[server,s3]"` was run.
"""

import argparse
import asyncio
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from tests.engines import s3
from tests.engines.process import ENGINES, accepts_connections, free_port, stop, wait_until
from tests.engines.s3_multipart_calls import MULTIPART_CALLS
from tests.engines.s3_object_calls import OBJECT_CALLS
from tests.engines.s3_trial import Deviation, Trial

MOTO = ENGINES / "moto" / "bin" / "moto_server"
CALLS = OBJECT_CALLS | MULTIPART_CALLS
CALL_SECONDS = 30
SIGNED_BY_CHECKSUM = AioConfig(
    signature_version="s3v4",
    retries={"total_max_attempts": 1},
    s3={"payload_signing_enabled": False},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
"""As the registry's own client: a body is vouched for by its signed checksum header, so that it is hashed once."""


@contextmanager
def running_moto() -> Iterator[s3.S3Server]:
    """moto's server mode, which keeps objects in memory."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            command: list[str | Path] = [MOTO, "-H", "127.0.0.1", "-p", str(port)]
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: accepts_connections(port), process, log=log)
            yield s3.S3Server(f"http://127.0.0.1:{port}", process.pid, log)
        finally:
            stop(process)


SERVERS = {"versitygw": (s3.PROGRAM, s3.running_s3), "moto": (MOTO, running_moto)}
FOLDERS = {MOTO: MOTO.parents[1]}
"""Where a program is more than one file."""


def installed_mib(program: Path) -> int:
    """What the program occupies on disk, with all that was installed for it."""
    folder = FOLDERS.get(program)
    files = [path for path in folder.rglob("*") if path.is_file()] if folder else [program]
    return sum(path.stat().st_size for path in files) // 2**20


def resident_mib(pid: int) -> int:
    """The memory that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


async def try_calls(endpoint_url: str) -> dict[str, str]:
    """What each call came to, by its name."""
    outcomes = {}
    async with (
        s3.session().client("s3", endpoint_url=endpoint_url, config=SIGNED_BY_CHECKSUM) as client,
        httpx.AsyncClient() as http,
    ):
        for name, call in CALLS.items():
            bucket = f"trial-{uuid.uuid4().hex}"
            await client.create_bucket(Bucket=bucket)
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await call(Trial(client, http, bucket))
            except Deviation as deviation:
                outcomes[name] = str(deviation)
            except ClientError as error:
                outcomes[name] = f"refused with {error.response['Error']['Code']}"
            except (BotoCoreError, httpx.HTTPError, KeyError, TimeoutError) as error:
                outcomes[name] = f"{type(error).__name__}: {error}"
            else:
                outcomes[name] = "ok"
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.engines.s3_calls", description=__doc__)
    parser.add_argument("servers", nargs="*", help=f"of {', '.join(SERVERS)}")
    installed = [name for name, (program, _) in SERVERS.items() if program.exists()]
    names = parser.parse_args().servers or installed
    columns = {}
    for name in names:
        program, running = SERVERS[name]
        with running() as server:
            columns[name] = {
                "size on disk": f"{installed_mib(program)} MiB",
                "memory when idle": f"{resident_mib(server.pid)} MiB",
            }
            columns[name] |= asyncio.run(try_calls(server.endpoint_url))
    rows = ["size on disk", "memory when idle", *CALLS]
    print("| call |", " | ".join(names), "|")  # noqa: T201 - the table is what this program is for
    print("| --- |", " | ".join("---" for _ in names), "|")  # noqa: T201
    for row in rows:
        print("|", row, "|", " | ".join(columns[name][row] for name in names), "|")  # noqa: T201


if __name__ == "__main__":
    main()
