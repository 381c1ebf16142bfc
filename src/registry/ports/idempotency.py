"""Where first answers to requests with an Idempotency-Key are kept. PackageStore writes them with the change itself."""

from typing import Protocol

from registry.domain.packages import KeptAnswer


class AnswerStore(Protocol):
    async def find_answer(self, key: str) -> KeptAnswer | None:
        """The answer that was given first under this key, None when there is none or it has expired."""
