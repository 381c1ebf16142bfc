"""What every ApiTokenStore does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.accounts import Grant, Permission
from registry.domain.errors import NotFound
from registry.domain.name_patterns import NamePatterns
from tests.conformance.records import RecordBackend, Records
from tests.factories import START, make_account, make_api_token, make_change, make_package


class ApiTokenStoreContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize(
        "overrides",
        [
            {},
            {"permissions": frozenset(Permission)},
            {"packages": NamePatterns(("acme/*", 'it\'s "100%"'))},
            {"expires_at": START + timedelta(days=1, microseconds=1)},
            {"last_used_at": START + timedelta(microseconds=1)},
            {"name": "ci ✓"},
        ],
    )
    async def test_gives_back_what_was_added(self, records: Records, overrides: dict[str, object]) -> None:
        owner, token = make_account(name="alice", grant_epoch="e1"), make_api_token(**overrides)
        await records.accounts.add(owner)

        await records.api_tokens.add(token)

        expected = Grant(token, owner.permissions, "e1", owner.id)
        assert await records.api_tokens.find_grant(token.digest) == expected
        assert await records.api_tokens.find_grant(token.digest) == expected
        assert await records.api_tokens.get(token.id) == token
        assert list(await records.api_tokens.list_tokens("alice", limit=5, after=None)) == [token]

    async def test_absent_token(self, records: Records) -> None:
        assert await records.api_tokens.find_grant("0" * 64) is None
        with pytest.raises(NotFound):
            await records.api_tokens.get("none")
        assert list(await records.api_tokens.list_tokens("alice", limit=5, after=None)) == []
        await records.api_tokens.remove(make_api_token())
        await records.api_tokens.drop("alice", grant_epoch="e1")

    async def test_grant_is_the_state_of_the_moment(self, records: Records, others: Records) -> None:
        owner, token = make_account(name="alice", grant_epoch="e1"), make_api_token()
        await records.accounts.add(owner)
        await records.api_tokens.add(token)
        assert await records.api_tokens.find_grant(token.digest) is not None

        changed = replace(owner, permissions=frozenset({Permission.ADMIN}), grant_epoch="e2", revision=2)
        await others.accounts.replace(changed, expected_revision=1)

        expected = Grant(token, frozenset({Permission.ADMIN}), "e2", owner.id)
        assert await records.api_tokens.find_grant(token.digest) == expected
        assert await others.api_tokens.find_grant(token.digest) == expected

    async def test_without_account_there_is_no_grant(self, records: Records) -> None:
        token = make_api_token(user="gone")
        await records.api_tokens.add(token)
        assert await records.api_tokens.find_grant(token.digest) is None

    async def test_removed_is_gone_for_all(self, records: Records, others: Records) -> None:
        await records.accounts.add(make_account(name="alice"))
        token, other = make_api_token(), make_api_token()
        for each in (token, other):
            await records.api_tokens.add(each)
            assert await others.api_tokens.find_grant(each.digest) is not None

        await records.api_tokens.remove(token)
        await records.api_tokens.remove(token)

        assert await others.api_tokens.find_grant(token.digest) is None
        assert await others.api_tokens.find_grant(other.digest) is not None
        assert list(await others.api_tokens.list_tokens("alice", limit=5, after=None)) == [other]
        with pytest.raises(NotFound):
            await others.api_tokens.get(token.id)

    async def test_list_is_of_one_user_newest_first_in_pages(self, records: Records) -> None:
        tokens = [make_api_token() for _ in range(7)]
        for token in [*tokens, make_api_token(user="bob")]:
            await records.api_tokens.add(token)

        first = await records.api_tokens.list_tokens("alice", limit=4, after=None)
        second = await records.api_tokens.list_tokens("alice", limit=4, after=first[-1].id)

        assert [*first, *second] == tokens[::-1]

    async def test_drop_takes_one_epoch_of_one_user(self, records: Records) -> None:
        dropped = [make_api_token() for _ in range(35)]
        kept = make_api_token(grant_epoch="e2")
        bobs = make_api_token(user="bob")
        for token in [*dropped, kept, bobs]:
            await records.api_tokens.add(token)

        await records.api_tokens.drop("alice", grant_epoch="e1")

        assert list(await records.api_tokens.list_tokens("alice", limit=50, after=None)) == [kept]
        assert list(await records.api_tokens.list_tokens("bob", limit=50, after=None)) == [bobs]
        with pytest.raises(NotFound):
            await records.api_tokens.get(dropped[0].id)

    async def test_use_never_goes_back_and_brings_nothing_back(self, records: Records, others: Records) -> None:
        token, removed = make_api_token(), make_api_token()
        for each in (token, removed):
            await records.api_tokens.add(each)
        await records.api_tokens.remove(removed)
        later = START + timedelta(minutes=7, microseconds=1)

        await records.api_tokens.record_use({removed.digest: later, token.digest: later})
        await others.api_tokens.record_use({token.digest: START})
        await others.api_tokens.record_use({})

        assert await others.api_tokens.get(token.id) == replace(token, last_used_at=later)
        with pytest.raises(NotFound):
            await records.api_tokens.get(removed.id)

    async def test_read_with_a_package_as_alone(self, records: Records) -> None:
        owner, token, package = make_account(name="alice"), make_api_token(), make_package(readme="# A")
        await records.accounts.add(owner)
        await records.api_tokens.add(token)
        await records.packages.add(package, make_change(package.id))

        for package_id, digest in (
            (package.id, token.digest),
            (package.id, "0" * 64),
            ("none", token.digest),
            ("none", "0" * 64),
            (package.id, token.digest),
        ):
            found = await records.reader.find_for_grant(package_id, digest=digest)
            assert found.grant == await records.api_tokens.find_grant(digest)
            assert found.document == await records.packages.find_document(package_id)

    async def test_expired_ones_are_purged(self, records: Records, backend: RecordBackend) -> None:
        short = make_api_token(expires_at=backend.clock.now() + timedelta(seconds=1))
        long = make_api_token(expires_at=backend.clock.now() + timedelta(hours=1))
        for token in (short, long):
            await records.api_tokens.add(token)

        await records.maintenance.purge_expired(backend.clock.now() + timedelta(minutes=1))

        assert list(await records.api_tokens.list_tokens("alice", limit=5, after=None)) == [long]

    async def test_reset_ends_them(self, records: Records) -> None:
        token = make_api_token()
        await records.api_tokens.add(token)
        await records.maintenance.reset(make_account(name="alice"))
        assert await records.api_tokens.find_grant(token.digest) is None

    async def test_survives_reopening(self, backend: RecordBackend) -> None:
        token = make_api_token()
        async with backend.open() as records:
            await records.api_tokens.add(token)
        async with backend.open() as records:
            assert await records.api_tokens.get(token.id) == token
