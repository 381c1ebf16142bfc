"""What the server protocol and the request cycle use of uvicorn's and httptools' inside: a change there fails here."""

import inspect

import httptools
import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess

METHODS = [
    "connection_made",
    "connection_lost",
    "data_received",
    "on_message_begin",
    "on_url",
    "on_header",
    "on_headers_complete",
    "on_body",
    "on_message_complete",
    "on_response_complete",
    "resume_writing",
    "shutdown",
    "_start_asgi_task",
]
ATTRIBUTES = [
    "loop",
    "parser",
    "transport",
    "flow",
    "pipeline",
    "headers",
    "expect_100_continue",
    "cycle",
    "server_state",
    "app_state",
    "tasks",
    "app",
    "logger",
    "access_logger",
    "root_path",
    "scope",
]
CYCLE = [
    "disconnected",
    "keep_alive",
    "waiting_for_100_continue",
    "message_event",
    "response_started",
    "response_complete",
]


@pytest.mark.parametrize("name", METHODS)
def test_the_protocol_has_the_method(name: str) -> None:
    assert inspect.isfunction(getattr(HttpToolsProtocol, name, None)), f"uvicorn's protocol has no {name} any more"


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_the_protocol_sets_the_attribute(name: str) -> None:
    assert f"self.{name}" in inspect.getsource(HttpToolsProtocol.__init__), (
        f"uvicorn's protocol sets no {name} any more"
    )


@pytest.mark.parametrize("name", CYCLE)
def test_a_request_has_the_attribute(name: str) -> None:
    source = inspect.getsource(RequestResponseCycle.__init__)
    assert f"self.{name}" in source, f"uvicorn's request cycle sets no {name} any more"


def test_the_protocol_is_asked_for_each_message() -> None:
    """The overridden callbacks stand for all that the original ones do."""
    on_header = inspect.getsource(HttpToolsProtocol.on_header)
    assert "self.headers.append((name, value))" in on_header
    assert len(on_header.splitlines()) == 5, "uvicorn's on_header does more than BoundedProtocol.on_header does"
    assert len(inspect.getsource(HttpToolsProtocol.on_url).splitlines()) == 2
    completed = inspect.getsource(HttpToolsProtocol.on_response_complete).splitlines()
    statements = [line for line in completed if line.strip() and not line.strip().startswith("#")]
    assert len(statements) == 13, "uvicorn's on_response_complete does more than BoundedProtocol's does"
    for method, lines in (
        (HttpToolsProtocol.on_headers_complete, 45),
        (HttpToolsProtocol.on_message_complete, 5),
        (RequestResponseCycle.send, 80),
    ):
        found = [line for line in map(str.strip, inspect.getsource(method).splitlines()) if line and line[0] != "#"]
        assert len(found) == lines, f"uvicorn's {method.__name__} does more than the registry's does"
    received = inspect.getsource(HttpToolsProtocol.data_received)
    assert "self.parser.feed_data(data)" in received


def test_flow_control_tells_whether_reading_is_paused() -> None:
    assert "self.read_paused" in inspect.getsource(FlowControl.__init__)


def test_an_error_of_a_callback_comes_with_its_cause() -> None:
    class Broken:
        def on_url(self, url: bytes) -> None:
            raise LookupError(url)

    with pytest.raises(httptools.HttpParserError) as raised:
        httptools.HttpRequestParser(Broken()).feed_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert isinstance(raised.value.__context__, LookupError)


def test_the_supervisor_has_what_the_registry_s_own_uses() -> None:
    source = inspect.getsource(Multiprocess)
    for used in ("self.sockets = sockets", "self.signal_queue", "self.processes", "def join_all(self)"):
        assert used in source, f"uvicorn's supervisor has no {used} any more"
    run = inspect.getsource(Multiprocess.run)
    assert run.index("self.terminate_all()") < run.index("self.join_all()")
