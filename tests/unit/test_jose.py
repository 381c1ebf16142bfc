"""Signed tokens."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.jose import JoseTokenCodec
from registry.domain.accounts import TokenClaims
from registry.domain.errors import Unauthenticated
from registry.ports.passwords import TokenCodec

SECRET = "a secret of at least thirty-two bytes"
NOW = 1_800_000_000
CLAIMS = TokenClaims(id="token-1", user="alice", token_epoch="e1", expires_at=NOW + 60)
MEMBERS = {"sub": "alice", "jti": "token-1", "epoch": "e1", "iat": NOW, "exp": NOW + 60}


class Time:
    def __init__(self) -> None:
        self.seconds: float = NOW

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def codec(time: Time) -> JoseTokenCodec:
    return JoseTokenCodec(SECRET, time_seconds=time)


def encode_part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def sign(members: object, *, header: object = None, secret: str = SECRET) -> str:
    """A token made without the library."""
    signed = f"{encode_part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{encode_part(members)}"
    digest = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def test_token_says_what_was_put_in(codec: JoseTokenCodec) -> None:
    token = codec.encode(CLAIMS)
    assert codec.decode(token) == CLAIMS
    payload = token.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) == MEMBERS


def test_other_implementations_tokens_are_read(codec: JoseTokenCodec) -> None:
    assert codec.decode(sign(MEMBERS)) == CLAIMS


def test_another_process_reads_the_token(codec: JoseTokenCodec, time: Time) -> None:
    other: TokenCodec = JoseTokenCodec(SECRET, time_seconds=time)
    assert other.decode(codec.encode(CLAIMS)) == CLAIMS


def test_expired_token(codec: JoseTokenCodec, time: Time) -> None:
    token = codec.encode(CLAIMS)
    time.seconds = NOW + 59.9
    codec.decode(token)
    time.seconds = NOW + 60
    with pytest.raises(Unauthenticated, match="expired"):
        codec.decode(token)
    with pytest.raises(Unauthenticated, match="expired"):
        JoseTokenCodec(SECRET, time_seconds=time).decode(token)


@pytest.mark.parametrize("lacking", MEMBERS)
def test_every_claim_is_required(codec: JoseTokenCodec, lacking: str) -> None:
    with pytest.raises(Unauthenticated):
        codec.decode(sign({name: value for name, value in MEMBERS.items() if name != lacking}))


@pytest.mark.parametrize(
    "changed",
    [{"exp": True}, {"exp": "1900000000"}, {"exp": 1.9e9}, {"sub": ""}, {"sub": 7}, {"epoch": None}, {"jti": []}],
)
def test_claims_of_another_type(codec: JoseTokenCodec, changed: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        codec.decode(sign({**MEMBERS, **changed}))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "hs256"},
        {"alg": ["HS256"]},
        {"alg": None},
        {"typ": "JWT"},
        ["HS256"],
        "HS256",
    ],
)
def test_other_algorithms(codec: JoseTokenCodec, header: object) -> None:
    token = sign(MEMBERS, header=header)
    for shown in (token, token.rsplit(".", 1)[0] + "."):
        with pytest.raises(Unauthenticated):
            codec.decode(shown)


def test_another_secret_or_changed_text(codec: JoseTokenCodec) -> None:
    token = codec.encode(CLAIMS)
    codec.decode(token)
    head, _, signature = token.split(".")
    for forged in (sign(MEMBERS, secret="x" * 40), f"{head}.{encode_part({**MEMBERS, 'sub': 'root'})}.{signature}"):
        with pytest.raises(Unauthenticated):
            codec.decode(forged)


@pytest.mark.parametrize("members", [[], "text", 7, None, {}])
def test_signed_payload_that_is_no_object_of_claims(codec: JoseTokenCodec, members: object) -> None:
    with pytest.raises(Unauthenticated):
        codec.decode(sign(members))


def test_deep_header_and_long_token(codec: JoseTokenCodec) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 3000).decode()
    for token in (f"{deep}.e30.x", "a." * 5000, "x" * 1_000_000):
        with pytest.raises(Unauthenticated):
            codec.decode(token)


@given(
    st.text(max_size=200)
    | st.lists(st.binary(max_size=60).map(lambda part: base64.urlsafe_b64encode(part).decode())).map(".".join)
)
def test_any_text_is_refused_politely(text: str) -> None:
    with pytest.raises(Unauthenticated):
        JoseTokenCodec(SECRET).decode(text)


def test_memory_of_verified_tokens_is_bounded_and_kept_from_strangers(time: Time) -> None:
    codec = JoseTokenCodec(SECRET, remembered_tokens=3, time_seconds=time)
    tokens = [codec.encode(TokenClaims(f"token-{number}", "alice", "e1", NOW + 60)) for number in range(10)]
    for token in tokens:
        codec.decode(token)
        with pytest.raises(Unauthenticated):
            codec.decode(token + "x")
    assert list(codec._verified) == tokens[-3:]
    time.seconds = NOW + 61
    for token in tokens:
        with pytest.raises(Unauthenticated):
            codec.decode(token)
    assert not set(codec._verified) & set(tokens[-3:])


@pytest.mark.performance
def test_known_token_is_not_verified_again(codec: JoseTokenCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    token = codec.encode(CLAIMS)
    codec.decode(token)
    monkeypatch.setattr(JoseTokenCodec, "_verify", lambda *_: pytest.fail("verified again"))
    assert codec.decode(token) == CLAIMS
