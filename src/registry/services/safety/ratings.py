"""Where verdicts and ratings meet: a rating waits for the verdict, and begins once it has been applied."""

import asyncio
import contextlib

from registry.domain.errors import RegistryError
from registry.domain.packages import Package
from registry.domain.safety import SafetyStatus
from registry.ports.clock import Clock
from registry.ports.jobs import JobQueue
from registry.ports.ratings import RatingStore
from registry.ports.verdicts import VerdictStore
from registry.services.ratings.documents import safety_of
from registry.services.safety.verdicts import Hint

_LOOK_SECONDS = (0.02, 0.04, 0.08, 0.16, 0.32, 0.4)


class RatingsAfterVerdicts:
    """Implements `VerdictWait`; `begin` is for what applies verdicts."""

    def __init__(
        self, verdicts: VerdictStore, ratings: RatingStore, jobs: JobQueue, hint: Hint, *, clock: Clock
    ) -> None:
        self._verdicts = verdicts
        self._ratings = ratings
        self._jobs = jobs
        self._hint = hint
        self._clock = clock

    async def is_there(self, package: Package, asked_by: str) -> bool:
        content = package.content
        if content is None or await self._verdicts.find_summary(content.sha256) is not None:
            return True
        self._hint(package.id, asked_by)
        for seconds in _LOOK_SECONDS:
            await asyncio.sleep(seconds)
            if await self._verdicts.find_summary(content.sha256) is not None:
                return True
        return False

    async def begin(self, package: Package, status: SafetyStatus, asked_by: str) -> None:
        """Have the package rated (again) now that its content has a new verdict, unless its rating has used it.

        A rating may begin as soon as the verdict is stored, and be finished before the verdict is applied.
        """
        for _ in range(2):  # a rating may be finished between the look and the request
            rated = (await self._ratings.find_summaries([package.id])).get(package.id)
            if rated is not None and rated.revision != package.revision:
                rated = None
            if rated is not None and safety_of(rated) == status.value:
                return
            unless_rated = package.revision if rated is None else None
            await self._ratings.request(
                package.id, asked_by=asked_by, now=self._clock.now(), at_once=True, unless_rated=unless_rated
            )
        with contextlib.suppress(RegistryError):
            await self._jobs.put(package.id, user=asked_by)
