"""Completion of package names in a shell: `registry --install-completion` once, then Tab."""

import asyncio
import re

import typer

from registry.cli.session import Session, session_of

_TIMEOUT_SECONDS = 2.0
_MOST_SHOWN = 50


def complete_packages(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names that begin so, and after an @ the versions of the name. Nothing where the registry is away: a shell is no
    place for an error."""
    try:
        given = ctx.params
        session = session_of(ctx, server=given.get("server"), token=given.get("token"), profile=given.get("profile"))
        return asyncio.run(asyncio.wait_for(_found(session, incomplete), _TIMEOUT_SECONDS))
    except Exception:  # noqa: BLE001
        return []


async def _found(session: Session, incomplete: str) -> list[str]:
    from registry.client import first

    name, at, beginning = incomplete.rpartition("@")
    async with session.client(timeout_seconds=_TIMEOUT_SECONDS) as client:
        if at:
            versions = [package.version async for package in first(client.packages(name=name), _MOST_SHOWN)]
            return [f"{name}@{version}" for version in dict.fromkeys(versions) if version.startswith(beginning)]
        named = client.search_regex(f"^{re.escape(incomplete)}", fields=["name"], page_size=200)
        return list(dict.fromkeys([package.name async for package in first(named, 4 * _MOST_SHOWN)]))[:_MOST_SHOWN]
