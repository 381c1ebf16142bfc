"""No secret of a URL is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.redaction import public_url, receiver_url, redacted

SECRET = "s3cr3tvalue"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a/b.zip",
        "https://example.org/a?download=true&page=2#readme",
        "https://huggingface.co/org/name",
        "https://example.org/a?",
        "http://[2001:db8::1]:8080/a",
        "not a url",
    ],
)
def test_what_has_no_secret_stays_the_same_text(url: str) -> None:
    assert public_url(url) == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://alice:{SECRET}@example.org:8443/a", "https://example.org:8443/a"),
        (f"https://{SECRET}@example.org/a?b=1", "https://example.org/a?b=1"),
        (f"https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature={SECRET}", None),
        (f"https://b.s3.amazonaws.com/k?AWSAccessKeyId={SECRET}&Signature={SECRET}&Expires=1", None),
        (f"https://a.blob.core.windows.net/k?sv=2024-01-01&sp=r&sig={SECRET}", None),
        (f"https://storage.googleapis.com/b/k?X-Goog-Credential={SECRET}&x-goog-signature={SECRET}", None),
        (f"https://d.cloudfront.net/k?Key-Pair-Id={SECRET}&Policy={SECRET}&Signature={SECRET}", None),
        (f"https://example.org/k?access_token={SECRET}&a=1", "https://example.org/k?access_token=redacted&a=1"),
        (f"https://example.org/k?a=1&apiKey={SECRET}", None),
        (f"https://example.org/k#access_token={SECRET}", "https://example.org/k"),
    ],
)
def test_secrets_of_a_source_are_hidden(url: str, shown: str | None) -> None:
    public = public_url(url)
    assert SECRET not in public
    assert shown in (None, public)
    assert public_url(public) == public


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ci.example.org/hooks/registry", "https://ci.example.org/hooks/registry"),
        ("http://127.0.0.1:9000/hook", "http://127.0.0.1:9000/hook"),
        ("https://hooks.example.org/v1/x", "https://hooks.example.org/v1/x"),
        (
            "https://hooks.slack.com/services/T012ABCDE/B012ABCDE/abcdefghijklmnopqrstuvwx",
            "https://hooks.slack.com/services/redacted/redacted/redacted",
        ),
        ("https://example.org/my-secret/x?a=b", "https://example.org/redacted/x?redacted"),
        ("https://a:b@example.org/", "https://example.org/"),
    ],
)
def test_a_receiver_is_shown_by_the_plain_words_of_its_path(url: str, shown: str) -> None:
    assert receiver_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing here: a/b?c=d", "nothing here: a/b?c=d"),
        (f"GET https://a:{SECRET}@h.org:1/p/{SECRET}?q={SECRET} failed", "GET https://h.org:1/… failed"),
        (f"'redis://:{SECRET}@cache:6379/0', done", "'redis://cache:6379/…', done"),
        (f"two: http://a/{SECRET} http://b/{SECRET}", "two: http://a/… http://b/…"),
        ("http://example.org", "http://example.org"),
        (f"https://example.org?{SECRET}", "https://example.org/…"),
    ],
)
def test_urls_in_a_text_are_cut_to_their_hosts(text: str, shown: str) -> None:
    assert redacted(text) == shown


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.org/{text}"):
        public_url(url)
        receiver_url(url)
        redacted(url)
