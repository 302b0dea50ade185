"""By what an Airflow that runs and does no work is known: a lost worker, a heartbeat that stands still."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.config.settings import AirflowAccess
from pipeline.devstack.airflow_watch import (
    LONGEST_WAIT_S,
    LOOK_EVERY_S,
    QUEUED_S,
    SILENT_S,
    Heartbeats,
    LostWorkers,
    QueuedTasks,
    end_workers,
    workers_of,
)
from pipeline.supervise.processes import children_of

WORKER = """
import subprocess, sys, time
if "busy" in sys.argv:
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
print("up", flush=True)
time.sleep(600)
"""

SCHEDULER = f"""
import subprocess, sys, time
for kind in sys.argv[1:]:
    worker = [sys.executable, "-S", "-c", {WORKER!r}, "LocalExecutor", kind]
    subprocess.Popen(worker, stdout=subprocess.PIPE, text=True).stdout.readline()
print("up", flush=True)
time.sleep(600)
"""


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def scheduler_with(*workers: str) -> "subprocess.Popen[str]":
    started = subprocess.Popen(
        [sys.executable, "-S", "-c", SCHEDULER, *workers], stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "up\n"
    return started


def end(scheduler: "subprocess.Popen[str]") -> None:
    for worker in children_of(scheduler.pid):
        for task in children_of(worker):
            os.kill(task, signal.SIGKILL)
        os.kill(worker, signal.SIGKILL)
    scheduler.kill()
    scheduler.communicate()


@pytest.fixture
def idle() -> "Iterator[subprocess.Popen[str]]":
    scheduler = scheduler_with("idle", "idle")
    yield scheduler
    end(scheduler)


@pytest.fixture
def half_busy() -> "Iterator[subprocess.Popen[str]]":
    scheduler = scheduler_with("busy", "idle")
    yield scheduler
    end(scheduler)


def eventually(ask: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not ask():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_workers_that_stand_are_no_reason(idle: "subprocess.Popen[str]") -> None:
    workers = LostWorkers()

    assert [workers.must_restart(os.getpid()) for _ in range(3)] == [False] * 3


def test_after_a_worker_was_lost_an_idle_scheduler_starts_anew_at_once(idle: "subprocess.Popen[str]") -> None:
    workers = LostWorkers()
    workers.must_restart(os.getpid())

    os.kill(children_of(idle.pid)[0], signal.SIGKILL)

    assert eventually(lambda: workers.must_restart(os.getpid()))


def test_running_tasks_are_waited_for_but_not_for_ever(half_busy: "subprocess.Popen[str]") -> None:
    clock = Clock()
    workers = LostWorkers(clock)
    workers.must_restart(os.getpid())
    busy, idle = sorted(children_of(half_busy.pid), key=lambda pid: not children_of(pid))

    os.kill(idle, signal.SIGKILL)
    assert eventually(lambda: len(workers_of(os.getpid())) == 1)

    assert not workers.must_restart(os.getpid())
    clock.now += LONGEST_WAIT_S
    assert not workers.must_restart(os.getpid())
    clock.now += 1
    assert workers.must_restart(os.getpid())
    assert busy in children_of(half_busy.pid)


def test_a_new_scheduler_is_not_blamed_for_the_workers_of_the_one_before(idle: "subprocess.Popen[str]") -> None:
    workers = LostWorkers()
    workers.must_restart(os.getpid())
    end_workers(os.getpid())
    assert eventually(lambda: workers.must_restart(os.getpid()))

    assert not workers.must_restart(os.getppid())  # another keeper, with other workers below it


def test_a_scheduler_that_ended_by_itself_is_not_one_that_lost_a_worker() -> None:
    scheduler = scheduler_with("idle")
    workers = LostWorkers()
    workers.must_restart(os.getpid())

    end(scheduler)

    assert not workers.must_restart(os.getpid())


def test_a_queue_that_stands_is_a_sign_for_as_long_as_it_stands(half_busy: "subprocess.Popen[str]") -> None:
    clock = Clock()
    workers = LostWorkers(clock)

    assert not workers.must_restart(os.getpid(), queue_stuck=True)
    clock.now += LONGEST_WAIT_S + 1
    assert not workers.must_restart(os.getpid(), queue_stuck=False)
    assert not workers.must_restart(os.getpid(), queue_stuck=True)
    clock.now += LONGEST_WAIT_S + 1
    assert workers.must_restart(os.getpid(), queue_stuck=True)


@dataclass
class HealthPage:
    """What Airflow says of its health and of its queue, as the test changes it."""

    url: str = ""
    status: int = 200
    database: str = "healthy"
    beats: dict[str, str | None] = field(default_factory=dict)
    queued: list[str] = field(default_factory=list)

    def body(self, path: str) -> bytes:
        if path == "/auth/token":
            return b'{"access_token": "token"}'
        if "state=queued" in path:
            tasks = [{"id": task, "try_number": 1} for task in self.queued]
            return json.dumps({"task_instances": tasks}).encode()
        parts = {name: {f"latest_{name}_heartbeat": at} for name, at in self.beats.items()}
        return json.dumps({"metadatabase": {"status": self.database}} | parts).encode()


@pytest.fixture
def page() -> Iterator[HealthPage]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = shown.body(self.path)
            self.send_response(shown.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    names = ("scheduler", "dag_processor", "triggerer")
    shown = HealthPage(url=f"http://127.0.0.1:{server.server_port}", beats=dict.fromkeys(names, beat(0)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield shown
    server.shutdown()
    thread.join()
    server.server_close()


def beat(minute: int) -> str:
    return f"2026-11-29T02:{minute:02}:00+00:00"


@dataclass
class Looking:
    """The supervisor's looks, one minute after the other."""

    page: HealthPage
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.heartbeats = Heartbeats(AirflowAccess(self.page.url, "admin", "password"), self.clock)

    def minutes(self, count: int) -> list[str]:
        """Names that one of the looks found silent."""
        found: list[str] = []
        for _ in range(count):
            self.clock.now += 60
            found += self.heartbeats.unresponsive()
        return found


