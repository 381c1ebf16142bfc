"""The rules by which ratings are requested, retried and leased."""

from datetime import UTC, datetime, timedelta

from registry.domain.packages import PackageStatus
from registry.domain.rating_requests import can_be_rated, is_stale, lease_seconds, retry_seconds


def test_all_but_packages_without_content_are_rated() -> None:
    assert [status for status in PackageStatus if not can_be_rated(status)] == [PackageStatus.PENDING]


def test_a_rating_is_stale_after_its_time_and_not_before() -> None:
    rated_at = datetime(2026, 11, 30, tzinfo=UTC)
    assert not is_stale(rated_at, rated_at + timedelta(seconds=60), fresh_seconds=60)
    assert is_stale(rated_at, rated_at + timedelta(seconds=60, microseconds=1), fresh_seconds=60)


def test_each_try_waits_twice_as_long_up_to_a_bound() -> None:
    waits = [retry_seconds(attempts, first_seconds=10, most_seconds=100) for attempts in (1, 2, 3, 4, 5, 10_000)]
    assert waits == [10, 20, 40, 80, 100, 100]


def test_attempts_lengthen_the_lease_up_to_twenty_times() -> None:
    assert [lease_seconds(attempts, first_seconds=60) for attempts in (1, 2, 20, 21)] == [60, 120, 1200, 1200]
