"""Traces: requests with their store calls, jobs, the context in and out; and nothing at all while they are off."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from registry.telemetry.tracing import Tracing
from tests.api.server import server_environment, start_server
from tests.api.support import eventually, log_in, publish
from tests.engines.imitating import Imitation, serving

TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


@dataclass(slots=True)
class Collector:
    """Receives OTLP over HTTP as a collector does."""

    url: str
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    def named(self, name: str, trace_id: str | None = None) -> list[Span]:
        return [span for span in list(self.spans) if span.name == name and trace_id in (None, span.trace_id.hex())]

    def receive(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            }
            for scope in resource.scope_spans:
                self.spans += scope.spans


@contextmanager
def running_collector() -> Iterator[Collector]:
    class Handler(Imitation):
        def do_POST(self) -> None:
            body = self.read_body()
            good = (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            if good:
                collector.receive(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.respond(200 if good else 404, answer, "application/x-protobuf")

    with serving(Handler) as url:
        collector = Collector(url)
        yield collector


def test_requests_store_calls_and_jobs_are_traced(tmp_path: Path) -> None:
    with running_collector() as collector:
        settings = {"REGISTRY_OTLP_URL": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        server = start_server(server_environment(tmp_path / "data", **settings))
        try:
            with log_in(server.url, server.admin_name, server.admin_password).client as client:
                package = publish(client, b"bytes")
                answer = client.get("/packages", headers={"traceparent": TRACEPARENT})
                assert answer.status_code == 200
                head = client.head(f"/package/{package['id']}/content", headers={"traceparent": TRACEPARENT})
                assert head.status_code == 200
                assert client.get(f"/package/{package['id']}/rate", params={"wait": 30}).status_code == 200
                eventually(lambda: collector.named("GET /packages", TRACE_ID) != [])
                eventually(lambda: collector.named("job rating") != [])
        finally:
            server.stop()  # the last spans are sent
        (request,) = collector.named("GET /packages", TRACE_ID)
        assert (request.parent_span_id.hex(), request.kind) == (PARENT_ID, Span.SPAN_KIND_SERVER)
        (headed,) = collector.named("HEAD /package/{package_id}/content", TRACE_ID)
        found = {each.key: each.value.string_value for each in headed.attributes}
        assert found["http.request.method"] == "HEAD"
        assert found["registry.request_id"] == head.headers["x-request-id"]
        attributes = {each.key: each.value for each in request.attributes}
        assert attributes["http.route"].string_value == "/packages"
        assert attributes["http.response.status_code"].int_value == 200
        assert attributes["registry.request_id"].string_value == answer.headers["x-request-id"]
        calls = [span for span in collector.spans if span.parent_span_id == request.span_id]
        assert calls, "its store calls are its children"
        assert all(span.name.split()[0] in ("records", "blobs", "cache") for span in calls)
        assert all(request.start_time_unix_nano <= call.end_time_unix_nano for call in calls)
        job = collector.named("job rating")[0]
        assert [span for span in collector.spans if span.parent_span_id == job.span_id]
        assert collector.services == {"registry-api"}
        assert package["id"] not in " ".join(span.name for span in collector.spans)


async def test_the_context_goes_out_with_requests_to_others() -> None:
    with running_collector() as collector:
        tracing = Tracing(collector.url, service="test", version="0")
        sent: list[httpx.Headers] = []

        async def answer(request: httpx.Request) -> httpx.Response:
            sent.append(request.headers)
            return httpx.Response(200)

        async def call(_subject: str) -> None:
            hooks = {"request": [tracing.send_context]}
            async with httpx.AsyncClient(transport=httpx.MockTransport(answer), event_hooks=hooks) as client:
                await client.get("https://example.org/")

        await tracing.job("call", call)("x")
        tracing.close()
        (span,) = collector.named("job call")
        version, trace_id, parent_id, flags = sent[0]["traceparent"].split("-")
        assert (version, trace_id, parent_id) == ("00", span.trace_id.hex(), span.span_id.hex())
        assert int(flags, 16) & 1, "sampled"
        tracing.observe("records", "get", 0.1, "ok")
        assert len(collector.spans) == 1, "a call of no request and no job is none"


async def test_a_failed_call_is_an_error() -> None:
    with running_collector() as collector:
        tracing = Tracing(collector.url, service="test", version="0")

        async def call(_subject: str) -> None:
            tracing.observe("blobs", "open", 0.5, "unavailable")

        await tracing.job("call", call)("x")
        tracing.close()
        (span,) = collector.named("blobs open")
        assert span.status.code == 2
        assert 0.49e9 < span.end_time_unix_nano - span.start_time_unix_nano < 0.51e9


def test_nothing_of_opentelemetry_is_imported_while_it_is_off() -> None:
    program = (
        "import sys; from registry.app import create_app; from registry.settings import Settings; "
        "create_app(Settings(_env_file=None)); print([n for n in sys.modules if n.startswith('opentelemetry.sdk')"
        " or n == 'registry.telemetry.tracing'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("url", ["ftp://x", "localhost:4318"])
def test_a_wrong_address_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.settings import SettingsError, load_settings

    monkeypatch.setenv("REGISTRY_OTLP_URL", url)
    with pytest.raises(SettingsError, match="REGISTRY_OTLP_URL"):
        load_settings()
