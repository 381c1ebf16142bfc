"""Every way in which an entry can be altered, moved or lost is found, without the registry."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.adapters.ed25519 import Ed25519Signer
from registry.cli import app
from registry.domain.audit_log import NO_DIGEST, Checkpoint, digest_of, entry_members
from registry.domain.audit_verification import ExportCheck, entry_finding
from registry.domain.merkle import Frontier
from tests.factories import make_audit_entry, make_id

Entry = dict[str, Any]
SIGNER = Ed25519Signer("secret of the log", purpose="tests")
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def chain(count: int) -> list[Entry]:
    entries, previous = [], NO_DIGEST
    for position in range(count):
        members = entry_members(make_audit_entry(make_id()), position, previous)
        previous = digest_of(members)
        entries.append({**members, "digest": previous.hex()})
    return entries


def checkpoint_of(entries: list[Entry]) -> Checkpoint:
    return Checkpoint(len(entries), Frontier().extended(bytes.fromhex(entry["digest"]) for entry in entries).root)


def findings(entries: list[Entry], *checkpoints: Checkpoint) -> list[str]:
    check = ExportCheck()
    for entry in entries:
        check.take(entry)
    return check.findings(checkpoints)


def rechained(entries: list[Entry]) -> list[Entry]:
    """The same entries with positions and digests made to fit, as somebody would who can write to the store."""
    made, previous = [], NO_DIGEST
    for position, entry in enumerate(entries):
        members = {**entry, "position": position, "previous": previous.hex()}
        previous = digest_of(members)
        made.append({**members, "digest": previous.hex()})
    return made


def test_a_log_that_is_whole() -> None:
    entries = chain(40)
    for order in (entries, entries[::-1]):
        assert findings(order, checkpoint_of(entries), checkpoint_of(entries[:17]), checkpoint_of(entries[:1])) == []
    assert findings(entries, checkpoint_of(entries[:33])) == []
    waiting = {**entries[0], "position": None}
    assert findings([waiting, *entries], checkpoint_of(entries)) == []


def swap(entries: list[Entry]) -> list[Entry]:
    entries[3], entries[4] = {**entries[4], "position": 3}, {**entries[3], "position": 4}
    return entries


DAMAGES: dict[str, Callable[[list[Entry]], list[Entry]]] = {
    "altered": lambda log: [*log[:5], {**log[5], "user": "eve"}, *log[6:]],
    "altered with its digest": lambda log: [
        *log[:5],
        {**log[5], "user": "eve", "digest": digest_of({**log[5], "user": "eve"}).hex()},
        *log[6:],
    ],
    "altered and chained again": lambda log: rechained([*log[:5], {**log[5], "user": "eve"}, *log[6:]]),
    "the last altered": lambda log: rechained([*log[:-1], {**log[-1], "user": "eve"}]),
    "missing": lambda log: [*log[:5], *log[6:]],
    "the first missing": lambda log: log[1:],
    "the last missing": lambda log: log[:-1],
    "missing and chained again": lambda log: rechained([*log[:5], *log[6:]]),
    "moved": lambda log: swap(list(log)),
    "moved and chained again": lambda log: rechained([*log[:3], log[4], log[3], *log[5:]]),
    "twice": lambda log: [*log, log[7]],
    "inserted": lambda log: rechained([*log[:3], log[9], *log[3:]]),
    "nothing left": lambda _: [],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("size", [12, 20])
def test_damage_is_found(damage: str, size: int) -> None:
    entries = chain(20)
    found = findings(DAMAGES[damage](list(entries)), checkpoint_of(entries[:size]), checkpoint_of(entries))
    assert found


def test_an_entry_alone() -> None:
    entries = chain(4)
    leaves = [bytes.fromhex(entry["digest"]) for entry in entries]
    proof = [leaves[2].hex(), Frontier().extended(leaves[:2]).root.hex()]
    checkpoint = checkpoint_of(entries)
    assert entry_finding(entries[3], proof, checkpoint) is None
    for entry in ({**entries[3], "user": "eve"}, {**entries[3], "position": 2}, entries[2]):
        assert entry_finding(entry, proof, checkpoint) is not None
    assert entry_finding(entries[3], proof[:1], checkpoint) is not None
    assert entry_finding(entries[3], proof, checkpoint_of(entries[:3])) is not None


@pytest.fixture
def files(tmp_path: Path) -> Path:
    entries = chain(4)
    leaves = [bytes.fromhex(entry["digest"]) for entry in entries]
    signed = checkpoint_of(entries)
    note = signed.note(SIGNER.sign(signed.body.encode()), SIGNER.public_key)
    document = {"note": note, "public_key": base64.b64encode(SIGNER.public_key).decode()}
    (tmp_path / "export").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    (tmp_path / "checkpoint").write_text(json.dumps(document))
    (tmp_path / "note").write_text(note)
    (tmp_path / "forged").write_text(json.dumps({**document, "note": note.replace("\n4\n", "\n3\n")}))
    proof = [leaves[2].hex(), Frontier().extended(leaves[:2]).root.hex()]
    (tmp_path / "proof").write_text(json.dumps({"entry": entries[3], "proof": proof, "checkpoint": note}))
    earlier, other = checkpoint_of(entries[:2]), Checkpoint(size=4, root=bytes(32))
    for name, each in (("earlier", earlier), ("other", other)):
        (tmp_path / name).write_text(each.note(SIGNER.sign(each.body.encode()), SIGNER.public_key))
    changed = {**entries[3], "action": "delete"}
    (tmp_path / "changed").write_text(json.dumps({"entry": changed, "proof": proof, "checkpoint": note}))
    (tmp_path / "key").write_text(document["public_key"])
    (tmp_path / "damaged").write_text("".join(json.dumps(entry) + "\n" for entry in entries[1:]))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("export -c checkpoint", 0, "4 entries are as they were signed"),
        ("export -c note --key KEY", 0, "4 entries"),
        ("- -c checkpoint", 0, "4 entries"),
        ("--proof proof -c checkpoint", 0, "Entry 3 is as it was signed, one of 4."),
        ("--proof proof --key KEY", 0, "one of 4"),
        ("--proof proof -c earlier --key KEY", 0, "one of 4"),
        ("--proof proof -c other --key KEY", 7, "two different roots"),
        ("--proof changed -c checkpoint", 7, "entry 3"),
        (f"--proof proof --key {KEY}", 7, "not signed by this key"),
        ("damaged -c checkpoint", 7, "entry 0 is missing"),
        ("export -c forged", 7, "not signed by this key"),
        (f"export -c checkpoint --key {KEY}", 7, "not signed by this key"),
        ("export -c note", 2, "--key"),
        ("export", 2, "checkpoint"),
        ("", 2, "either"),
        ("--proof proof", 2, "checkpoint"),
        ("note -c checkpoint", 1, "cannot be read"),
        ("nowhere -c checkpoint", 1, "nowhere"),
    ],
)
def test_the_command(files: Path, monkeypatch: pytest.MonkeyPatch, words: str, code: int, said: str) -> None:
    monkeypatch.chdir(files)
    arguments = [(files / "key").read_text() if word == "KEY" else word for word in words.split()]
    result = CliRunner().invoke(app, ["audit", "verify", *arguments], input=(files / "export").read_text())
    assert result.exit_code == code, result.output
    assert said in result.output
