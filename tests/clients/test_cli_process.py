"""The `registry` command as a process of its own: on pipes, on a real terminal, killed and started again."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.clients.conftest import Fake
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD
from tests.clients.served import Fault

MIB = 1024 * 1024
BYTES = os.urandom(MIB) * 4


@pytest.fixture
def environment(fake: Fake, tmp_path: Path) -> dict[str, str]:
    """Of an admin who is signed in by a token, in a terminal of 100 columns."""
    fake.registry.tokens["a-token"] = ADMIN
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "HOME": str(tmp_path),
        "REGISTRY_SERVER": fake.url,
        "REGISTRY_TOKEN": "a-token",
        "COLUMNS": "100",
        "TERM": "xterm",
    }


@pytest.fixture
def package_id(fake: Fake) -> str:
    metadata = {"name": "acme/tiny", "version": "1.0.0", "type": "model", "description": "[bold]x\x1b[31m"}
    return fake.registry.store(ADMIN, metadata, BYTES, filename="tiny.bin").id


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "registry", *arguments]


def test_pipes_get_json_and_exit_codes(package_id: str, environment: dict[str, str]) -> None:
    shown = subprocess.run(command("show", "acme/tiny"), env=environment, capture_output=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert json.loads(shown.stdout)["id"] == package_id
    absent = subprocess.run(command("show", "acme/none"), env=environment, capture_output=True, check=False)
    assert (absent.returncode, absent.stdout) == (3, b"")
    assert absent.stderr.count(b"\n") == 1


def test_a_reader_that_has_enough_ends_a_listing_quietly(fake: Fake, environment: dict[str, str]) -> None:
    for number in range(300):  # more than a pipe holds
        metadata = {"name": f"thing-{number}", "version": "1.0.0", "type": "code", "description": "x" * 1000}
        fake.registry.store(ADMIN, metadata, None, filename="")
    listing = command("list", "--status", "pending")
    with subprocess.Popen(listing, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["name"] == "thing-299"
        process.stdout.close()
        assert process.stderr.read() == b""


def hear_interrupts() -> None:
    """A suite that runs in the background of a shell ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_download_leaves_what_came(
    fake: Fake, package_id: str, environment: dict[str, str], tmp_path: Path
) -> None:
    fake.server.faults.append(stall := Fault("GET", "/content", stall_after=3 * MIB))
    part = tmp_path / "copy.registry-part"
    download = command("download", package_id, "--output", str(tmp_path / "copy"))
    with subprocess.Popen(download, env=environment, stderr=subprocess.PIPE, preexec_fn=hear_interrupts) as process:
        while not (part.exists() and part.stat().st_size >= 2 * MIB):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        stall.release.set()
    assert process.returncode == 130
    assert part.stat().st_size >= 2 * MIB
    assert BYTES.startswith(part.read_bytes())


def test_a_killed_download_is_resumed(fake: Fake, package_id: str, environment: dict[str, str], tmp_path: Path) -> None:
    fake.server.faults.append(stall := Fault("GET", "/content", stall_after=3 * MIB))
    part = tmp_path / "copy.registry-part"
    download = command("download", package_id, "--output", str(tmp_path / "copy"))
    process = subprocess.Popen(download, env=environment)
    try:
        while not (part.exists() and part.stat().st_size >= 2 * MIB):
            assert process.poll() is None
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
        stall.release.set()

    kept = part.stat().st_size
    again = subprocess.run(download, env=environment, capture_output=True, check=True)
    assert again.stderr == b""
    assert (tmp_path / "copy").read_bytes() == BYTES
    assert fake.server.seen("GET", "/content")[-1].bytes_sent == len(BYTES) - kept


