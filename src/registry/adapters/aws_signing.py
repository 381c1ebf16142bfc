"""Signature Version 4 of calls to one endpoint, by AWS's documentation: "Create a signed AWS API request".

botocore's signer gives the same header (`tests/unit/test_aws_signing.py` compares them). It makes the key of the day
for each call and reads URL and headers back from a general request, which is most of what a small call costs.
"""

import hmac
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from hashlib import sha256

from botocore.credentials import ReadOnlyCredentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW_SECONDS = 60.0
"""Clocks that are so far apart are no accident of a slow call. AWS allows five minutes."""


class Signing:
    """Signs calls to one host. `service` and `region` as AWS names them."""

    def __init__(self, service: str, *, host: str, region: str, now: Callable[[], float] = time.time) -> None:
        self._service = service
        self._host = host
        self._region = region
        self._now = now
        self._ahead_seconds = 0.0
        self._second = -1
        self._stamp = ""
        self._secret = ""
        self._key = b""

    def headers(
        self, method: str, path: str, given: Mapping[str, str], sha256_hex: str, credentials: ReadOnlyCredentials
    ) -> dict[str, str]:
        """The headers of a call, signed as of now: `given`, the host, the time, the token and the signature.

        `path` is in canonical form, without a query; names of headers are in lower case; `sha256_hex` is of the body.
        """
        stamp = self._stamped(credentials)
        signed = {**given, "host": self._host, "x-amz-date": stamp}
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        headers = dict(sorted(signed.items()))
        lines, names = "".join([f"{name}:{value}\n" for name, value in headers.items()]), ";".join(headers)
        request = f"{method}\n{path}\n\n{lines}\n{names}\n{sha256_hex}"
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def follow_date(self, date: str) -> bool:
        """Sign by the clock of a server's `Date` header from now on; whether it is another than was followed before."""
        try:
            server_seconds = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return False
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
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
