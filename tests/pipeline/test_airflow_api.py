"""Airflow's API as a busy one answers it: late, not at all, or after the work is done; nothing is done twice."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import pipeline.airflow_api as airflow_api
from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
from pipeline.airflow_old_words import RemovedWords, remove_runs
from pipeline.collect.airflow_run import follow_harvest
from pipeline.config.settings import AirflowAccess
from tests.airflow_requests import patch

pytestmark = pytest.mark.slow


@dataclass
class BusyServer:
    """Keeps runs as Airflow does, each id once; the next answers are spoiled as ``spoil`` says."""

    url: str = ""
    spoil: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/auth/token":
            return 201, {"access_token": "token"}
        if method == "POST" and path.endswith("/dagRuns"):
            if body["dag_run_id"] in self.runs:
                return 409, {"detail": "there already"}
            self.runs.append(body["dag_run_id"])
            return 200, {"dag_run_id": body["dag_run_id"]}
        if method == "PATCH":
            return 200, {}
        if path.endswith("/taskInstances?limit=1000"):
            return 200, {"task_instances": []}
        return 200, {"state": "success", "dags": [{"dag_id": "harvest"}]}


def handler_of(server: BusyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.requests.append(f"{self.command} {self.path}")
            spoiled = server.spoil.pop(0) if server.spoil else "no"
            if spoiled == "refused":
                self.close_connection = True
                return
            status, answer = server.answer(self.command, self.path, json.loads(body or b"{}"))
            if spoiled == "late":
                server.released.wait(60)  # longer than the client waits
            if spoiled.isdecimal():
                status, answer = int(spoiled), {"detail": "later"}
            text = json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for
        do_PATCH = do_GET  # noqa: N815 - as above

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr."""

    return Handler


@pytest.fixture
def server() -> Iterator[BusyServer]:
    kept = BusyServer()
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(kept))
    listening.daemon_threads = True
    kept.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield kept
    kept.released.set()
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def connected(server: BusyServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A session that is logged in, and waits only briefly for an answer."""
    monkeypatch.setattr(airflow_api, "FIRST_PAUSE_S", 0.01)

    @contextmanager
    def session(**more: Any) -> Iterator[AirflowApi]:
        access = AirflowAccess(server.url, "admin", "password")
        with AirflowApi(access, request_s=1.0, **more) as api:
            api.known_dags()
            server.requests.clear()
            yield api

    return session


def test_an_airflow_that_has_read_no_dag_yet_has_no_run_to_remove(
    server: BusyServer, connected: Callable[..., Any]
) -> None:
    with connected() as api:
        server.spoil += ["404"]
        assert remove_runs(api) == RemovedWords((), ())
        server.spoil += ["403"]
        with pytest.raises(AirflowRefused, match=r"refused to list runs of archive_url \(403\)"):
            remove_runs(api)


@pytest.mark.parametrize("spoiled", ["late", "refused", "500", "502", "503", "504"])
def test_a_question_is_asked_again_until_it_is_answered(
    server: BusyServer, connected: Callable[..., Any], spoiled: str
) -> None:
    said: list[str] = []
    with connected(on_progress=said.append) as api:
        server.spoil += [spoiled, spoiled]

        assert api.known_dags() == {"harvest"}

    assert len(server.requests) == 3
    assert len(said) == 1


@pytest.mark.parametrize("spoiled", ["late", "refused", "503"])
def test_a_run_is_started_once_however_often_it_has_to_be_said(
    server: BusyServer, connected: Callable[..., Any], spoiled: str
) -> None:
    with connected() as api:
        server.spoil += [spoiled]

        run_id = api.trigger("harvest", {})

    assert server.runs == [run_id]
    assert [line for line in server.requests if line.startswith("POST")] == [
        "POST /api/v2/dags/harvest/dagRuns"
    ] * 2


def test_two_runs_have_two_ids(server: BusyServer, connected: Callable[..., Any]) -> None:
    with connected() as api:
        assert api.trigger("harvest", {}) != api.trigger("harvest", {})

    assert len(server.runs) == 2


def test_what_may_do_something_twice_is_said_once(server: BusyServer, connected: Callable[..., Any]) -> None:
    with connected() as api:
        server.spoil += ["503"]
        with pytest.raises(AirflowRefused, match="refused to mark it"):
            patch(api, "/api/v2/dags/x", {}, what="mark it")

    assert server.requests == ["PATCH /api/v2/dags/x"]


def test_a_refusal_is_an_answer_and_is_not_asked_again(server: BusyServer, connected: Callable[..., Any]) -> None:
    with connected() as api:
        server.spoil += ["404"]
        with pytest.raises(AirflowRefused, match=r"refused to show harvest x \(404\): later"):
            api.run_state("harvest", "x")

    assert len(server.requests) == 1


def test_one_late_answer_does_not_end_the_following_of_a_harvest(
    server: BusyServer, connected: Callable[..., Any]
) -> None:
    with connected() as api:
        server.spoil += ["late", "refused", "500"]

        assert follow_harvest(api, "x", on_progress=lambda _: None) == "success"


def test_patience_ends_in_words(server: BusyServer, connected: Callable[..., Any]) -> None:
    with connected(patience_s=0.05) as api:
        server.spoil += ["refused"] * 100
        with pytest.raises(AirflowUnreachable, match=r"Airflow does not answer at http://127\.0\.0\.1"):
            api.known_dags()

    assert len(server.requests) > 1
