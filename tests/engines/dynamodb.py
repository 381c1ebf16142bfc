"""DynamoDB Local, in memory. `.ci/install-engines` fetches it; so does the first test run where Java and Maven are."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.process import ENGINES, ROOT, accepts_connections, free_port, stop, wait_until

JARS = ENGINES / "dynamodb"
FETCH_SECONDS = 240


def find_missing() -> str | None:
    """None when DynamoDB Local can run here, else one line that says why not."""
    if shutil.which("java") is None:
        return "DynamoDB Local needs Java 17 or newer"
    if (JARS / "complete").exists():
        return None
    if shutil.which("mvn") is None:
        return "DynamoDB Local is not installed and there is no Maven to fetch it"
    try:
        subprocess.run([ROOT / ".ci" / "fetch-dynamodb"], check=True, capture_output=True, timeout=FETCH_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return f"DynamoDB Local could not be fetched ({type(error).__name__})"
    return None


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
