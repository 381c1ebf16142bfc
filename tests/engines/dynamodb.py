"""DynamoDB Local, in memory. `.ci/install-engines` fetches it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.process import ENGINES, accepts_connections, free_port, stop, wait_until

JARS = ENGINES / "dynamodb"


def find_missing() -> str | None:
    """None when DynamoDB Local can run here, else one line that says why not."""
    if shutil.which("java") is None:
        return "DynamoDB Local needs Java 17 or newer"
    return None if (JARS / "complete").exists() else "DynamoDB Local is not installed (.ci/install-engines does it)"


@contextmanager
def running_dynamodb() -> Iterator[str]:
    """The endpoint URL of a fresh, empty DynamoDB Local that keeps nothing."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = ["java", "-Xmx512m", f"-Djava.library.path={JARS}", "-cp", f"{JARS}/*"]
        command += ["com.amazonaws.services.dynamodbv2.local.main.ServerRunner"]
        command += ["-inMemory", "-disableTelemetry", "-port", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: accepts_connections(port), process, log=log)
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process)
