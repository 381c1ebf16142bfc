"""`registry open` and `registry doctor`."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from registry import __version__
from registry.cli.completion import complete_packages
from registry.cli.failures import CommandError, ExitCode, explain
from registry.cli.packages import Type
from registry.cli.session import Session, command

if TYPE_CHECKING:
    from registry.client import RegistryClient

_CLOCK_SECONDS = 60
_PROBE = b"what `registry doctor` sends, and the registry refuses"


def register(app: typer.Typer) -> None:
    command(app, "open")(open_page)
    command(app, "doctor")(doctor)


async def open_page(
    session: Session,
    *,
    package: Annotated[
        str | None,
        typer.Argument(help="What to look at; the start page when left out.", autocompletion=complete_packages),
    ] = None,
    type: Type = None,  # noqa: A002
) -> None:
    """Open a package's page, or the registry's start page, in a browser.

    Examples:

      registry open
      registry open acme/tiny@1.0.0
    """
    import webbrowser

    url = f"{session.server}/ui"
    if package is not None:
        async with session.client() as client:
            url += f"/package/{(await client.resolve(package, type=type)).id}"
    if session.output.as_json:
        session.output.document({"url": url})
    elif not webbrowser.open(url):
        raise CommandError(f"no browser could be opened; the page is {url}")


class State(StrEnum):
    """How a check ended; skipped where it could not be made."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class _Finding:
    state: State
    text: str


async def doctor(session: Session) -> None:
    """Check all that publishing and downloading need, and say what to do about the rest.

    Reaches the registry, signs in with your token, sends a few bytes that
    announce a wrong SHA-256 (the registry has to refuse them; nothing is
    kept), compares versions and clocks. Exits with 1 when a check fails.

    Example:

      registry doctor --server https://registry.example.org
    """
    failed = False
    async with session.client() as client:
        for name, check in _CHECKS.items():
            try:
                found = await check(client)
            except Exception as error:
                from registry.client import ClientError

                if not isinstance(error, ClientError | OSError):
                    raise
                found = _Finding(State.FAILED, explain(error, session))
            failed = failed or found.state is State.FAILED
            if session.output.as_json:
                session.output.document({"check": name, "state": found.state, "detail": found.text})
            else:
                session.output.members({f"{name:<8} {found.state:<7}": found.text})
            if failed and name == "reach":
                break  # nothing else can be known
    if failed:
        raise CommandError("something needs your attention", code=ExitCode.FAILED)


async def _reach(client: "RegistryClient") -> _Finding:
    began = time.monotonic()
    readiness = await client.ready()
    took = round((time.monotonic() - began) * 1000)
    if not readiness.ready:
        return _Finding(State.FAILED, f"{client.checks.address} is not ready; `registry health` says why")
    return _Finding(State.OK, f"{client.checks.address} answers in {took} ms")


async def _sign_in(client: "RegistryClient") -> _Finding:
    identity = await client.whoami()
    return _Finding(State.OK, f"as {identity.name}, who may {', '.join(identity.permissions) or 'do nothing'}")


async def _write(client: "RegistryClient") -> _Finding:
    from registry.client import NotAllowed

    if not {"upload", "admin"} & set((await client.whoami()).permissions):
        return _Finding(State.SKIPPED, "you may not upload")
    announced = hashlib.sha256(b"other bytes").hexdigest()
    try:
        refused = await client.checks.refuses_other_bytes(_PROBE, announced_sha256=announced)
    except NotAllowed:
        return _Finding(State.SKIPPED, "your token is for some packages only")
    if refused:
        return _Finding(State.OK, "bytes arrive, and those with a wrong SHA-256 are refused")
    return _Finding(State.FAILED, "bytes with a wrong SHA-256 were taken")


async def _versions(client: "RegistryClient") -> _Finding:
    theirs = str((await client.health()).get("version", "unknown"))
    text = f"client {__version__}, registry {theirs}"
    if theirs.split(".")[:2] == __version__.split(".")[:2]:
        return _Finding(State.OK, text)
    return _Finding(State.FAILED, f"{text}; install the client of that version")


async def _clock(client: "RegistryClient") -> _Finding:
    date = await client.checks.server_time()
    if date is None:
        return _Finding(State.SKIPPED, "the registry does not say what time it has")
    ahead = round(time.time() - date.timestamp())
    if abs(ahead) <= _CLOCK_SECONDS:
        return _Finding(State.OK, "agrees with the registry's")
    where = "ahead of" if ahead > 0 else "behind"
    return _Finding(State.FAILED, f"is {abs(ahead)} s {where} the registry's; set the clock (NTP)")


_CHECKS: dict[str, Callable[["RegistryClient"], Awaitable[_Finding]]] = {
    "reach": _reach,
    "sign in": _sign_in,
    "write": _write,
    "versions": _versions,
    "clock": _clock,
}
