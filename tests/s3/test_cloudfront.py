"""Signed URLs of CloudFront: openssl takes the signatures, and other keys are refused."""

import base64
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from registry.adapters.s3.cloudfront import CloudFrontSigner, canned_policy
from registry.settings import Settings
from tests.engines.edge import key_pair, verified_by_openssl

SHOWN = {"response-content-disposition": 'attachment; filename="a b.zip"', "response-content-type": "application/zip"}


def test_the_signature_covers_the_url_and_its_end() -> None:
    private, public = key_pair()
    signer = CloudFrontSigner(
        "https://d1.cloudfront.net/", key_id="K1", private_key=private, seconds=300, now=lambda: 1_796_000_000.9
    )
    url = signer.sign("blobs/0123", SHOWN)
    resource, _, own = url.partition("&Expires=")
    assert resource == (
        "https://d1.cloudfront.net/blobs/0123?response-content-disposition=attachment%3B%20filename%3D%22a%20b.zip%22"
        "&response-content-type=application%2Fzip"
    )
    assert parse_qs(urlsplit(url).query)["response-content-disposition"] == [SHOWN["response-content-disposition"]]
    found = parse_qs("Expires=" + own)
    assert (found["Expires"], found["Key-Pair-Id"], found["Hash-Algorithm"]) == (["1796000300"], ["K1"], ["SHA256"])
    policy = canned_policy(resource, 1_796_000_300)
    assert (
        policy
        == (
            f'{{"Statement":[{{"Resource":"{resource}","Condition":'
            '{"DateLessThan":{"AWS:EpochTime":1796000300}}}]}'
        ).encode()
    )
    (text,) = found["Signature"]
    assert not set(text) & set("+=/"), "CloudFront's own base64"
    signature = base64.b64decode(text.replace("-", "+").replace("_", "=").replace("~", "/"))
    assert verified_by_openssl(policy, signature, public)
    assert not verified_by_openssl(policy.replace(b"0123", b"0124"), signature, public)
    assert not verified_by_openssl(policy, signature, key_pair()[1])


@pytest.mark.parametrize(
    "command",
    [
        ["openssl", "genrsa", "2048"],
        ["openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout"],
        ["openssl", "genpkey", "-algorithm", "ed25519"],
        ["echo", "no key"],
    ],
)
def test_another_kind_of_key_is_refused(command: list[str]) -> None:
    pem = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with pytest.raises(ValueError, match=r"P-256|no private key"):
        CloudFrontSigner("https://d1.cloudfront.net", key_id="K1", private_key=pem, seconds=300)


def test_settings_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_CLOUDFRONT_URL", "https://d1.cloudfront.net")
    with pytest.raises(ValidationError, match="REGISTRY_CLOUDFRONT_KEY_ID, REGISTRY_CLOUDFRONT_PRIVATE_KEY"):
        Settings(_env_file=None)
    monkeypatch.setenv("REGISTRY_CLOUDFRONT_KEY_ID", "K1")
    monkeypatch.setenv("REGISTRY_CLOUDFRONT_PRIVATE_KEY", "pem")
    with pytest.raises(ValidationError, match="needs REGISTRY_BLOBS=s3"):
        Settings(_env_file=None)
