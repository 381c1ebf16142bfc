"""A response on its way out: request id, caching headers and an entity tag are added, and bytes are counted."""

import hashlib

from starlette.types import Message, Scope, Send

from registry.api.caching import Caching, Header
from registry.api.conditional import is_unchanged, sent_tags
from registry.domain.edges import TAG_HEADER, tag_of_path

_TAG = TAG_HEADER.encode()
_EXPECTS = (b"expect", b"100-continue")
_JSON = (b"content-type", b"application/json")


class Outgoing:
    """The `send` of one request. `added` may grow until the response starts. `tagged`: public responses name their
    package to the edge."""

    __slots__ = ("_added", "_caching", "_held", "_scope", "_send", "_tagged", "body_was_read", "sent_bytes", "status")

    def __init__(self, send: Send, scope: Scope, added: list[Header], caching: Caching, *, tagged: bool) -> None:
        self._send = send
        self._scope = scope
        self._added = added
        self._caching = caching
        self._tagged = tagged
        self._held: Message | None = None
        self.status = 0
        self.sent_bytes = 0
        self.body_was_read = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._complete(message)
            if self._held is not None:
                return
        else:
            if self._held is not None:
                start, self._held = self._held, None
                message = self._tag(start, message)
                await self._send(start)
            if body := message.get("body"):
                self.sent_bytes += len(body)
        await self._send(message)

    def _complete(self, message: Message) -> None:
        self.status = status = message["status"]
        chosen = tagged = False
        for name, _ in message["headers"]:
            if name == b"cache-control":
                chosen = True
            elif name == b"etag":
                tagged = True
        headers = [*message["headers"], *self._added, *self._caching.headers(status, chosen=chosen)]
        if self._tagged and self._caching.is_shared(status) and (tag := tag_of_path(self._scope["path"])) is not None:
            headers.append((_TAG, tag.encode()))
        if not self.body_was_read and _EXPECTS in self._scope["headers"]:
            # Without "100 Continue" nobody knows whether the body follows: the next bytes may be either.
            headers.append((b"connection", b"close"))
        message["headers"] = headers
        if not (tagged or chosen) and status == 200 and self._caching.by_caller and _JSON in headers:
            self._held = message if self._scope["method"] == "GET" else None

    def _tag(self, start: Message, message: Message) -> Message:
        """Give JSON that came without an ETag one of its bytes; answer 304 where the client has them."""
        if message.get("more_body", False):
            return message
        tag = f'"{hashlib.sha256(message.get("body", b"")).hexdigest()[:32]}"'
        start["headers"].append((b"etag", tag.encode()))
        if is_unchanged(sent_tags(self._scope, b"if-none-match"), tag):
            self.status = start["status"] = 304
            start["headers"] = [each for each in start["headers"] if not each[0].startswith(b"content-")]
            return {"type": "http.response.body", "body": b""}
        return message
