"""What every UpgradeStore does."""

import asyncio

from tests.conformance.records import Records


class UpgradeStoreContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_notes_a_state_where_the_expected_one_is(self, records: Records, others: Records) -> None:
        assert await records.upgrades.find("x") is None
        assert not await records.upgrades.swap("x", "1", expected="0")
        assert await records.upgrades.swap("x", "1", expected=None)
        assert not await others.upgrades.swap("x", "2", expected=None)
        assert await others.upgrades.find("x") == "1"
        assert await others.upgrades.swap("x", "2", expected="1")
        assert await records.upgrades.find("x") == "2"
        assert await records.upgrades.find("y") is None

    async def test_one_of_many_swaps(self, records: Records, others: Records) -> None:
        await records.upgrades.swap("x", "0", expected=None)
        swapped = await asyncio.gather(
            *((records, others)[number % 2].upgrades.swap("x", str(number), expected="0") for number in range(1, 7))
        )
        assert sum(swapped) == 1
