"""Requests that are refused before a route sees them: heads that are too large, too slow, or ambiguous."""

import contextlib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.raw_http import Answer, all_answers, connection, exchange, head, read_answer
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import Person, connect, log_in, publish


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose patience with slow clients is short."""
    settings = {
        "REGISTRY_HEAD_SECONDS": "1",
        "REGISTRY_KEEP_ALIVE_SECONDS": "1",
        "REGISTRY_UPLOAD_IDLE_SECONDS": "1",
        "REGISTRY_RESPONSE_IDLE_SECONDS": "1",
        "REGISTRY_MAX_CONNECTIONS": "40",
    }
    running = start_server(server_environment(tmp_path_factory.mktemp("hasty") / "data", **settings))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def chief(hasty: RunningServer) -> Iterator[Person]:
    person = log_in(hasty.url, hasty.admin_name, hasty.admin_password)
    with person.client:
        yield person


def all_at_once(url: str, pieces: list[bytes]) -> list[list[Answer]]:
    """What each connection gets that sends a piece and nothing more; they wait together."""
    with ThreadPoolExecutor(len(pieces)) as pool:
        return list(pool.map(lambda data: all_answers(url, data), pieces))


def refused(answer: Answer | None, status: int) -> Answer:
    assert answer is not None, "the connection was closed without a response"
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document = answer.document
    assert (document["status"], document["request_id"]) == (status, answer.headers["x-request-id"])
    assert all(document[member] for member in ("type", "title", "detail", "instance"))
    return answer


@pytest.mark.parametrize("pause", [0.0, 0.05])
@pytest.mark.parametrize(
    "fields",
    [
        ["A: " + "x" * 70_000],
        [f"A{n}: {'x' * 1000}" for n in range(100)],
        ["A: " + "x" * 700_000],
        ["x" * 70_000 + ": a"],
    ],
    ids=["long", "many", "huge", "name"],
)
def test_a_head_over_64_kib_is_431(hasty: RunningServer, fields: list[str], pause: float) -> None:
    data = head("GET", "/health", *fields)
    pieces = [data[place : place + 60_000] for place in range(0, len(data), 60_000)] if pause else [data]
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        refused(exchange(hasty.url, *pieces, pause=pause), 431)


def test_a_head_that_never_ends_is_431_before_it_takes_memory(hasty: RunningServer) -> None:
    answer = exchange(hasty.url, head("GET", "/health")[:-2] + b"A: " + b"x" * 66_000)
    refused(answer, 431)


def test_a_head_of_60_kib_is_good(hasty: RunningServer) -> None:
    answer = exchange(hasty.url, head("GET", "/health", *(f"A{n}: {'x' * 1000}" for n in range(59))))
    assert answer is not None
    assert answer.status == 200


def test_more_than_128_fields_are_431(hasty: RunningServer) -> None:
    refused(exchange(hasty.url, head("GET", "/health", *(f"A{n}: x" for n in range(128)))), 431)


@pytest.mark.parametrize(
    "target", ["/package/" + "x" * 8200, "/packages?name=" + "x" * 8200, "/packages?name=" + "x" * 90_000]
)
def test_a_target_over_8_kib_is_414(hasty: RunningServer, target: str) -> None:
    answer = refused(exchange(hasty.url, head("GET", target)), 414)
    assert len(answer.body) < 2000


def test_a_target_of_8_kib_reaches_its_route(hasty: RunningServer) -> None:
    answer = exchange(hasty.url, head("GET", "/health?" + "x" * 8000))
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET /health HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (head("GET", "/package/\xff"), 400),
        (head("BREW", "/pot"), 501),
        (b"GET /health\r\n\r\n", 400),
        (b"GET /health HTTP/3.0\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (head("POST", "/package", "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
        (head("POST", "/package", "Content-Length: 3", "Content-Length: 4") + b"abc", 400),
        (head("POST", "/package", "Content-Length: -1"), 400),
        (head("POST", "/package", "Content-Length: 99999999999999999999"), 400),
        (head("POST", "/package", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", 501),
        (head("POST", "/package", "Transfer-Encoding: chunked", version="1.0") + b"0\r\n\r\n", 400),
        (head("GET", "/health", "A\0: b"), 400),
        (head("GET", "/health", "A: b\0"), 400),
        (head("GET", "/health", "A : b"), 400),
        (head("GET", "/health", "A: b\r\n folded"), 400),
        (b"GET /health HTTP/1.1\nHost: a\n\n", 400),
    ],
)
def test_what_two_parsers_could_read_in_two_ways_is_refused(hasty: RunningServer, data: bytes, status: int) -> None:
    refused(exchange(hasty.url, data), status)


@pytest.mark.parametrize(
    "data",
    [
        b"GET /health HTTP/1.0\r\n\r\n",
        head("GET", "/health", host="registry.test:8000"),
        head("GET", "/health", host="[::1]:8000"),
        head("GET", "http://registry.test/health"),
        b"\r\n\r\n" + head("GET", "/health"),
        head("GET", "/health", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAA"),
    ],
)
def test_unusual_heads_that_are_good(hasty: RunningServer, data: bytes) -> None:
    answer = exchange(hasty.url, data)
    assert answer is not None
    assert answer.status == 200, answer


def test_a_silent_connection_is_closed_without_a_response(hasty: RunningServer) -> None:
    assert exchange(hasty.url) is None
    assert exchange(hasty.url, b"\r\n") is None


def test_a_connection_that_is_silent_after_its_response_is_closed(hasty: RunningServer) -> None:
    began = time.monotonic()
    (answer,) = all_answers(hasty.url, head("GET", "/health"))
    assert answer.status == 200
    assert time.monotonic() - began < 5


def test_a_head_that_stalls_is_408(hasty: RunningServer) -> None:
    parts = [b"G", b"GET /health HTTP/1.1\r\n", head("GET", "/health")[:-2]]
    began = time.monotonic()
    for answers in all_at_once(hasty.url, parts):
        assert len(answers) == 1
        refused(answers[0], 408)
    assert time.monotonic() - began < 5


def test_a_head_that_comes_in_drops_is_408(hasty: RunningServer) -> None:
    with connection(hasty.url) as line:
        with contextlib.suppress(OSError):
            for byte in head("GET", "/health", "A: " + "x" * 200):
                line.sendall(bytes([byte]))
                time.sleep(0.05)
        with line.makefile("rb") as stream:
            refused(read_answer(stream), 408)


def test_a_body_that_stalls_is_ended_on_every_route(hasty: RunningServer, chief: Person) -> None:
    fields = ["Content-Length: 100", "Content-Type: application/json"]
    token = f"Authorization: Bearer {chief.token}"
    expected = {
        head("POST", "/package", *fields): 401,
        head("POST", "/package", *fields, token): 408,
        head("PUT", "/authenticate", *fields): 408,
        head("PATCH", "/package/0", *fields, token): 408,
        head("DELETE", "/reset", *fields): 401,
        head("POST", "/nowhere", *fields): 404,
        head("GET", "/health", *fields): 200,
        head("GET", "/packages", *fields, token): 200,
    }
    found = all_at_once(hasty.url, [start + b"{" for start in expected])
    assert [[answer.status for answer in answers] for answers in found] == [[status] for status in expected.values()]


def test_endless_trailers_are_refused_and_are_no_headers(hasty: RunningServer) -> None:
    chunked = (
        head("PUT", "/authenticate", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"1\r\n{\r\n"
    )
    refused(exchange(hasty.url, chunked + b"0\r\n" + b"A: x\r\n" * 200), 431)
    for endless in (b"0\r\nA: ", b"5;"):
        refused(exchange(hasty.url, chunked, endless + b"x" * 70_000, pause=0.05), 431)


def test_trailers_do_not_authenticate(hasty: RunningServer, chief: Person) -> None:
    chunked = (
        head("POST", "/package", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n"
    )
    answer = exchange(hasty.url, chunked + f"Authorization: Bearer {chief.token}\r\n\r\n".encode())
    assert answer is not None
    assert answer.status == 401


def test_pipelined_requests_are_answered_in_order_and_before_a_refusal(hasty: RunningServer) -> None:
    good = head("GET", "/health") + head("GET", "/nowhere")
    assert [answer.status for answer in all_answers(hasty.url, good + head("BREW", "/pot"))] == [200, 404, 501]
    broken_body = (
        head("PUT", "/authenticate", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"zz\r\n"
    )
    assert [answer.status for answer in all_answers(hasty.url, good + broken_body)] == [200, 404, 400]


def test_a_flood_of_pipelined_requests_is_cut(hasty: RunningServer) -> None:
    answers = all_answers(hasty.url, head("GET", "/health") * 2000)
    assert 1 <= len(answers) < 50
    assert {answer.status for answer in answers} == {200}


def test_a_client_that_never_reads_is_cut(hasty: RunningServer, chief: Person) -> None:
    package = publish(chief.client, bytes(40_000_000))
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, _, port = hasty.url.removeprefix("http://").partition(":")
        line.connect((host, int(port)))
        line.settimeout(20)
        path = f"/package/{package['id']}/content"
        line.sendall(head("GET", path, f"Authorization: Bearer {chief.token}"))
        time.sleep(3)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while data := line.recv(1_000_000):
                received += len(data)
        assert received < 40_000_000


def test_silent_connections_give_way_to_new_ones(hasty: RunningServer) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(100):
            line = stack.enter_context(connection(hasty.url))
            line.sendall(b"GET /health HTTP/1.1\r\n"[: number % 20])
        with connect(hasty.url) as client:
            assert client.get("/health").status_code == 200


def test_no_100_before_the_token_is_checked(hasty: RunningServer) -> None:
    fields = ["Content-Type: application/json", "Content-Length: 10", "Expect: 100-continue"]
    answers = all_answers(hasty.url, head("POST", "/package", *fields))
    assert [answer.status for answer in answers] == [401]
    assert answers[0].headers["connection"] == "close"
