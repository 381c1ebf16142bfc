"""How often somebody may guess a password, and why nobody can be locked out by the guesses of others."""

import ipaddress
from dataclasses import dataclass

from registry.domain.errors import Throttled
from registry.ports.throttle import AttemptCount, AttemptCounter

_KNOWN_SECONDS = 30 * 86_400
_SPREAD = 10
"""How many times the attempts of one address a name may take over all addresses that it is not known at."""
_IPV6_NETWORK_BITS = 64
"""A client owns all addresses of such a network."""


@dataclass(frozen=True, slots=True)
class AttemptRules:
    """Failed attempts in a window, from the settings: `per_name` is of one name from one address."""

    window_seconds: int
    per_name: int
    per_address: int


class LoginAttempts:
    """Counts attempts before the password is looked at, so that parallel guesses count too; good ones are taken back.

    An address has a limit of its own, and so has each name at each address: guesses from elsewhere do not touch it.
    Where guesses at one name come from many addresses, each has a single one left, which is enough for who knows the
    password; addresses from which the name has signed in within 30 days keep theirs.
    """

    def __init__(self, attempts: AttemptCounter, rules: AttemptRules) -> None:
        self._attempts = attempts
        self._rules = rules

    async def begin(self, name: str, address: str) -> None:
        """Count an attempt to sign in. Raises Throttled."""
        rules, (by_address, by_pair, by_name, known) = self._rules, _keys(name, address)
        _check(await self._hit(by_address), rules.per_address)
        pair = await self._hit(by_pair)
        _check(pair, rules.per_name)
        spread = await self._hit(by_name)
        if spread.count > _SPREAD * rules.per_name and pair.count > 1 and not await self._attempts.count(known):
            raise _throttled(spread)

    async def succeed(self, name: str, address: str) -> None:
        """Take the attempt back, and know the address from now on."""
        *counted, known = _keys(name, address)
        for key in counted:
            await self._refund(key)
        if not await self._attempts.count(known):
            await self._attempts.hit(known, window_seconds=_KNOWN_SECONDS)

    async def begin_change(self, account_id: str) -> None:
        """Count a password that is given with an account's token to change it. Raises Throttled.

        A stolen token must not become a way to guess the password without limit. Who has no token cannot count here.
        """
        _check(await self._hit(f"password-change:{account_id}"), self._rules.per_name)

    async def succeed_change(self, account_id: str) -> None:
        """Take the attempt back."""
        await self._refund(f"password-change:{account_id}")

    async def _hit(self, key: str) -> AttemptCount:
        return await self._attempts.hit(key, window_seconds=self._rules.window_seconds)

    async def _refund(self, key: str) -> None:
        await self._attempts.refund(key, window_seconds=self._rules.window_seconds)


def _keys(name: str, address: str) -> tuple[str, str, str, str]:
    where, who = _network(address), name[:64]
    pair = f"{where} {who}"
    return f"login-address:{where}", f"login-pair:{pair}", f"login-name:{who}", f"login-known:{pair}"


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _IPV6_NETWORK_BITS), strict=False))


def _check(seen: AttemptCount, limit: int) -> None:
    if seen.count > limit:
        raise _throttled(seen)


def _throttled(seen: AttemptCount) -> Throttled:
    wait = max(1, round(seen.resets_after_seconds))
    return Throttled(f"Too many failed attempts. Wait {wait} seconds.", retry_after_seconds=wait)
