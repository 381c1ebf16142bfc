"""Password hashes."""

from collections.abc import Iterator

import pytest
from argon2 import Parameters
from argon2.exceptions import HashingError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, error_to_str
from argon2.profiles import CHEAPEST

from registry.adapters.argon2 import Argon2PasswordHasher
from registry.domain.errors import Unavailable
from registry.ports.passwords import PasswordHasher

QUICK = Parameters(type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def hasher() -> Iterator[Argon2PasswordHasher]:
    hasher = Argon2PasswordHasher(QUICK)
    yield hasher
    hasher.close()


@pytest.mark.parametrize("password", ["correct horse", "pässwörd ключ 🔑", "x" * 1024, "nul\0inside", "\ud800 lone"])
async def test_right_password_fits_and_no_other(hasher: Argon2PasswordHasher, password: str) -> None:
    password_hash = await hasher.hash(password)
    assert await hasher.verify(password_hash, password)
    assert not await hasher.verify(password_hash, password + "x")
    assert not await hasher.verify(password_hash, password[:-1])


async def test_hashes_are_salted(hasher: Argon2PasswordHasher) -> None:
    assert await hasher.hash("same password") != await hasher.hash("same password")


async def test_default_parameters_are_those_of_the_rfc() -> None:
    default = Argon2PasswordHasher()
    hasher: PasswordHasher = default
    password_hash = await hasher.hash("correct horse")
    default.close()
    assert password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_nobody_is_checked_with_the_same_effort(hasher: Argon2PasswordHasher) -> None:
    real = await hasher.hash("correct horse")
    assert not await hasher.verify(None, "correct horse")
    nobodys = hasher._nobodys_hash
    assert nobodys.rsplit("$", 2)[0] == real.rsplit("$", 2)[0]
    assert [len(part) for part in nobodys.split("$")] == [len(part) for part in real.split("$")]
    # The C code gets as far as comparing digests, so it has computed one.
    with pytest.raises(VerifyMismatchError):
        hasher._hasher.verify(nobodys, "correct horse")


async def test_hash_with_older_parameters_stays_valid(hasher: Argon2PasswordHasher) -> None:
    older = Argon2PasswordHasher(CHEAPEST)
    password_hash = await older.hash("correct horse")
    older.close()
    assert await hasher.verify(password_hash, "correct horse")


@pytest.mark.parametrize(
    "damaged",
    ["", "plain text", "$argon2id$v=19$m=64", "$argon2id$v=19$m=64,t=1,p=1$??$??", "$2b$12$abcdefghijklmnopqrstuv"],
)
async def test_damaged_hash_fits_nothing(hasher: Argon2PasswordHasher, damaged: str) -> None:
    assert not await hasher.verify(damaged, "plain text")


class HasherWithoutMemory:
    def hash(self, password: bytes) -> str:
        raise HashingError(error_to_str(-22))

    def verify(self, password_hash: str, password: bytes) -> bool:
        raise VerificationError(error_to_str(-22))


async def test_lack_of_memory_is_unavailable(monkeypatch: pytest.MonkeyPatch, hasher: Argon2PasswordHasher) -> None:
    monkeypatch.setattr(hasher, "_hasher", HasherWithoutMemory())
    with pytest.raises(Unavailable):
        await hasher.hash("correct horse")
    with pytest.raises(Unavailable):
        await hasher.verify(None, "correct horse")