MINUTES = int(SILENT_S // 60)


def test_components_that_beat_are_left_alone(page: HealthPage) -> None:
    looking = Looking(page)
    for minute in range(3 * MINUTES):
        page.beats = dict.fromkeys(page.beats, beat(minute))
        assert looking.minutes(1) == []


def test_the_component_whose_heartbeat_stands_still_is_named(page: HealthPage) -> None:
    looking = Looking(page)
    found = []
    for minute in range(MINUTES + 2):
        page.beats = {**dict.fromkeys(page.beats, beat(minute)), "dag_processor": beat(0)}
        found += looking.minutes(1)

    assert found == ["dag-processor"]


def test_a_component_that_was_started_again_gets_its_time_anew(page: HealthPage) -> None:
    looking = Looking(page)
    assert set(looking.minutes(MINUTES + 2)) == {"scheduler", "dag-processor", "triggerer"}
    for name in ("scheduler", "dag-processor", "triggerer"):
        looking.heartbeats.forget(name)

    assert looking.minutes(MINUTES) == []


def test_an_api_server_that_does_not_answer_is_named(page: HealthPage) -> None:
    looking = Looking(page)
    page.status = 500

    assert looking.minutes(MINUTES) == []
    assert looking.minutes(2) == ["api-server"]


def test_without_the_database_nobody_is_blamed(page: HealthPage) -> None:
    looking = Looking(page)
    page.database = "unhealthy"

    assert looking.minutes(3 * MINUTES) == []


def stands_after(page: HealthPage, minutes: int) -> bool:
    """Whether the queue was ever found to stand, in so many minutes."""
    clock = Clock()
    queue = QueuedTasks(AirflowAccess(page.url, "admin", "password"), clock)
    found = []
    for _ in range(minutes):
        clock.now += 60
        found.append(queue.is_stuck(os.getpid()))
    queue.close()
    return any(found)


QUEUED_MINUTES = int(QUEUED_S // 60)


def test_a_task_that_stays_queued_beside_a_free_worker_is_noticed(
    page: HealthPage, half_busy: "subprocess.Popen[str]"
) -> None:
    page.queued = ["first"]

    assert not stands_after(page, QUEUED_MINUTES)
    assert stands_after(page, QUEUED_MINUTES + 2)


def test_a_long_queue_that_moves_is_no_sign(page: HealthPage, half_busy: "subprocess.Popen[str]") -> None:
    clock = Clock()
    queue = QueuedTasks(AirflowAccess(page.url, "admin", "password"), clock)
    for minute in range(3 * QUEUED_MINUTES):
        clock.now += 60
        page.queued = [str(minute), str(minute + 1)]
        assert not queue.is_stuck(os.getpid())
    queue.close()


def test_tasks_may_wait_while_every_worker_is_busy(page: HealthPage) -> None:
    scheduler = scheduler_with("busy", "busy")
    page.queued = ["first"]
    try:
        assert not stands_after(page, 3 * QUEUED_MINUTES)
    finally:
        end(scheduler)


def test_it_is_not_looked_at_every_second(page: HealthPage) -> None:
    looking = Looking(page)
    page.status = 500
    looking.clock.now += LOOK_EVERY_S / 2

    assert looking.heartbeats.unresponsive() == ()
    assert looking.heartbeats._seen == {}
