"""The policy that the settings name, and what judges by it."""

from dataclasses import dataclass
from pathlib import Path

from registry.composition.backends import Records
from registry.domain.errors import InvalidInput
from registry.domain.policy import Policy
from registry.formats.policy_files import read_policy
from registry.ports.clock import Clock
from registry.services.policy.replay import PolicyReplay
from registry.services.policy.serving import PolicyFacts, ServingPolicy
from registry.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class PolicyServices:
    serving: ServingPolicy
    replay: PolicyReplay


def load_policy(path: Path) -> Policy:
    """The policy of a file. Raises SettingsError, which names the first fault."""
    try:
        return read_policy(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The policy {path} cannot be read: {error}") from error
    except InvalidInput as error:
        raise SettingsError(f"The policy {path} is not valid: {error}") from error


def assemble_policy(settings: Settings, records: Records, *, clock: Clock) -> PolicyServices:
    """Without a file everything is allowed. Raises SettingsError."""
    policy = Policy() if settings.policy_file is None else load_policy(settings.policy_file)
    facts = PolicyFacts(records.ratings, records.verdicts)
    replay = PolicyReplay(records.packages, records.audit, facts, clock=clock)
    return PolicyServices(ServingPolicy(policy, facts, clock=clock), replay)
