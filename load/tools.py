"""Runs locust and k6 as processes of their own and turns what they wrote into operations."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from load.histogram import Distribution
from load.recording import total
from load.results import Operation, Quantiles

_HERE = Path(__file__).parent
_ROOT = _HERE.parent


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool saw in `seconds`. `kept` is its own verdict on each target of mix.json."""

    seconds: float
    operations: dict[str, Operation]
    total: Operation
    timeline: tuple[int, ...]
    kept: dict[str, bool]


def k6_program() -> str | None:
    """The k6 that `make .engines/bin/k6` built, or one on the path."""
    built = _ROOT / ".engines" / "bin" / "k6"
    return str(built) if built.exists() else shutil.which("k6")


def has_locust() -> bool:
    return find_spec("locust") is not None


@contextmanager
def _working_files(ids: list[str]) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory(prefix="registry-load-") as folder:
        listed, result = Path(folder) / "ids", Path(folder) / "result.json"
        listed.write_text("\n".join(ids))
        yield listed, result


def locust(
    url: str, token: str, ids: list[str], *, clients: int, seconds: int, processes: int, started: Callable[[int], None]
) -> Told:
    """Closed users; `processes` over 1 is a master with that many workers. `started` gets the process id."""
    with _working_files(ids) as (listed, result):
        command = [sys.executable, "-m", "locust", "-f", str(_HERE / "locustfile.py"), "--headless", "--only-summary"]
        command += ["--host", url, "--users", str(clients), "--spawn-rate", str(clients), "--run-time", f"{seconds}s"]
        command += ["--processes", str(processes)] if processes > 1 else []
        extra = {
            "LOAD_IDS": str(listed),
            "LOAD_RESULT": str(result),
            "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'src'}",
        }
        _run(command, token, extra, result=result, started=started)
        document: dict[str, Any] = json.loads(result.read_text())
    operations = {name: _operation(found) for name, found in document["operations"].items()}
    return Told(document["seconds"], operations, total(operations), tuple(document["timeline"]), document["kept"])


def k6(
    url: str,
    token: str,
    ids: list[str],
    *,
    clients: int,
    seconds: int,
    per_second: float | None,
    started: Callable[[int], None],
) -> Told:
    """Closed users, or open arrivals when `per_second` is given. Raises LookupError without k6."""
    program = k6_program()
    if program is None:
        raise LookupError("k6 is not here; make .engines/bin/k6 builds it (needs Go)")
    with _working_files(ids) as (listed, result):
        values = {"BASE_URL": url, "CLIENTS": clients, "SECONDS": seconds, "IDS": listed, "RESULT": result}
        values |= {"RATE": round(per_second)} if per_second else {}
        command = [program, "run", "--quiet", "--no-usage-report"]
        for name, value in values.items():
            command += ["-e", f"{name}={value}"]
        _run([*command, str(_HERE / "mix.js")], token, {}, result=result, started=started)
        document: dict[str, Any] = json.loads(result.read_text())
    times = {name: Operation(Quantiles(**found)) for name, found in document["operations"].items()}
    errors = {"status": document["failed"], "dropped": document["dropped"]}
    whole = Operation(times.pop("").times, {name: count for name, count in errors.items() if count})
    return Told(float(seconds), times, whole, (), document["kept"])


def _run(
    command: list[str], token: str, extra: dict[str, str], *, result: Path, started: Callable[[int], None]
) -> None:
    """Raises RuntimeError when the tool wrote no `result`, which also names the targets that were kept."""
    environment = os.environ | extra | {"REGISTRY_TOKEN": token}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            started(process.pid)
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if not result.exists():
            log.seek(0)
            raise RuntimeError(f"{command[0]} wrote no result:\n{log.read().decode(errors='replace')[-4000:]}")


def _operation(document: dict[str, Any]) -> Operation:
    bins = tuple((value, count) for value, count in document["bins"])
    return Operation(Distribution(bins, document["sum_ms"], document["most_ms"]), document["errors"])
