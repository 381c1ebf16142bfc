"""What every AnswerStore does."""

from datetime import timedelta

import pytest

from tests.conformance.records import RecordHome, Records
from tests.factories import make_answer, make_change, make_package


class AnswerStoreContract:
    """Subclass in a module with the fixture `home`."""

    @pytest.mark.parametrize(
        "overrides",
        [
            {},
            {"key": 'alice/POST /package/it\'s "quoted" %_ é'},
            {"headers": ()},
            {"headers": (("Set", "1"), ("Set", "é, 2"))},
            {"body": b""},
            {"body": bytes(range(256))},
            {"status": 202},
        ],
    )
    async def test_gives_back_what_was_kept(
        self, records: Records, others: Records, overrides: dict[str, object]
    ) -> None:
        answer = make_answer(**overrides)
        package = make_package()

        await records.packages.add(package, make_change(package.id, answer=answer))

        assert await others.answers.find_answer(answer.key) == answer
        assert await records.answers.find_answer(answer.key + "x") is None

    async def test_expires_by_the_clock(self, records: Records, home: RecordHome) -> None:
        answer = make_answer(expires_at=home.clock.now() + timedelta(seconds=10))
        package = make_package()
        await records.packages.add(package, make_change(package.id, answer=answer))

        home.clock.advance(timedelta(seconds=9))
        assert await records.answers.find_answer(answer.key) == answer
        home.clock.advance(timedelta(seconds=1))
        assert await records.answers.find_answer(answer.key) is None
