"""The compatibility table beside OSADL's matrix and the FSF's list."""

from trust.compatibility import FSF, OSADL, REASONS, deviations, entries, reason_for


def test_every_deviation_has_its_reason() -> None:
    assert [entry for entry in deviations() if reason_for(entry) is None] == []


def test_every_reason_is_needed() -> None:
    used = [reason_for(entry) for entry in deviations()]
    assert [reason for reason in REASONS if reason not in used] == []


def test_both_sources_are_compared() -> None:
    counts = {source: sum(entry.source == source for entry in entries()) for source in (OSADL, FSF)}
    assert counts[OSADL] > 1_500
    assert counts[FSF] > 90
