"""Ports: two stacks never choose the same one, and a program that took one gets no secret."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.airflow_api import AirflowApi, AirflowForeign
from pipeline.config.settings import AirflowAccess, Settings
from pipeline.devstack.airflow_port import PREFERRED_PORT, reserve_port
from pipeline.devstack.ports import ReservedPort, free_ports, is_free
from pipeline.devstack.stack import Stack
from pipeline.supervise.listeners import ForeignListener, own_listener
from pipeline.supervise.processes import ServiceError

CHOOSE = """
import sys
from pipeline.devstack.airflow_port import reserve_port
print("ready", flush=True)
sys.stdin.readline()
held = reserve_port(None)
print(held.port, flush=True)
sys.stdin.readline()
"""
"""As `letapis up` chooses Airflow's port: at the word, and held until the other end of the pipe is closed."""

SECRET = "not-for-others"


def test_stacks_that_start_at_the_same_moment_choose_different_ports() -> None:
    stacks = [
        subprocess.Popen([sys.executable, "-c", CHOOSE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [stack.stdout.readline() for stack in stacks if stack.stdout is not None] == ["ready\n"] * 4
    for stack in stacks:
        assert stack.stdin is not None
        stack.stdin.write("now\n")
        stack.stdin.flush()
    ports = [stack.stdout.readline() for stack in stacks if stack.stdout is not None]
    for stack in stacks:
        stack.communicate()

    assert len(set(ports)) == len(ports) == 4
    assert all(int(port) for port in ports)


def test_a_held_port_is_nobody_elses_until_it_is_given_back() -> None:
    held = ReservedPort.take_any()

    assert ReservedPort.take(held.port) is None
    assert not is_free(held.port)
    with pytest.raises(OSError, match="fewer than 1 free"):
        free_ports(1, within=range(held.port, held.port + 1))
    held.release()
    assert is_free(held.port)


HOLD_AS_ANOTHER_USER = """
import os, sys
from pipeline.devstack.ports import ReservedPort
os.setgid(65534)
os.setuid(65534)
held = ReservedPort.take_any()
print(held.port, flush=True)
sys.stdin.readline()
"""


@pytest.mark.root
def test_a_port_that_another_user_holds_is_held() -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD_AS_ANOTHER_USER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    port = int(other.stdout.readline())

    assert ReservedPort.take(port) is None
    other.communicate()
    assert is_free(port)


def test_a_port_on_which_a_program_listens_is_not_held() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert ReservedPort.take(other.getsockname()[1]) is None


def test_the_second_stack_does_not_take_the_port_that_the_first_has_chosen_and_not_yet_opened() -> None:
    first = reserve_port(None)
    second = reserve_port(None)
    try:
        assert first.port != second.port
        assert second.port != PREFERRED_PORT
    finally:
        first.release()
        second.release()


def test_a_busy_port_is_named_before_anything_starts(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        busy = Settings(data=settings.data, airflow_port=port)
        with pytest.raises(ServiceError, match=rf"Port {port} \(LETAPIS_AIRFLOW_PORT\) is taken: process \d+, "):
            Stack(busy).start_storage()

    assert not (settings.data / "store").exists()
    assert not (settings.data / "postgres").exists()
    assert not settings.stack_file.exists()


@dataclass
class RecordingServer:
    """Another stack's Airflow, so to speak: it answers everything, and keeps what it was sent."""

    port: int
    received: list[str] = field(default_factory=list)


@pytest.fixture
def recording() -> Iterator[RecordingServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            kept.received.append(f"{self.requestline}\n{self.headers}\n{body}")
            answer = json.dumps({"access_token": "x", "dag_run_id": "x", "pools": [], "dags": []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - the name that the base class looks for

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept = RecordingServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stack_process() -> Iterator[int]:
    """A process that stands for a stack: the recording server is not below it."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate()


def test_a_foreign_server_on_the_port_gets_no_password(recording: RecordingServer, stack_process: int) -> None:
    access = AirflowAccess(f"http://127.0.0.1:{recording.port}", "admin", SECRET, stack_process=stack_process)

    with AirflowApi(access) as api:
        for ask in (api.known_dags, api.health, lambda: api.trigger("harvest", {})):
            with pytest.raises(AirflowForeign, match=r"does not belong to this stack \(process \d+.*no password"):
                ask()

    assert recording.received == []


def test_the_same_server_is_spoken_to_where_the_operator_names_it(recording: RecordingServer) -> None:
    access = AirflowAccess(f"http://127.0.0.1:{recording.port}", "admin", SECRET)

    with AirflowApi(access) as api:
        api.known_dags()

    assert SECRET in recording.received[0]


def test_a_server_that_changes_hands_while_it_is_spoken_to_gets_no_token(
    recording: RecordingServer, stack_process: int
) -> None:
    access = AirflowAccess(f"http://127.0.0.1:{recording.port}", "admin", SECRET, stack_process=stack_process)

    with AirflowApi(access) as api:
        api._token = "a token of the server that was there before"
        api._known_listener = frozenset({"1"})
        with pytest.raises(AirflowForeign):
            api.known_dags()

    assert recording.received == []


LISTEN_BELOW = """
import socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
input()
"""


def test_a_server_below_the_stacks_process_is_its_own_however_deep() -> None:
    deep = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LISTEN_BELOW!r}])"
    stack = subprocess.Popen(
        [sys.executable, "-c", deep], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert stack.stdout is not None
        port = int(stack.stdout.readline())

        assert own_listener(port, stack.pid)
        with pytest.raises(ForeignListener, match=rf"Port {port} is held by a program .*process \d+, "):
            own_listener(port, other.pid)
    finally:
        stack.communicate()
        other.communicate()

    assert own_listener(port, stack.pid) == frozenset()
