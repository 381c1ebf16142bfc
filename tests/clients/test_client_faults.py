"""The client when things break: lost answers, busy or odd servers."""

from pathlib import Path

import pytest

from registry.client import (
    Conflict,
    FileChanged,
    InvalidAnswer,
    InvalidRequest,
    NewPackage,
    NotAllowed,
    RegistryClient,
    Retries,
    ServerFailed,
    TooManyRequests,
    Unreachable,
)
from tests.clients.conftest import BYTES, QUICK, Fake
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD
from tests.clients.served import Fault, problem

MIB = 1024 * 1024
NEW = NewPackage("tiny", "1.0.0", "model")


async def test_a_lost_answer_to_a_publish_does_not_publish_twice(
    client: RegistryClient, fake: Fake, tmp_path: Path
) -> None:
    (tmp_path / "model").write_bytes(BYTES)
    fake.server.faults.append(Fault("POST", "/package", cut_after=10))
    package = await client.publish(tmp_path / "model", NEW)

    first, second = fake.server.seen("POST", "/package")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["content-length"] == second.headers["content-length"]
    assert list(fake.registry.packages) == [package.id]
    with pytest.raises(Conflict):
        await client.publish(tmp_path / "model", NEW)


async def test_a_refusal_before_the_end_of_an_upload_is_heard(
    client: RegistryClient, fake: Fake, tmp_path: Path
) -> None:
    with (tmp_path / "model").open("wb") as file:
        file.truncate(64 * MIB)
    refusal = problem(403, "permission-denied")
    fake.server.faults.append(Fault("POST", "/package", reply=refusal))
    with pytest.raises(NotAllowed):
        await client.publish(tmp_path / "model", NEW)


async def test_a_file_that_changes_under_way_is_not_published(
    client: RegistryClient, fake: Fake, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    for change, error in ((BYTES + b"more", FileChanged), (b"less", FileChanged), (BYTES[::-1], InvalidRequest)):
        path.write_bytes(BYTES)

        def progress(phase: str, *, done: int, total: int, change: bytes = change) -> None:
            if phase == "upload" and done == 0:
                path.write_bytes(change)

        with pytest.raises(error):
            await client.publish(path, NEW, progress=progress)
    assert fake.registry.packages == {}


async def test_a_busy_registry_is_asked_again_after_its_own_wait(
    client: RegistryClient, fake: Fake, stored: str
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    token = (await client.login(ADMIN, ADMIN_PASSWORD)).access_token
    busy = problem(503, "unavailable", **{"Retry-After": "7"})
    async with RegistryClient(fake.url, token, retries=Retries(sleep=sleep)) as patient:
        fake.server.faults += [
            Fault("GET", stored, reply=busy),
            Fault("GET", stored, reply=problem(429, "throttled", **{"Retry-After": "3"})),
            Fault("GET", stored, reply=problem(503, "unavailable")),
        ]
        assert (await patient.get(stored)).id == stored
        assert waits[:2] == [7.0, 3.0]
        assert 0.5 <= waits[2] <= 1.0

        fake.server.faults += [Fault("GET", stored, reply=busy)] * 4
        with pytest.raises(ServerFailed, match="not now"):
            await patient.get(stored)
        assert len(waits) == 3 + 3

        fake.server.faults.append(Fault("GET", stored, reply=problem(429, "throttled", **{"Retry-After": "3600"})))
        with pytest.raises(TooManyRequests):
            await patient.get(stored)
        assert len(waits) == 3 + 3


async def test_what_may_have_happened_is_not_done_again(client: RegistryClient, fake: Fake, stored: str) -> None:
    fake.server.faults += [
        Fault("PATCH", stored, reply=problem(503, "unavailable")),
        Fault("PATCH", stored, cut_after=10),
        Fault("PATCH", stored, reply=problem(429, "throttled")),
    ]
    with pytest.raises(ServerFailed):
        await client.update(stored, {"description": "x"})
    with pytest.raises(Unreachable):
        await client.update(stored, {"description": "x"})
    assert (await client.update(stored, {"description": "x"})).revision == 3
    assert len(fake.server.seen("PATCH", stored)) == 4


async def test_nobody_there_is_told_after_a_few_tries(client: RegistryClient) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with RegistryClient("http://127.0.0.1:1", "token", retries=Retries(sleep=sleep)) as lonely:
        with pytest.raises(Unreachable, match=r"No answer from http://127\.0\.0\.1:1"):
            await lonely.delete("an-id")
    assert len(waits) == 3
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    "reply",
    [
        (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"),
        (200, {"Content-Type": "application/json"}, b"[]"),
        (200, {"Content-Type": "application/json"}, b'{"id": 1}'),
        (200, {"Content-Type": "application/json"}, b"\xff"),
        (302, {"Location": "https://elsewhere.example.org/login"}, b""),
    ],
)
async def test_other_servers_are_recognised(
    client: RegistryClient, fake: Fake, stored: str, reply: tuple[int, dict[str, str], bytes]
) -> None:
    fake.server.faults.append(Fault("GET", stored, reply=reply))
    with pytest.raises(InvalidAnswer):
        await client.get(stored)


async def test_an_error_without_a_problem_document_is_told_by_its_status(
    client: RegistryClient, fake: Fake, stored: str
) -> None:
    page = (502, {"Content-Type": "text/html", "X-Request-Id": "proxy-1"}, b"<html>oops</html>")
    fake.server.faults.append(Fault("GET", stored, reply=page))
    with pytest.raises(ServerFailed, match=r"^Bad Gateway$") as caught:
        await client.get(stored)
    assert (caught.value.status, caught.value.slug, caught.value.request_id) == (502, "", "proxy-1")


async def test_not_ready_is_an_answer(fake: Fake) -> None:
    fake.registry.is_ready = False
    async with RegistryClient(fake.url, retries=QUICK) as client:
        readiness = await client.ready()
    assert not readiness.ready
    assert readiness.document["components"]["records"] == {"status": "failing"}
    assert len(fake.server.seen("GET", "/health/ready")) == 1
