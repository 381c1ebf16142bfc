"""Which passwords are taken."""

import pytest

from registry.domain.errors import InvalidInput
from registry.services.accounts.passwords import _common_passwords, check_new_password


@pytest.mark.parametrize(
    "password", ["correct horse battery", "x7#qLm9!", "ключ от двери", "z" * 1024, "12345678 but not quite"]
)
def test_good_enough(password: str) -> None:
    check_new_password(password, "alice")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "8 to 1,024"),
        ("x7#qLm9", "8 to 1,024"),
        ("z" * 1025, "8 to 1,024"),
        ("password", "most common"),
        ("PassWord", "most common"),
        ("1qaz2wsx", "most common"),
        ("Alice.Liddell", "user name"),
    ],
)
def test_refused_with_the_reason_and_the_place(password: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        check_new_password(password, "alice.liddell", pointer="/new_password")
    assert [error.pointer for error in caught.value.errors] == ["/new_password"]


def test_list_holds_what_its_head_says() -> None:
    common = _common_passwords()
    assert len(common) > 10_000
    assert all(len(password) >= 8 and password == password.lower().strip() for password in common)
