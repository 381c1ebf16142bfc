"""Buckets of net scores cover what is at or above a minimum, all of it and nothing else."""

from hypothesis import example, given
from hypothesis import strategies as st

from registry.domain.scores import ScoresFrom, buckets_of, millionths, reaches

scores = st.integers(0, 1_000_000).map(lambda number: round(number / 1_000_000, 6))
MOST_BUCKETS = 19


@given(scores, st.floats(0, 1) | scores | st.integers(0, 100).map(lambda hundredths: hundredths / 100))
@example(0.29, 0.29)
@example(1.0, 1.0)
@example(0.999999, 0.9999991)
def test_a_score_is_in_one_bucket_of_what_it_reaches(score: float, minimum: float) -> None:
    wanted, in_millionths = ScoresFrom.of(minimum), millionths(score)
    whole = [bucket for bucket in buckets_of(in_millionths) if bucket in wanted.buckets]
    cut = wanted.cut in buckets_of(in_millionths)

    assert reaches(in_millionths, minimum) == (score >= minimum)
    assert len(whole) + cut <= 1
    assert (score >= minimum) == (bool(whole) or (cut and reaches(in_millionths, minimum)))
    assert len(wanted.all_buckets) <= MOST_BUCKETS


@given(st.integers(0, 100))
def test_a_whole_hundredth_cuts_nothing(hundredths: int) -> None:
    assert ScoresFrom.of(hundredths / 100).cut is None
