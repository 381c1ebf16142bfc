"""The text of API tokens, and how seldom their use is written."""

import re
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

import pytest

from registry.domain.api_tokens import beginning_of, digest_of, is_well_formed, make_token_text
from registry.ports.api_tokens import ApiTokenStore
from registry.services.accounts.api_tokens import TokenUse
from tests.factories import START, ManualClock, make_api_token

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_form() -> None:
    texts = {make_token_text() for _ in range(200)}
    assert len(texts) == 200
    for text in texts:
        assert re.fullmatch(r"reg_[0-9A-Za-z]{49}", text)
        assert is_well_formed(text)
        assert sum(_DIGITS.index(digit) * 62**place for place, digit in enumerate(text[:-7:-1])) == zlib.crc32(
            text[4:-6].encode()
        )


@pytest.mark.parametrize("text", ["", "reg_", "reg_" + "0" * 49, "x" * 53, "reg_" + "ä" * 49, "reg_" + "\0" * 49])
def test_what_is_no_token(text: str) -> None:
    assert not is_well_formed(text)


def test_every_mistake_of_one_character_is_seen() -> None:
    text = make_token_text()
    for place in range(len(text)):
        wrong = "A" if text[place] != "A" else "B"
        assert not is_well_formed(text[:place] + wrong + text[place + 1 :])
        assert not is_well_formed(text[:place] + text[place + 1 :])


def test_what_is_kept_and_shown() -> None:
    text = make_token_text()
    assert re.fullmatch(r"[0-9a-f]{64}", digest_of(text))
    assert beginning_of(text) == text[:8]


class _Store:
    def __init__(self) -> None:
        self.written: list[Mapping[str, datetime]] = []

    async def record_use(self, used: Mapping[str, datetime]) -> None:
        self.written.append(dict(used))


async def test_use_is_written_once_in_minutes() -> None:
    store, clock = _Store(), ManualClock()
    use = TokenUse(cast("ApiTokenStore", store), clock)
    fresh, recent, old = (
        make_api_token(),
        make_api_token(last_used_at=START - timedelta(minutes=3)),
        make_api_token(last_used_at=START - timedelta(minutes=4)),
    )
    for _ in range(3):
        for token in (fresh, recent, old):
            use.noticed(token)
    await use.flush()
    await use.flush()
    assert store.written == [{fresh.digest: START, old.digest: START}]
