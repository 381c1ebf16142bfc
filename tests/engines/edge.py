"""An imitation of CloudFront in front of a bucket: expiry, resource and signature of a URL, then the origin's answer.

Signatures are verified by openssl, so that nothing here shares code with what signs.
"""

import base64
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.engines.imitating import Imitation, serving

_OWN = ("Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm")
_PASSED_ON = ("content-type", "content-length", "content-range", "content-disposition", "etag", "accept-ranges")


@dataclass(slots=True)
class Edge:
    """`keys` are the public keys (PEM) of the key group, by id. `origin` is the URL of the bucket, where GET needs no
    signature of the client: the distribution has its own right to read."""

    url: str
    sign_for_origin: "OriginSigner"
    keys: dict[str, str] = field(default_factory=dict)
    seconds_ahead: float = 0.0
    """How far its clock is ahead."""

    def refusal(self, path: str) -> str | None:
        """Why a request is 403, as far as an operator would want to know; None where it is good."""
        resource, _, own = path.partition("&Expires=")
        parameters = {name: values[-1] for name, values in parse_qs("Expires=" + own).items()}
        if not own or set(parameters) != set(_OWN):
            return "not signed"
        if parameters["Hash-Algorithm"] != "SHA256":
            return "CloudFront would take SHA-1"
        if int(parameters["Expires"]) < time.time() + self.seconds_ahead:
            return "expired"
        key = self.keys.get(parameters["Key-Pair-Id"])
        if key is None:
            return "unknown key"
        policy = (
            f'{{"Statement":[{{"Resource":"{self.url}{resource}","Condition":'
            f'{{"DateLessThan":{{"AWS:EpochTime":{parameters["Expires"]}}}}}}}]}}'
        )
        encoded = parameters["Signature"].replace("-", "+").replace("_", "=").replace("~", "/")
        try:
            signature = base64.b64decode(encoded, validate=True)
        except ValueError:
            return "bad signature"
        return None if verified_by_openssl(policy.encode(), signature, key) else "bad signature"


class OriginSigner:
    """Signs the distribution's own requests to the bucket (origin access control)."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        from botocore.config import Config
        from botocore.session import get_session

        self._bucket = settings["REGISTRY_S3_BUCKET"]
        self._client: Any = get_session().create_client(
            "s3",
            endpoint_url=settings["REGISTRY_S3_ENDPOINT_URL"],
            region_name=settings["AWS_DEFAULT_REGION"],
            aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
            config=Config(signature_version="s3v4"),
        )

    def __call__(self, path: str) -> str:
        place = urlsplit(path)
        shown = {name: values[-1] for name, values in parse_qs(place.query).items()}
        parameters = {
            "Bucket": self._bucket,
            "Key": place.path.lstrip("/"),
            "ResponseContentDisposition": shown["response-content-disposition"],
            "ResponseContentType": shown["response-content-type"],
        }
        url: str = self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=60)
        return url


def verified_by_openssl(message: bytes, signature: bytes, public_key: str) -> bool:
    """Whether openssl takes the signature (ECDSA or RSA with SHA-256)."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("key.pem", public_key.encode()), ("signature", signature), ("message", message)):
            (Path(folder) / name).write_bytes(content)
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
    return done.returncode == 0


def key_pair() -> tuple[str, str]:
    """A private key and its public key, as the README makes them."""
    made = subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"], capture_output=True, text=True, check=True
    )
    public = subprocess.run(["openssl", "ec", "-pubout"], input=made.stdout, capture_output=True, text=True, check=True)
    return made.stdout, public.stdout


@contextmanager
def running_edge(settings: Mapping[str, str]) -> Iterator[Edge]:
    """An edge in front of the bucket of these settings."""

    class Handler(Imitation):
        def do_GET(self) -> None:
            if edge.refusal(self.path) is not None:
                self.send_error(403)
                return
            asked = {"Range": self.headers["Range"]} if "Range" in self.headers else {}
            answer = httpx.get(edge.sign_for_origin(self.path), headers=asked, trust_env=False)
            self.send_response(answer.status_code)
            for name in _PASSED_ON:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

    with serving(Handler) as url:
        edge = Edge(url, OriginSigner(settings))
        yield edge
