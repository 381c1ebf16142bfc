"""A benchmark that gets SIGTERM ends what it has started."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import subprocess, sys
from bench.load import request, send_all
from bench.servers import end_in_order_on_sigterm
from bench.engines import measuring_engine

end_in_order_on_sigterm()
with measuring_engine() as url:
    print("begun", flush=True)
    if sys.argv[1] == "loop":
        port = int(url.rpartition(":")[2])
        send_all(port, iter(lambda: request("GET", "/", {}), b""), expected_status=200)
    else:
        sys.stdin.read()
print("not reached", flush=True)
"""


def engines_of(parent: int) -> list[str]:
    found = subprocess.run(["ps", "-o", "args=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [line for line in found.stdout.splitlines() if "bench.engine" in line]


def test_sigterm_ends_a_benchmark_and_its_engine() -> None:
    for doing in ("loop", "waiting"):
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, doing], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with program:
            assert program.stdout is not None
            assert program.stdout.readline() == "begun\n"
            (engine,) = engines_of(program.pid)
            program.send_signal(signal.SIGTERM)
            # Where the signal comes in a callback of the event loop, the code is that of the connection's end.
            assert program.wait(60) != 0
            assert program.stdout.read() == ""
        everything = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
        assert engine not in everything.splitlines()
