"""What every IdempotencyStore does."""

from datetime import timedelta

import pytest

from tests.conformance.records import RecordBackend, Records
from tests.factories import make_change, make_idempotency_record, make_package


class IdempotencyStoreContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize(
        "overrides",
        [
            {},
            {"key": 'alice/POST /package/it\'s "quoted" %_ é'},
            {"response": b""},
            {"response": bytes(range(256))},
        ],
    )
    async def test_gives_back_what_was_kept(
        self, records: Records, others: Records, overrides: dict[str, object]
    ) -> None:
        answer = make_idempotency_record(**overrides)
        package = make_package()

        await records.packages.add(package, make_change(package.id, idempotency=answer))

        assert await others.idempotency.find(answer.key) == answer
        assert await records.idempotency.find(answer.key + "x") is None

    async def test_expires_by_the_clock(self, records: Records, backend: RecordBackend) -> None:
        answer = make_idempotency_record(expires_at=backend.clock.now() + timedelta(seconds=10))
        package = make_package()
        await records.packages.add(package, make_change(package.id, idempotency=answer))

        backend.clock.advance(timedelta(seconds=9))
        assert await records.idempotency.find(answer.key) == answer
        backend.clock.advance(timedelta(seconds=1))
        assert await records.idempotency.find(answer.key) is None
