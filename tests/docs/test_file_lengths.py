"""A file of the registry fits into a reader's head: at most 300 lines. A longer one is split by subject."""

from tests.docs.conftest import ROOT

MOST_LINES = 300
GENERATED = {"src/registry/client/sync.py"}
"""`make sync-client` writes it from the asynchronous client; nobody edits it."""


def test_no_file_is_longer_than_the_limit() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for top in ("src", "client")
        for path in (ROOT / top).rglob("*.py")
    }
    assert lengths.keys() >= GENERATED, "an exempt file has gone: drop it here too"
    assert {path: length for path, length in lengths.items() if length > MOST_LINES and path not in GENERATED} == {}
