"""What every AccountStore does."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.accounts import Permission, Session
from registry.domain.errors import AlreadyExists, LastAdmin, NotFound, RevisionConflict
from tests.conformance.records import RecordBackend, Records
from tests.factories import START, make_account

ADMIN = frozenset({Permission.ADMIN})


class AccountStoreContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize(
        "overrides",
        [
            {"permissions": frozenset()},
            {"permissions": frozenset(Permission)},
            {"name": "A.b_c-d@e"},
            {"password_hash": "$argon2id$v=19$m=65536,t=3,p=4$'%_\"$"},
            {"created_at": START + timedelta(microseconds=1)},
        ],
    )
    async def test_gives_back_what_was_added(self, records: Records, overrides: dict[str, object]) -> None:
        account = make_account(**overrides)

        await records.accounts.add(account)

        assert await records.accounts.get(account.name) == account
        assert await records.accounts.list_accounts(limit=5, after=None) == [account]

    async def test_absent_account(self, records: Records) -> None:
        with pytest.raises(NotFound):
            await records.accounts.get("nobody")
        with pytest.raises(NotFound):
            await records.accounts.replace(make_account(name="nobody"), expected_revision=1)
        with pytest.raises(NotFound):
            await records.accounts.remove("nobody")
        assert await records.accounts.find_session("nobody", "token") is None

    async def test_name_is_unique_and_case_counts(self, records: Records) -> None:
        first = make_account(name="alice")
        await records.accounts.add(first)
        await records.accounts.add(make_account(name="Alice"))

        with pytest.raises(AlreadyExists):
            await records.accounts.add(make_account(name="alice", token_epoch="other"))

        assert await records.accounts.get("alice") == first

    async def test_one_of_many_adds_wins(self, records: Records, others: Records) -> None:
        rivals = [make_account(name="alice", token_epoch=str(number)) for number in range(8)]

        outcomes = await asyncio.gather(
            *((records, others)[number % 2].accounts.add(rival) for number, rival in enumerate(rivals)),
            return_exceptions=True,
        )

        winners = [rival for rival, outcome in zip(rivals, outcomes, strict=True) if outcome is None]
        assert len([outcome for outcome in outcomes if isinstance(outcome, AlreadyExists)]) == 7
        assert [await records.accounts.get("alice")] == winners

    async def test_replace_needs_the_revision(self, records: Records, others: Records) -> None:
        account = make_account()
        await records.accounts.add(account)
        changed = replace(account, permissions=frozenset({Permission.ADMIN}), revision=2)

        await records.accounts.replace(changed, expected_revision=1)
        with pytest.raises(RevisionConflict):
            await records.accounts.replace(replace(account, revision=2), expected_revision=1)

        assert await others.accounts.get(account.name) == changed

    async def test_remove(self, records: Records) -> None:
        account = make_account()
        await records.accounts.add(account)

        await records.accounts.remove(account.name)

        with pytest.raises(NotFound):
            await records.accounts.get(account.name)
        await records.accounts.add(account)

    async def test_of_many_first_admins_one_is_added(self, records: Records, others: Records) -> None:
        rivals = [make_account(name=f"admin-{number}", permissions=ADMIN) for number in range(8)]

        added = await asyncio.gather(
            *((records, others)[number % 2].accounts.add_first(rival) for number, rival in enumerate(rivals))
        )

        assert sorted(added) == [False] * 7 + [True]
        assert await records.accounts.list_accounts(limit=9, after=None) == [rivals[added.index(True)]]

    async def test_there_is_one_first_admin_for_ever(self, records: Records, others: Records) -> None:
        only = make_account(name="only")
        await records.accounts.add(only)
        assert not await others.accounts.add_first(make_account(name="admin", permissions=ADMIN))

        await records.accounts.remove("only")

        assert not await others.accounts.add_first(make_account(name="admin", permissions=ADMIN))
        assert list(await records.accounts.list_accounts(limit=9, after=None)) == []

    async def test_last_admin_stays(self, records: Records, others: Records) -> None:
        admin = make_account(permissions=ADMIN)
        assert await records.accounts.add_first(admin)
        await records.accounts.add(make_account())

        with pytest.raises(LastAdmin):
            await others.accounts.remove(admin.name)
        with pytest.raises(LastAdmin):
            await others.accounts.replace(replace(admin, permissions=frozenset(), revision=2), expected_revision=1)
        assert await records.accounts.get(admin.name) == admin

        # A new password is no loss of the permission.
        changed = replace(admin, password_hash="other", revision=2)
        await records.accounts.replace(changed, expected_revision=1)
        second = make_account()
        await records.accounts.add(second)
        await records.accounts.replace(replace(second, permissions=ADMIN, revision=2), expected_revision=1)
        await records.accounts.remove(admin.name)
        with pytest.raises(LastAdmin):
            await records.accounts.remove(second.name)

    async def test_admins_that_go_at_once_leave_one(self, records: Records, others: Records) -> None:
        admins = [make_account(permissions=frozenset(Permission)) for _ in range(6)]
        for admin in admins:
            await records.accounts.add(admin)

        async def go(number: int) -> None:
            accounts, admin = (records, others)[number % 2].accounts, admins[number]
            if number % 3:
                await accounts.remove(admin.name)
            else:
                await accounts.replace(replace(admin, permissions=frozenset(), revision=2), expected_revision=1)

        outcomes = await asyncio.gather(*map(go, range(6)), return_exceptions=True)

        assert [type(outcome) for outcome in outcomes if outcome is not None] == [LastAdmin]
        left = await records.accounts.list_accounts(limit=9, after=None)
        assert len([account for account in left if account.is_admin]) == 1

    async def test_list_is_by_name_in_pages(self, records: Records) -> None:
        accounts = {name: make_account(name=name) for name in ("b", "a", "B", "c", "_", "a1")}
        for account in accounts.values():
            await records.accounts.add(account)
        in_order = [accounts[name] for name in sorted(accounts)]

        first = await records.accounts.list_accounts(limit=4, after=None)
        second = await records.accounts.list_accounts(limit=4, after=first[-1].name)

        assert list(first) == in_order[:4]
        assert list(second) == in_order[4:]
        assert list(await records.accounts.list_accounts(limit=4, after=second[-1].name)) == []

    async def test_session_is_the_state_of_the_moment(self, records: Records, others: Records) -> None:
        account = make_account()
        await records.accounts.add(account)
        expected = Session(account.name, account.permissions, account.token_epoch, revoked=False, account_id=account.id)
        assert await records.accounts.find_session(account.name, "token-1") == expected

        changed = replace(account, permissions=frozenset({Permission.UPLOAD}), token_epoch="epoch-2", revision=2)
        await others.accounts.replace(changed, expected_revision=1)

        expected = Session(
            account.name, frozenset({Permission.UPLOAD}), "epoch-2", revoked=False, account_id=account.id
        )
        assert await records.accounts.find_session(account.name, "token-1") == expected
        await others.accounts.remove(account.name)
        assert await records.accounts.find_session(account.name, "token-1") is None

    async def test_revocation_is_of_one_token_and_seen_by_all(self, records: Records, others: Records) -> None:
        account = make_account()
        await records.accounts.add(account)

        await records.accounts.revoke_token("token-1", expires_at=START + timedelta(hours=1))
        await records.accounts.revoke_token("token-1", expires_at=START + timedelta(hours=1))

        sessions = [await others.accounts.find_session(account.name, token) for token in ("token-1", "token-2")]
        assert [session.revoked for session in sessions if session] == [True, False]

    async def test_survives_reopening(self, backend: RecordBackend) -> None:
        account = make_account()
        async with backend.open() as records:
            await records.accounts.add(account)
            await records.accounts.revoke_token("token-1", expires_at=START + timedelta(hours=1))

        async with backend.open() as records:
            assert await records.accounts.get(account.name) == account
            session = await records.accounts.find_session(account.name, "token-1")
        assert session is not None
        assert session.revoked
