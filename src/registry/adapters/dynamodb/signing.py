"""Signature Version 4 of DynamoDB's calls, by AWS's documentation: "Create a signed AWS API request".

botocore's signer gives the same header (`tests/dynamodb/test_signing.py` compares them). It makes the key of the day
for each call and reads URL and headers back from a general request, which is most of what a small call costs.
"""

import hmac
import time
from collections.abc import Callable
from hashlib import sha256

from botocore.credentials import ReadOnlyCredentials

CONTENT_TYPE = "application/x-amz-json-1.0"
_TARGET = "DynamoDB_20120810."
_SERVICE = "dynamodb"
_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW_SECONDS = 60.0
"""Clocks that are so far apart are no accident of a slow call. AWS allows five minutes."""


class Signing:
    """Makes the headers of calls to one endpoint. `path` is its path in canonical form, `host` what it is called."""

    def __init__(self, *, host: str, path: str, region: str, now: Callable[[], float] = time.time) -> None:
        self._host = host
        self._path = path
        self._region = region
        self._now = now
        self._ahead_seconds = 0.0
        self._second = -1
        self._stamp = ""
        self._secret = ""
        self._key = b""

    def headers(self, operation: str, body: bytes, credentials: ReadOnlyCredentials) -> dict[str, str]:
        """The headers of a call, signed as of now."""
        stamp = self._stamped(credentials)
        headers = {"content-type": CONTENT_TYPE, "host": self._host, "x-amz-date": stamp}
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        headers["x-amz-target"] = _TARGET + operation
        # In the order of their names, as they are signed.
        lines, names = "".join([f"{name}:{value}\n" for name, value in headers.items()]), ";".join(headers)
        request = f"POST\n{self._path}\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
        scope = f"{stamp[:8]}/{self._region}/{_SERVICE}/aws4_request"
        signed = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key, signed.encode(), "sha256").hex()
        headers["authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def follow_clock(self, server_seconds: float) -> bool:
        """Sign by the server's clock from now on; whether it is another than was followed until now."""
        ahead = server_seconds - self._now()
        if abs(ahead - self._ahead_seconds) < _SKEW_SECONDS:
            return False
        self._ahead_seconds, self._second = ahead, -1
        return True

    def _stamped(self, credentials: ReadOnlyCredentials) -> str:
        """The time of the signature, with the key of its day ready."""
        second, secret = int(self._now() + self._ahead_seconds), credentials.secret_key or ""
        if second != self._second or secret != self._secret:
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            if stamp[:8] != self._stamp[:8] or secret != self._secret:
                self._key = self._key_of(stamp[:8], secret)
            self._second, self._stamp, self._secret = second, stamp, secret
        return self._stamp

    def _key_of(self, day: str, secret: str) -> bytes:
        key = f"AWS4{secret}".encode()
        for part in (day, self._region, _SERVICE, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
