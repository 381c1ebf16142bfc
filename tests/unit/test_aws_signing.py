"""The signature of a direct call is that of botocore's signer."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from registry.adapters.aws_signing import Signing

PLAIN = ReadOnlyCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)
WITH_TOKEN = ReadOnlyCredentials("AKIDEXAMPLE", "another", "FwoGZXIvYXdzEBc/+token==")
NOON = datetime(2026, 11, 30, 12, 0, 5, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> float:
        return self.at.timestamp()


TARGET = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.Query"}


def by_botocore(
    url: str, headers: dict[str, str], body: bytes, credentials: ReadOnlyCredentials, at: datetime, monkeypatch: Any
) -> str:
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: at.replace(tzinfo=None))
    # The signer adds time and token itself.
    given = {name: headers[name] for name in TARGET}
    request = AWSRequest(method="POST", url=url, headers=given, data=body)
    auth.SigV4Auth(credentials, "dynamodb", "eu-central-1").add_auth(request)
    return str(request.headers["Authorization"])


def signed(signing: Signing, path: str, body: bytes, credentials: ReadOnlyCredentials) -> dict[str, str]:
    return signing.headers("POST", path, TARGET, sha256(body).hexdigest(), credentials)


@pytest.mark.parametrize("credentials", [PLAIN, WITH_TOKEN])
@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://dynamodb.eu-central-1.amazonaws.com", "dynamodb.eu-central-1.amazonaws.com", "/"),
        ("http://127.0.0.1:8000/a%20b/", "127.0.0.1:8000", "/a%2520b/"),
    ],
)
@pytest.mark.parametrize("body", [b"{}", '{"Key":{"pk":{"S":"\u00fc"}}}'.encode()])
def test_it_is_botocores(
    credentials: ReadOnlyCredentials, url: str, host: str, path: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    signing = Signing("dynamodb", host=host, region="eu-central-1", now=clock)
    for at in (NOON, NOON, MIDNIGHT, NOON):  # from the cache; another day; the day before, by a clock set back
        clock.at = at
        headers = signed(signing, path, body, credentials)
        assert headers["authorization"] == by_botocore(url, headers, body, credentials, at, monkeypatch)
        assert headers.get("x-amz-security-token") == credentials.token


def test_credentials_that_were_renewed_sign_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    signing = Signing("dynamodb", host="host", region="eu-central-1", now=Clock())
    for credentials in (PLAIN, WITH_TOKEN, PLAIN):
        headers = signed(signing, "/", b"{}", credentials)
        assert headers["authorization"] == by_botocore("https://host", headers, b"{}", credentials, NOON, monkeypatch)


def test_a_call_of_s3_is_signed_as_botocore_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: NOON.replace(tzinfo=None))
    request = AWSRequest(method="PUT", url="http://host/bucket/blobs/a1", headers={"x-amz-checksum-sha256": "c=="})
    request.data = b"body"
    auth.S3SigV4Auth(WITH_TOKEN, "s3", "eu-central-1").add_auth(request)
    digest = sha256(b"body").hexdigest()
    given = {"x-amz-checksum-sha256": "c==", "x-amz-content-sha256": digest}
    signing = Signing("s3", host="host", region="eu-central-1", now=Clock())
    headers = signing.headers("PUT", "/bucket/blobs/a1", given, digest, WITH_TOKEN)
    assert headers["authorization"] == request.headers["Authorization"]


def test_a_date_that_is_none_is_not_followed() -> None:
    assert not Signing("s3", host="host", region="eu-central-1", now=Clock()).follow_date("")


def test_another_clock_is_followed_once() -> None:
    signing = Signing("dynamodb", host="host", region="eu-central-1", now=Clock())
    assert not signing.follow_date(format_datetime(NOON + timedelta(seconds=30)))
    assert signing.follow_date(format_datetime(MIDNIGHT))
    assert signed(signing, "/", b"{}", PLAIN)["x-amz-date"] == "20261201T000000Z"
    assert not signing.follow_date(format_datetime(MIDNIGHT + timedelta(seconds=30)))
