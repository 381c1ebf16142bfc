"""Answers by ETag, so that what has not changed is neither sent nor counted again."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer's body with its ETag; `location` is where a redirect points."""

    etag: str
    body: bytes
    location: str | None = None
    media_type: str = ""


class ETagCache:
    """The answers used last, at most `max_bytes` of them. A lost entry costs a request, never correctness."""

    def __init__(self, *, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[str, CachedAnswer] = OrderedDict()

    def find(self, key: str) -> CachedAnswer | None:
        """The answer under `key`, None when there is none."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def keep(self, key: str, answer: CachedAnswer) -> None:
        """Keep an answer in place of an older one, and drop those that were not used for longest."""
        replaced = self._answers.pop(key, None)
        self._bytes += len(answer.body) - (len(replaced.body) if replaced else 0)
        self._answers[key] = answer
        while self._bytes > self._max_bytes:
            _, dropped = self._answers.popitem(last=False)
            self._bytes -= len(dropped.body)
