"""Comparing answers: a text that is listed, and is not served or has another size, was not received."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from registry.domain.evidence import Fact, FactState, FileEntry, HubFacts, TreeFacts

HUB_README = re.compile(r"README\.md")
REPOSITORY_README = re.compile(r"(?:\.github/|docs/)?readme(?:\.[\w.-]{1,20})?", re.IGNORECASE)
_REPLACED = "\ufffd"
_CUT_AT_CHARACTERS = 256 * 1024


async def listed_text(
    text: "asyncio.Task[Fact[str]]",
    listing: "asyncio.Task[Fact[HubFacts]] | asyncio.Task[Fact[TreeFacts]]",
    name: re.Pattern[str],
) -> Fact[str]:
    """The text once it has been compared with the listing of its repository."""
    received, listed = await text, await listing
    return check_text(received, listed, name)


def check_text(text: Fact[str], listing: Fact[Any], name: re.Pattern[str]) -> Fact[str]:
    """`text` as failed where a listing contradicts it, or where it is empty and no listing says so."""
    if text.failed:
        return text
    sizes = _sizes(listing.value.files, name) if listing.value is not None else set()
    if text.value is None:
        return _failed(text, "it lists a README and does not serve it") if sizes else text
    if not text.value:
        if 0 in sizes:
            return Fact(text.source, FactState.ABSENT, reason="the README is empty", latency_ms=text.latency_ms)
        return _failed(text, "it served an empty README")
    if not sizes or _REPLACED in text.value or len(text.value) >= _CUT_AT_CHARACTERS:
        return text
    size = len(text.value.encode("utf-8", "replace"))
    if size in sizes:
        return text
    return _failed(text, f"it served a README of {size:,} bytes and lists one of {min(sizes):,}")


def _sizes(files: Iterable[FileEntry], name: re.Pattern[str]) -> set[int]:
    return {file.size for file in files if name.fullmatch(file.path)}


def _failed(text: Fact[str], reason: str) -> Fact[str]:
    return replace(text, state=FactState.FAILED, value=None, reason=reason)
