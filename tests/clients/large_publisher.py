"""A client that kills itself: publishes a file in parts until so many of its bytes have been sent.

Arguments: server, token, state folder, file, name, and the number of bytes (0: to the end). On stderr stands how many
bytes were there when it began, and how many had been sent when it ended; on stdout the package's SHA-256.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from registry.client import NewPackage, Phase, RegistryClient, Transfers


async def main(server: str, token: str, state: str, path: str, name: str, kill_at: str) -> None:
    sent: list[int] = []

    def tell(number: int) -> None:
        sys.stderr.write(f"{number}\n")
        sys.stderr.flush()

    def progress(phase: Phase, *, done: int, total: int) -> None:
        if phase != "upload":
            return
        if not sent:
            tell(done)
        sent.append(done)
        if 0 < int(kill_at) <= done:
            tell(done)
            os.kill(os.getpid(), signal.SIGKILL)

    transfers = Transfers(parts_above_bytes=0, state_folder=Path(state))
    async with RegistryClient(server, token, transfers=transfers) as client:
        package = await client.publish(Path(path), NewPackage(name, "1.0.0", "model"), progress=progress)
    tell(sent[-1])
    assert package.content is not None
    sys.stdout.write(package.content.sha256)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
