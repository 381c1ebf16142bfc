"""Source repositories on GitHub, by its REST API (https://docs.github.com/en/rest, version 2022-11-28)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from registry.adapters.outbound.answers import (
    MAX_FILES,
    as_list,
    as_object,
    count,
    files,
    flag,
    optional_object,
    optional_text,
    text,
)
from registry.adapters.outbound.upstream import NothingYet, Upstream
from registry.domain.errors import NotFound, SourceFailed
from registry.domain.evidence import CommitFacts, FileEntry, Integration, RepositoryFacts, ReviewFacts, TreeFacts
from registry.ports.clock import Clock

API_HEADERS = {"X-GitHub-Api-Version": "2022-11-28"}
_RAW = "application/vnd.github.raw+json"
_PAGE = 100
_LINK_MODE = "120000"
_MAX_README_CHARACTERS = 256 * 1024
_MAX_PYPROJECT_CHARACTERS = 64 * 1024
_REVIEW_STATES = frozenset({"APPROVED", "CHANGES_REQUESTED", "COMMENTED"})


def github_headers(token: str | None) -> dict[str, str]:
    """The headers of every request; a token raises the rate limit from 60 to 5,000 an hour."""
    return {**API_HEADERS, "Authorization": f"Bearer {token}"} if token else dict(API_HEADERS)


class GitHubCodeHost:
    """Implements CodeHost. A rating costs some 8 requests and up to 3 for each of `sampled_steps`.

    Commits never change, so of those requests only the ones for new commits are made again (and 304s are not counted).
    """

    def __init__(self, upstream: Upstream, *, clock: Clock, sampled_steps: int = 10, commit_pages: int = 3) -> None:
        self._upstream = upstream
        self._clock = clock
        self._sampled_steps = sampled_steps
        self._commit_pages = commit_pages

    async def repository(self, name: str) -> RepositoryFacts:
        members = as_object(await self._upstream.get_json(f"/repos/{name}"), "repository")
        spdx_id = optional_text(optional_object(members, "license").get("spdx_id"))
        return RepositoryFacts(
            name=text(members, "full_name"),
            license=None if spdx_id == "NOASSERTION" else spdx_id,
        )

    async def commits(self, name: str) -> CommitFacts:
        async with self._of_repository(name):
            recent = await self._recent_authors(name)
        async with _listed("contributors"):
            return CommitFacts(recent, await self._contributors(name))

    async def reviews(self, name: str) -> ReviewFacts:
        async with self._of_repository(name):
            newest = as_list(await self._upstream.get_json(f"/repos/{name}/commits", per_page=_PAGE), "commits")
        steps = _first_parents(newest)[: self._sampled_steps]
        if not steps:
            raise NotFound("the repository has no commits")
        async with _listed("commits"):
            return ReviewFacts(tuple(await asyncio.gather(*(self._integration(name, sha) for sha in steps))))

    async def tree(self, name: str) -> TreeFacts:
        async with self._of_repository(name):
            found = await self._upstream.get_json(f"/repos/{name}/git/trees/HEAD", recursive=1)
        members = as_object(found, "tree")
        entries = [entry for entry in as_list(members.get("tree"), "tree") if _is_file(as_object(entry, "file"))]
        listed = files(entries, path="path")
        pyproject = next((file for file in listed if file.path == "pyproject.toml"), None)
        content = await self._content(name, pyproject) if pyproject else None
        return TreeFacts(listed, flag(members, "truncated") or len(entries) > MAX_FILES, content)

    async def readme(self, name: str) -> str:
        content = await self._upstream.get_text(f"/repos/{name}/readme", accept=_RAW)
        return content[:_MAX_README_CHARACTERS]

    async def _content(self, name: str, file: FileEntry) -> str:
        async with _listed(file.path):
            content = await self._upstream.get_text(f"/repos/{name}/contents/{file.path}", accept=_RAW)
        size = len(content.encode())
        if size != file.size and "\ufffd" not in content:
            raise SourceFailed(f"{file.path} came with {size:,} bytes, {file.size:,} are listed")
        return content[:_MAX_PYPROJECT_CHARACTERS]

    @asynccontextmanager
    async def _of_repository(self, name: str) -> AsyncIterator[None]:
        """What a repository always has is absent only with it, or while it is empty (409)."""
        try:
            yield
        except NothingYet:
            raise
        except NotFound as error:
            await self.repository(name)
            raise SourceFailed(f"the repository is there, and {error}") from None

    async def _recent_authors(self, name: str) -> tuple[tuple[str, int], ...]:
        # By the day, so that the address stays the same and its ETag holds.
        since = (self._clock.now() - timedelta(days=365)).strftime("%Y-%m-%dT00:00:00Z")
        authors: Counter[str] = Counter()
        for page in range(1, self._commit_pages + 1):
            path = f"/repos/{name}/commits"
            commits = as_list(await self._upstream.get_json(path, since=since, per_page=_PAGE, page=page), "commits")
            authors.update(author for author in map(_author, commits) if author)
            if len(commits) < _PAGE:
                break
        return _most_first(authors)

    async def _contributors(self, name: str) -> tuple[tuple[str, int], ...]:
        # An empty repository answers 204 here, and has answered 409 for its commits before.
        people = as_list(await self._upstream.get_json(f"/repos/{name}/contributors", per_page=_PAGE), "contributors")
        counts: Counter[str] = Counter()
        for person in people:
            members = as_object(person, "contributor")
            if members.get("type") != "Bot":
                counts[text(members, "login")] += count(members, "contributions")
        return _most_first(counts)

    async def _integration(self, name: str, sha: str) -> Integration:
        commit, requests = await asyncio.gather(
            self._upstream.get_json(f"/repos/{name}/commits/{sha}", per_page=1),
            self._upstream.get_json(f"/repos/{name}/commits/{sha}/pulls"),
        )
        stats = as_object(as_object(commit, "commit").get("stats"), "stats")
        found = [as_object(it, "pull request") for it in as_list(requests, "pull requests")]
        merged = [it for it in found if it.get("merged_at")]
        if not merged:
            return Integration(sha, count(stats, "additions"), None, reviewed=False)
        number = count(merged[0], "number")
        reviewed = await self._is_reviewed(name, number, author=_login(merged[0].get("user")))
        return Integration(sha, count(stats, "additions"), number, reviewed)

    async def _is_reviewed(self, name: str, number: int, *, author: str | None) -> bool:
        reviews = as_list(
            await self._upstream.get_json(f"/repos/{name}/pulls/{number}/reviews", per_page=_PAGE), "reviews"
        )
        for review in reviews:
            members = as_object(review, "review")
            user = members.get("user")
            by_person = isinstance(user, dict) and user.get("type") != "Bot"
            if by_person and members.get("state") in _REVIEW_STATES and _login(user) not in (None, author):
                return True
        return False


def _first_parents(commits: list[Any]) -> list[str]:
    """The shas along the first parents from the newest commit on, as far as the list reaches."""
    parents: dict[str, str | None] = {}
    for commit in commits:
        members = as_object(commit, "commit")
        before = as_list(members.get("parents"), "parents")
        parents[_sha(members)] = _sha(as_object(before[0], "parent")) if before else None
    steps: list[str] = []
    sha = next(iter(parents), None)
    while sha in parents and sha not in steps:
        steps.append(sha)
        sha = parents[sha]
    return steps


def _sha(members: Mapping[str, Any]) -> str:
    sha = members.get("sha")
    # It becomes part of an address.
    if isinstance(sha, str) and 7 <= len(sha) <= 64 and sha.isalnum():
        return sha
    raise SourceFailed("the answer's sha is no commit id")


def _author(commit: object) -> str | None:
    """Who wrote a commit: the account, else the name in the commit; None for a bot."""
    members = as_object(commit, "commit")
    account = members.get("author")
    if isinstance(account, dict) and account.get("type") == "Bot":
        return None
    written = members.get("commit")
    by = written.get("author") if isinstance(written, dict) else None
    name = _login(account) or (optional_text(by.get("name")) if isinstance(by, dict) else None)
    return None if name is None or name.endswith("[bot]") else name


def _login(user: object) -> str | None:
    return optional_text(user.get("login")) if isinstance(user, dict) else None


def _most_first(authors: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(authors.items(), key=lambda it: (-it[1], it[0])))


def _is_file(entry: dict[str, Any]) -> bool:
    """Whether a tree's entry is a file; a link is none, and has the size of its target's name."""
    return entry.get("type") == "blob" and entry.get("mode") != _LINK_MODE


@asynccontextmanager
async def _listed(what: str) -> AsyncIterator[None]:
    """What was listed and is then not there has failed to come: it is not absent."""
    try:
        yield
    except NotFound as error:
        raise SourceFailed(f"{what} listed, and then {error}") from None
