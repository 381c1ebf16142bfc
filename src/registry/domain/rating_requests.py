"""A rating from one request to the next: its states, what leads from one to another, and the rules that decide it.

A rating request is one row or item for each package. The stores keep it, in the same write as what causes it:

| state | the request has | leads to |
| --- | --- | --- |
| none | no row | *due*: a change of the package, or a reader who finds no rating, or an old one |
| due | `due_at` in the past, no lease | *leased*: a worker leases it, one of all that try |
| leased | a token, `due_at` = end of the lease | *none*: the rating is complete |
| | | *waiting*: the rating is partial, or making it failed |
| | | *due*: the lease ended, its worker died; or the package changed, the lease is void |
| waiting | `due_at` in the future, no lease | *due*: the time has come, or somebody asked for a rating at once |

A worker whose lease is void stores nothing. So each revision is rated once, by one worker, whatever dies in between.

| transition | who | where |
| --- | --- | --- |
| to due, with a change | `PackageStore.add` and `replace`, in their own write | `adapters/*/packages.py` |
| to due, when asked for | `RatingStore.request` by `services/ratings/ratings.py` | `adapters/*/ratings.py` |
| to leased and out of it | `lease`, `extend`, `give_back`, `finish` by `services/ratings/work.py` | the same |
| found when due | `list_due` by the sweep of every worker; the job queue is only a hint | the same |
"""

from datetime import datetime, timedelta

from registry.domain.packages import PackageStatus

_MOST_DOUBLINGS = 30
_MOST_LEASES = 20
"""Attempts lengthen the lease up to so many times: a package that kills its workers comes back ever more rarely."""


def can_be_rated(status: PackageStatus) -> bool:
    """Whether a package with this status has something to rate: all but those whose content is still to come."""
    return status is not PackageStatus.PENDING


def is_stale(rated_at: datetime, now: datetime, *, fresh_seconds: float) -> bool:
    """Whether a rating is so old that a reader has it made again, and is served the old one meanwhile."""
    return now - rated_at > timedelta(seconds=fresh_seconds)


def retry_seconds(attempts: int, *, first_seconds: float, most_seconds: float) -> float:
    """How long the next try waits after `attempts` of them (1 or more): twice as long each time, up to a bound."""
    return min(most_seconds, first_seconds * 2.0 ** min(attempts - 1, _MOST_DOUBLINGS))


def lease_seconds(attempts: int, *, first_seconds: float) -> float:
    """How long a lease is in attempt number `attempts`."""
    return first_seconds * min(attempts, _MOST_LEASES)
