"""The policy at the moment of a download."""

from registry.domain.packages import Package
from registry.domain.policy import Facts, Judgement, Policy, Waiver
from registry.domain.serving_errors import PolicyRefused
from registry.formats.license_expressions import can_choose
from registry.ports.clock import Clock
from registry.ports.ratings import RatingStore, RatingSummary
from registry.ports.verdicts import VerdictStore
from registry.services.packages.retrieval import FindRating


class PolicyFacts:
    """Reads what rules ask of a package besides its record, and nothing that no rule asks."""

    def __init__(self, ratings: RatingStore, verdicts: VerdictStore) -> None:
        self._ratings = ratings
        self._verdicts = verdicts

    async def read(self, package: Package, policy: Policy, find_rating: FindRating | None = None) -> Facts:
        """`find_rating` is asked for the rating of the package's revision where it is given. Raises Unavailable."""
        rules = policy.rules_for(package)
        scored = any(rule.min_net_score is not None for rule in rules)
        judged = any(rule.worst_verdict is not None for rule in rules)
        net_score_range, verdict = None, None
        if scored:
            found = await (find_rating() if find_rating else self._find_rating(package))
            net_score_range = None if found is None else found.net_score_range
        if judged and package.content is not None:
            summary = await self._verdicts.find_summary(package.content.sha256)
            verdict = None if summary is None else summary.status
        return Facts(net_score_range, verdict)

    async def _find_rating(self, package: Package) -> RatingSummary | None:
        found = (await self._ratings.find_summaries([package.id])).get(package.id)
        return found if found is not None and found.revision == package.revision else None


class ServingPolicy:
    """Decides for all downloads, whichever protocol asks."""

    def __init__(self, policy: Policy, facts: PolicyFacts, *, clock: Clock) -> None:
        self._policy = policy
        self._facts = facts
        self._clock = clock

    async def check(self, package: Package, find_rating: FindRating | None = None) -> tuple[Waiver, ...]:
        """The waivers without which the package would be refused. Raises PolicyRefused, Unavailable."""
        if not self._policy.rules_for(package):
            return ()
        found = await self.judge(package, find_rating)
        if found.refusals:
            name = f"{package.name} {package.version}"
            raise PolicyRefused(name, {each.rule: each.reason for each in found.refusals})
        return found.waivers

    async def judge(self, package: Package, find_rating: FindRating | None = None) -> Judgement:
        facts = await self._facts.read(package, self._policy, find_rating)
        return self._policy.judge(package, facts, now=self._clock.now(), choice=can_choose)
