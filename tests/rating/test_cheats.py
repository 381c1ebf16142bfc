"""No package of the table of adversarial packages gains by its cheat what honest work gains."""

import pytest

from trust.cheats import CHEATS, Cheat
from trust.made import rated

_LITTLE = 0.25
"""A cheat may leave something that is worth a little: words, a named dataset."""


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda it: f"{it.metric.value}: {it.what}")
def test_a_cheat_buys_little_or_nothing(cheat: Cheat) -> None:
    plain, bought, honest = (
        rated(made).rating.metric(cheat.metric).score for made in (cheat.plain, cheat.cheat, cheat.honest)
    )
    assert honest is not None
    assert (bought or 0.0) <= (plain or 0.0) + _LITTLE
    assert honest >= (bought or 0.0) + _LITTLE
