"""The examples of docs/client.md are run, so that they stay true."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from registry.client import NewPackage, RegistryClient
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the page's Python blocks define, run in a folder with a file to publish."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.zip").write_bytes(b"model")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)  # noqa: S102 – our own page
    return names


async def test_examples_work(
    examples: dict[str, Any], client: RegistryClient, registry_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Callable[..., Awaitable[None]] = examples["main"]
    await main(registry_url, ADMIN, ADMIN_PASSWORD)
    assert capsys.readouterr().out.startswith("acme/tiny 1.2.3 Content(size=5, ")
    assert Path("copy.zip").read_bytes() == b"model"  # noqa: ASYNC240

    publish_once: Callable[..., Awaitable[str]] = examples["publish_once"]
    assert "exists" in await publish_once(client, Path("tiny.zip"), NewPackage("acme/tiny", "1.2.3", "model"))
