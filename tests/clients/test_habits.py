"""What people are used to from other programs: pipes, folders, odd names, profiles, a narrow terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.cli.metadata import normalised_license
from registry.cli.tables import fitting
from registry.cli.text import escaped
from registry.client import NewPackage, RegistryClient, safe_filename
from registry.client.partial_names import partial_path
from tests.clients.commands import NOTHING_FOUND, Cli
from tests.clients.conftest import MODEL_BYTES, Fake
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD
from tests.clients.test_cli_process import command, environment, on_terminal, package_id

__all__ = ["environment", "package_id"]


def test_an_empty_answer_is_said(cli: Cli) -> None:
    for asked in (("list",), ("search", "word"), ("search", "--regex", "x"), ("tokens", "list"), ("webhooks", "list")):
        assert cli.run(*asked).err == NOTHING_FOUND, asked


def test_a_folder_with_a_slash_is_made(cli: Cli, model: Path) -> None:
    cli.publish(model)
    assert cli.done("download", "acme/tiny", "-o", "a/b/").document["path"] == "a/b/tiny.zip"
    assert Path("a/b/tiny.zip").read_bytes() == MODEL_BYTES


def test_bytes_come_from_stdin_and_go_to_stdout(fake: Fake, environment: dict[str, str], package_id: str) -> None:
    publish = command("publish", "-", "--name", "acme/piped", "--version", "1.0.0", "--type", "code")
    done = subprocess.run(publish, env=environment, input=b"\x00piped\xff", capture_output=True, check=True)
    assert json.loads(done.stdout)["content"]["filename"] == "piped-1.0.0"
    got = subprocess.run(command("download", "acme/piped", "-o", "-"), env=environment, capture_output=True, check=True)
    assert (got.stdout, got.stderr) == (b"\x00piped\xff", b"")


async def test_paths_may_be_text(client: RegistryClient, model: Path, tmp_path: Path) -> None:
    package = await client.publish(str(model), NewPackage("acme/tiny", "1.0.0", "model"))
    await client.download(package, str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == MODEL_BYTES


def test_somebody_s_own_part_file_survives(cli: Cli, model: Path, tmp_path: Path) -> None:
    cli.publish(model)
    (tmp_path / "copy.part").write_bytes(b"mine")
    (tmp_path / "copy.part.json").write_bytes(b"mine too")
    cli.done("download", "acme/tiny", "-o", "copy")
    assert (tmp_path / "copy.part").read_bytes() == b"mine"
    assert (tmp_path / "copy.part.json").read_bytes() == b"mine too"


@pytest.mark.parametrize("name", [b"\xff\xfe.bin", "ö".encode() * 120, b'a"b\nc.zip', b"x" * 250 + b".zip"])
def test_files_of_any_name_are_published_and_fetched(cli: Cli, tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(b"content")
    published = cli.publish(path)
    fetched = cli.done("download", published["id"], "-o", "folder/").document["path"]
    assert Path(fetched).read_bytes() == b"content"
    assert os.listdir("folder") == [Path(fetched).name]  # noqa: PTH208
    copy = os.fsdecode(b"copy-" + name[:245])
    cli.done("download", published["id"], "-o", copy)
    assert Path(copy).read_bytes() == b"content"


def test_names_that_are_too_long_keep_their_ending() -> None:
    name = safe_filename("ü" * 300 + ".tar.gz", otherwise="x")
    assert len(name.encode()) <= 200
    assert name.endswith(".gz")
    assert len(os.fsencode(partial_path(Path("y" * 255), ".ranges").name)) <= 255


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("apache 2", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("mit", "MIT"),
        ("MIT License", "MIT"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("gpl-3.0-only with Classpath-exception-2.0", "GPL-3.0-only WITH Classpath-exception-2.0"),
        ("LicenseRef-acme", "LicenseRef-acme"),
        ("our own terms", "our own terms"),
        ("", ""),
    ],
)
def test_a_license_is_written_as_spdx_has_it(written: str, meant: str) -> None:
    assert normalised_license(written) == meant


def test_json_means_the_same_without_what_steers_a_terminal() -> None:
    document = {"name": "a\x9b2J\u202e\u200d", "plain": "größe – 漢字"}
    text = escaped(json.dumps(document, ensure_ascii=False))
    assert json.loads(text) == document
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "größe – 漢字" in text


def test_a_narrow_table_leaves_out_its_last_columns() -> None:
    columns = ("NAME", "VERSION", "TYPE", "SIZE", "LICENSE", "CREATED")
    row = ("sentence-transformers/all-MiniLM-L6-v2", "0.1.0", "model", "79.6 MiB", "Apache-2.0", "2026-11-23")
    assert fitting(columns, [row], width=120)[0] == list(columns)
    assert fitting(columns, [row], width=60)[0] == ["NAME", "VERSION", "TYPE", "SIZE"]
    assert fitting(columns, [row], width=20)[0] == ["NAME", "VERSION"]
    assert fitting(("VERSION", "STATUS", "SINCE", "ID"), [("1.0.0", "active", "2026-11-23", "x" * 36)], width=60)[
        0
    ] == [
        "VERSION",
        "STATUS",
        "ID",
    ]


def test_a_table_is_readable_at_60_columns(package_id: str, environment: dict[str, str]) -> None:
    listed = on_terminal(command("list"), {**environment, "COLUMNS": "60"})
    assert all(len(line.rstrip()) <= 60 for line in listed.splitlines())
    assert "acme/tiny" in listed


def test_show_has_the_metadata_first_and_pages_the_readme(
    fake: Fake, environment: dict[str, str], tmp_path: Path
) -> None:
    metadata = {"name": "acme/bert", "version": "1.0.0", "type": "model", "readme": "# Bert\n\x1b[31m" + "line\n" * 100}
    fake.registry.store(ADMIN, metadata, b"", filename="bert.bin")
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho paged\nexec cat\n")
    pager.chmod(0o700)
    shown = on_terminal(command("show", "acme/bert"), {**environment, "PAGER": str(pager)})
    assert shown.index("paged") < shown.index("acme/bert") < shown.index("# Bert") < shown.index("line")
    assert "\x1b[31m" not in shown


def test_ctrl_c_ends_a_prompt_at_once(fake: Fake, environment: dict[str, str]) -> None:
    del environment["REGISTRY_TOKEN"]
    for arguments, question in ((("login",), "User"), (("login", "--user", "x"), "Password")):
        code = interrupted_at(command(*arguments), environment, question)
        assert code == 130, question


def interrupted_at(arguments: list[str], environment: dict[str, str], question: str) -> int:
    """The exit code after one Ctrl-C at the question."""
    import pty

    from tests.clients.test_cli_process import _TAKE_TERMINAL, hear_interrupts

    ours, theirs = pty.openpty()
    leader = [sys.executable, "-c", _TAKE_TERMINAL, *arguments]
    process = subprocess.Popen(
        leader, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=hear_interrupts
    )
    os.close(theirs)
    shown = ""
    while question not in shown:
        shown += os.read(ours, 65536).decode()
    wait_until_it_waits(process)
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(30)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def wait_until_it_waits(process: "subprocess.Popen[bytes]") -> None:
    """Until the process waits for the terminal. Between the question and that, the system would note the signal, and
    begin to wait all the same: on a busy machine that is long enough to be hit.
    """
    used: list[str] = []
    still = 0
    while still < 10 and process.poll() is None:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        state, before, used = fields[0], used, fields[11:13]
        still = still + 1 if state == "S" and used == before else 0
        time.sleep(0.01)


def test_profiles_are_servers_and_users_by_name(visitor: Cli, fake: Fake, config_file: Path) -> None:
    visitor.environment["REGISTRY_SERVER"] = None
    login = ("login", "--user", ADMIN, "--password-stdin", "--profile", "prod", "--server")
    visitor.done(*login, fake.url.removeprefix("http://"), stdin=ADMIN_PASSWORD + "\n")
    assert visitor.done("profiles", "list").document == {
        "profile": "prod",
        "server": fake.url,
        "user": ADMIN,
        "in_use": True,
    }
    visitor.done("list")
    visitor.done("--profile", "prod", "list")
    assert visitor.failed("list", "--server", fake.url)[0] == 4  # the token is the profile's
    visitor.environment["REGISTRY_PROFILE"] = "other"
    assert visitor.failed("list")[0] == 2
    visitor.environment["REGISTRY_PROFILE"] = None
    visitor.done("logout")
    assert visitor.failed("list") == (4, "registry: Not signed in. Run `registry login`.")
    visitor.done("profiles", "remove", "prod")
    assert visitor.run("profiles", "list").err == NOTHING_FOUND


def test_names_and_versions_are_completed(cli: Cli, fake: Fake, model: Path, environment: dict[str, str]) -> None:
    cli.publish(model)
    cli.publish(model, version="1.1.0")
    cli.publish(model, name="other")

    def completed(beginning: str, **more: str) -> list[str]:
        asked = {"_REGISTRY_COMPLETE": "complete_bash", "COMP_WORDS": f"registry show {beginning}", "COMP_CWORD": "2"}
        done = subprocess.run(
            [*command()[:-1], "registry"],
            env={**environment, **asked, **more},
            capture_output=True,
            check=True,
            text=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    assert completed("ac") == ["acme/tiny"]
    assert completed("acme/tiny@1.1") == ["acme/tiny@1.1.0"]
    assert completed("ac", REGISTRY_SERVER="http://127.0.0.1:9") == []


def test_open_names_the_page(cli: Cli, model: Path, fake: Fake) -> None:
    package = cli.publish(model)
    assert cli.done("open").document == {"url": f"{fake.url}/ui"}
    assert cli.done("open", "acme/tiny").document == {"url": f"{fake.url}/ui/package/{package['id']}"}