# Passwords are read from the controlling terminal, which a process gets by leading a session of its own.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def on_terminal(
    arguments: list[str], environment: dict[str, str], *, typed: dict[str, str] | None = None, highlight: str = ""
) -> str:
    """What a terminal shows while the command runs; each answer of `typed` follows its question.

    Colours are left out, but where a text is highlighted there is a `highlight` before and behind it.
    """
    ours, theirs = pty.openpty()
    leader = [sys.executable, "-c", _TAKE_TERMINAL, *arguments]
    process = subprocess.Popen(leader, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    answers, shown = dict(typed or {}), ""
    try:
        while select.select([ours], [], [], 30)[0]:
            shown += os.read(ours, 65536).decode()
            for question in [question for question in answers if question in shown]:
                while question == "Password" and process.poll() is None and termios.tcgetattr(ours)[3] & termios.ECHO:
                    time.sleep(0.005)  # what is typed before the echo is off is dropped
                os.write(ours, answers.pop(question).encode() + b"\n")
    except OSError:  # how Linux tells that the other side was closed
        pass
    finally:
        os.close(ours)  # hangs up on a process that waits for more
        code = process.wait()
    assert (code, answers) == (0, {}), shown
    shown = re.sub(r"\x1b\[1;33m(.*?)\x1b\[0m", rf"{highlight}\1{highlight}", shown)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)  # colours and cursor moves


def test_a_terminal_gets_tables(package_id: str, environment: dict[str, str]) -> None:
    listed = on_terminal(command("list"), environment)
    assert re.search(r"NAME +VERSION +TYPE +SIZE", listed)
    assert re.search(r"acme/tiny +1\.0\.0 +model +4\.0 MiB", listed)
    shown = on_terminal(command("show", "acme/tiny"), environment)
    assert "[bold]x\ufffd[31m" in shown
    assert json.loads(on_terminal(command("list", "--json"), environment))["id"] == package_id


def test_a_terminal_gets_excerpts_with_highlights(fake: Fake, environment: dict[str, str]) -> None:
    metadata = {"name": "acme/bert", "version": "1.0.0", "type": "model", "readme": "# Bert\n\x1b[31ma sentence bert"}
    fake.registry.store(ADMIN, metadata, BYTES, filename="bert.bin")
    words = on_terminal(command("search", "sentence"), environment, highlight="*")
    lines = [line.rstrip() for line in words.splitlines()]
    assert lines == ["acme/bert 1.0.0 (model)", "    # Bert \ufffd[31ma *sentence* bert"]
    readme = on_terminal(command("search", "--regex", "s[^ ]*e ?"), environment, highlight="*")
    assert "    # Bert \ufffd[31ma *sentence *bert" in readme
    name = on_terminal(command("search", "--regex", "bert"), environment, highlight="*")
    assert "    acme/*bert*" in name


def test_a_terminal_sees_transfers_move(package_id: str, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BYTES)
    metadata = ["--name", "acme/other", "--version", "1.0.0", "--type", "model"]
    published = on_terminal(command("publish", str(tmp_path / "file"), *metadata), environment)
    assert "reading" in published
    assert "sending" in published
    fetched = on_terminal(command("download", package_id, "-o", str(tmp_path / "copy")), environment)
    assert re.search(r"fetching.*4\.2/4\.2 MB|fetching.*4\.0/4\.0 MiB", fetched, re.DOTALL)


def test_a_terminal_is_asked_before_a_delete(fake: Fake, package_id: str, environment: dict[str, str]) -> None:
    shown = on_terminal(command("delete", "acme/tiny"), environment, typed={"[y/N]": "y"})
    assert f"Delete acme/tiny 1.0.0 (model, {package_id})?" in shown
    assert fake.registry.packages == {}


def test_a_password_is_typed_unseen(fake: Fake, environment: dict[str, str], tmp_path: Path) -> None:
    del environment["REGISTRY_TOKEN"]
    shown = on_terminal(command("login"), environment, typed={"User": ADMIN, "Password": ADMIN_PASSWORD})
    assert ADMIN_PASSWORD not in shown
    assert f"Signed in to {fake.url} as {ADMIN}" in shown
    assert ADMIN in (tmp_path / ".config" / "registry" / "config.json").read_text()


_LOADED = """
import sys
from registry.cli import main
try:
    main()
except SystemExit as leaving:
    assert leaving.code == 0
print(*sorted({"httpx", "fastapi", "starlette", "pydantic", "aioboto3", "uvicorn", "redis"} & sys.modules.keys()))
"""


def test_help_loads_neither_the_service_nor_the_client(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, "--help"], env=environment, capture_output=True, check=True, text=True
    )
    assert done.stdout.endswith("\n\n")
    assert "Usage: registry" in done.stdout
