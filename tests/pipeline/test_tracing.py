"""Traces of real crawls, sent to a collector on loopback that reads what came over the wire."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.propagate import extract
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from pipeline import tracing
from pipeline.collect.harvest import harvest_batch
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings
from pipeline.crawl.secrets import engine_environment
from pipeline.process.run import process_pending
from samples.sites import SampleSites

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TASK_ID = "b7ad6b7169203331"
UNSAMPLED = f"00-{TRACE_ID}-{TASK_ID}-00"
"""As Airflow hands it to a task where its own tracing is off."""


class Collector:
    """What arrived: paths, headers, and spans by name."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.spans: list[Span] = []
        self.services: set[str] = set()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """One request."""
        self.paths.add(path)
        self.headers.append(headers)
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(named["service.name"])
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]

    def one(self, name: str) -> Span:
        """The only span of a name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector, and an environment that names it."""
    received = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.take(self.path, dict(self.headers), body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret-of-the-collector")
    tracing._provider.cache_clear()
    yield received
    tracing._provider.cache_clear()
    server.shutdown()
    server.server_close()
    serving.join()


def values(span: Span) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value") for each in span.attributes
    }


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites) -> Settings:
    settings = replace(
        stored_settings,
        watchlist=ROOT / "samples" / "watchlist.yaml",
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    return settings


@pytest.mark.slow
def test_a_crawl_is_one_trace_from_its_task_to_its_deposit(collecting: Settings, collector: Collector) -> None:
    attached = context.attach(extract({"traceparent": UNSAMPLED}))
    try:
        batch = harvest_batch(collecting, ("oblsud",), on_progress=lambda _: None)
        with opened_archive(collecting) as archive:
            process_pending(archive)
    finally:
        context.detach(attached)

    (result,) = batch.results
    harvest, crawl, seal, deposit, process = map(collector.one, ("harvest", "crawl", "seal", "deposit", "process"))
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE_ID}
    assert harvest.parent_span_id.hex() == process.parent_span_id.hex() == TASK_ID
    assert crawl.parent_span_id == deposit.parent_span_id == harvest.span_id
    assert seal.parent_span_id == crawl.span_id
    ordered = [
        *(harvest.start_time_unix_nano, crawl.start_time_unix_nano, seal.start_time_unix_nano),
        *(seal.end_time_unix_nano, crawl.end_time_unix_nano, deposit.start_time_unix_nano),
        *(deposit.end_time_unix_nano, harvest.end_time_unix_nano, process.start_time_unix_nano),
    ]
    assert ordered == sorted(ordered)
    counted = values(crawl)
    assert counted["letapis.crawl_id"] == result.report.crawl_id
    assert (counted["letapis.source"], counted["letapis.pages"]) == ("oblsud", result.report.pages)
    assert counted["letapis.pages_content"] == result.report.outcomes["content"]
    assert values(deposit)["letapis.captures"] == result.captures
    assert values(seal)["letapis.files"] == len(result.report.files)
    assert values(process)["letapis.files"] == 1
    assert collector.paths == {"/v1/traces"}
    assert collector.services == {"letapis"}
    assert collector.headers[0]["authorization"] == "secret-of-the-collector"
    assert not any(b"pryklad.example" in body or b"sud_delo" in body for body in collector.bodies), "no addresses"


def test_an_error_is_named_by_its_class_alone(collector: Collector) -> None:
    with pytest.raises(ValueError, match="secret"), tracing.task_span("task"):
        raise ValueError("https://secret.example/?token=1")
    task = collector.one("task")
    assert task.status.code == Status.STATUS_CODE_ERROR
    assert values(task) == {"error.type": "ValueError"}
    assert task.events == []
    assert not any(b"secret.example" in body for body in collector.bodies)


def test_a_collector_that_is_away_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(tracing, "FLUSH_S", 0.1)
    tracing._provider.cache_clear()
    with tracing.task_span("task") as step:
        step.note(pages=1)
    tracing._provider.cache_clear()


@pytest.mark.parametrize(
    "environment", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}]
)
def test_without_a_collector_nothing_of_it_is_loaded(environment: dict[str, str]) -> None:
    program = (
        "import sys\nfrom pipeline.tracing import task_span\nwith task_span('task') as step:\n    step.note(a=1)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "[]\n"


def test_engines_are_not_shown_how_to_reach_the_collector(collector: Collector) -> None:
    assert [name for name in engine_environment() if name.startswith("OTEL_")] == []
