"""Too many logins: 429, by name and by address. On a server of its own, since it would stop the other tests."""

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import ask_token, connect, log_in, problem, unique

# More than any sane limit for guessing one password, and for guessing from one address.
MAX_GUESSES = 1000
WRONG = "a guess"


def guess(client: httpx.Client, name: str) -> httpx.Response:
    return ask_token(client, name, "not the password")


def throttled(answer: httpx.Response) -> None:
    problem(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1


@pytest.fixture
def guarded(start: ServerFactory) -> RunningServer:
    return start()


def guess_until_throttled(client: httpx.Client, *names: str) -> int:
    """Guess at these names in turn; how many guesses it took until 429."""
    for number in range(MAX_GUESSES):
        answer = guess(client, names[number % len(names)])
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            throttled(answer)
            return number
        problem(answer, 401)
    raise AssertionError(f"{MAX_GUESSES} guesses were let through")


def test_guessing_one_name_is_throttled_on_both_routes(guarded: RunningServer) -> None:
    with connect(guarded.url) as client:
        assert guess_until_throttled(client, guarded.admin_name) >= 3
        # The right password does not help: else guessing would go on.
        throttled(ask_token(client, guarded.admin_name, guarded.admin_password))
        body = {"user": {"name": guarded.admin_name, "is_admin": True}, "secret": {"password": guarded.admin_password}}
        throttled(client.put("/authenticate", json=body))


def test_tokens_work_on_while_logins_are_throttled(guarded: RunningServer) -> None:
    admin = log_in(guarded.url, guarded.admin_name, guarded.admin_password)
    with admin.client as client:
        guess_until_throttled(client, guarded.admin_name)
        assert client.get("/packages").status_code == 200


def test_unknown_names_are_throttled_like_known_ones(guarded: RunningServer) -> None:
    with connect(guarded.url) as client:
        guess_until_throttled(client, "no-such-user")


def test_guessing_many_names_from_one_address_is_throttled(guarded: RunningServer) -> None:
    with connect(guarded.url) as client:
        guess_until_throttled(client, *(unique("name") for _ in range(MAX_GUESSES)))
        throttled(guess(client, unique("one-more")))


def test_workers_count_together(start: ServerFactory) -> None:
    single, double = start(), start(workers=2)
    with connect(single.url) as client:
        alone = guess_until_throttled(client, single.admin_name)
    for _ in range(alone):
        # A new connection each, so that both workers get their share.
        with connect(double.url) as client:
            problem(guess(client, double.admin_name), 401)
    with connect(double.url) as client:
        throttled(guess(client, double.admin_name))


def test_many_good_logins_are_no_attack(guarded: RunningServer) -> None:
    with connect(guarded.url) as client:
        for _ in range(20):
            assert ask_token(client, guarded.admin_name, guarded.admin_password).status_code == 200


def guess_from(client: httpx.Client, name: str, address: str, password: str = WRONG) -> httpx.Response:
    """As a proxy on this host passes on a request from `address`."""
    form = {"grant_type": "password", "username": name, "password": password}
    return client.post("/auth/token", data=form, headers={"X-Forwarded-For": address})


@pytest.fixture
def strict(start: ServerFactory) -> RunningServer:
    return start(REGISTRY_LOGIN_ATTEMPTS_PER_NAME="2")


def test_guesses_of_others_lock_nobody_out(strict: RunningServer) -> None:
    name, password = strict.admin_name, strict.admin_password
    with connect(strict.url) as client:
        assert guess_from(client, name, "198.51.100.1", password).status_code == 200
        # Ten times what one address may, from addresses of which none is throttled by itself.
        outcomes = [guess_from(client, name, f"203.0.113.{number}").status_code for number in (*range(12), *range(12))]
        assert outcomes == [401] * 20 + [429] * 4
        # From where the user signed in before, a mistake is free; from anywhere else, there is one try.
        problem(guess_from(client, name, "198.51.100.1"), 401)
        assert guess_from(client, name, "198.51.100.1", password).status_code == 200
        assert guess_from(client, name, "192.0.2.7", password).status_code == 200
        problem(guess_from(client, name, "192.0.2.8"), 401)
        throttled(guess_from(client, name, "192.0.2.8", password))


def test_a_network_of_ipv6_is_one_address(strict: RunningServer) -> None:
    name = strict.admin_name
    with connect(strict.url) as client:
        outcomes = [guess_from(client, name, f"2001:db8:1:2::{number}").status_code for number in range(3)]
        assert outcomes == [401, 401, 429]
        assert guess_from(client, name, "2001:db8:1:3::1", strict.admin_password).status_code == 200


def test_guesses_at_the_login_do_not_keep_a_user_from_a_new_password(strict: RunningServer) -> None:
    admin = log_in(strict.url, strict.admin_name, strict.admin_password)
    with admin.client as client:
        guess_until_throttled(client, strict.admin_name)
        path = f"/users/{strict.admin_name}/password"
        for _ in range(2):
            problem(client.put(path, json={"current_password": "a guess", "new_password": unique("secret")}), 403)
        body = {"current_password": strict.admin_password, "new_password": unique("secret")}
        throttled(client.put(path, json=body))
