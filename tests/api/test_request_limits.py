"""REGISTRY_REQUESTS_PER_MINUTE: 429 with Retry-After and RateLimit headers, for each token by itself."""

from collections.abc import Mapping

import httpx

from tests.api.conftest import ServerFactory
from tests.api.support import ask_token, connect, problem

LIMIT = 20


def has_rate_limit(answer: httpx.Response) -> bool:
    return any(name.startswith("ratelimit") for name in answer.headers)


def test_requests_over_the_limit_are_429(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend, REGISTRY_REQUESTS_PER_MINUTE=str(LIMIT))
    with connect(server.url) as client:
        tokens = [ask_token(client, server.admin_name, server.admin_password).json()["access_token"] for _ in range(2)]
        first, second = ({"Authorization": f"Bearer {token}"} for token in tokens)
        # A fixed window may end in between: two windows' worth is enough to meet the limit once.
        answers = [client.get("/packages", headers=first) for _ in range(2 * LIMIT + 2)]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert [answer.status_code for answer in answers[:LIMIT]] == [200] * LIMIT
        assert all(has_rate_limit(answer) for answer in answers)
        refused = next(answer for answer in answers if answer.status_code == 429)
        problem(refused, 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert client.get("/packages", headers=second).status_code == 200
        assert client.get("/health").status_code == 200


def test_no_limit_by_default(start: ServerFactory) -> None:
    server = start()
    with connect(server.url) as client:
        token = ask_token(client, server.admin_name, server.admin_password).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert {client.get("/packages", headers=headers).status_code for _ in range(300)} == {200}
