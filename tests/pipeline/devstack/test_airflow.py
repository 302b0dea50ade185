"""The running Airflow: only loopback, every component up, started again when it falls, its secrets closed."""

import os
import signal
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from pipeline.airflow_api import ENDED, AirflowApi, AirflowRefused
from pipeline.prepare import POOLS
from pipeline.supervise.processes import children_of, processes_of_data_folder
from tests.airflow_requests import all_beat_since, wait_for_run

if TYPE_CHECKING:
    from tests.conftest import RunningStack

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def listening(pids: tuple[int, ...]) -> set[str]:
    """Local addresses, in the kernel's hexadecimal, of listening (0A) TCP sockets held by these processes."""
    inodes = set()
    for pid in pids:
        try:
            names = [str(descriptor.readlink()) for descriptor in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
        inodes |= {name[8:-1] for name in names if name.startswith("socket:[")}
    lines = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()
    ]
    return {columns[1].partition(":")[0] for columns in lines if columns[3] == "0A" and columns[9] in inodes}


def test_every_component_is_up(airflow_stack: "RunningStack") -> None:
    with AirflowApi(airflow_stack.settings.airflow()) as api:
        health = api.health()

    assert health.database_ok
    assert all(health.heartbeats.values())


def test_every_dag_file_is_read_and_no_dag_is_paused(airflow_stack: "RunningStack") -> None:
    with AirflowApi(airflow_stack.settings.airflow()) as api:
        paused = [dag["dag_id"] for dag in api.get("/api/v2/dags", what="list DAGs")["dags"] if dag["is_paused"]]

        assert api.import_errors() == ()
        assert paused == []


def test_nothing_of_the_whole_stack_listens_beyond_loopback(airflow_stack: "RunningStack") -> None:
    assert listening(processes_of_data_folder(airflow_stack.settings.data)) == {"0100007F"}


def test_the_supervisor_can_ask_what_is_queued(airflow_stack: "RunningStack") -> None:
    with AirflowApi(airflow_stack.settings.airflow()) as api:
        assert all(task_id and attempt >= 0 for task_id, attempt in api.queued_tasks())


def test_pages_and_api_ask_for_a_user(airflow_stack: "RunningStack") -> None:
    assert httpx.get(f"{airflow_stack.settings.airflow_url}/api/v2/dags", trust_env=False).status_code == 401


def test_a_wrong_password_is_refused_in_words(airflow_stack: "RunningStack") -> None:
    access = airflow_stack.settings.airflow()
    wrong = type(access)(access.url, access.user, "guess")

    with AirflowApi(wrong) as api, pytest.raises(AirflowRefused, match=r"refused to log in admin \(401\)"):
        api.known_dags()


def test_harvest_and_on_demand_have_pools_of_their_own(airflow_stack: "RunningStack") -> None:
    with AirflowApi(airflow_stack.settings.airflow()) as api:
        pools = {pool["name"] for pool in api.get("/api/v2/pools", what="list pools")["pools"]}

    assert pools >= set(POOLS)


def test_secrets_are_for_their_owner_alone(airflow_stack: "RunningStack") -> None:
    home = airflow_stack.settings.data / "airflow"
    secret = [
        home / name for name in ("fernet_key", "jwt_secret", "secret_key", "passwords.json", "sql_alchemy_conn")
    ]

    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_killed_workers_hold_up_no_run(airflow_stack: "RunningStack") -> None:
    """One of the idle workers holds the lock of the pipe from which all of them read their tasks."""
    data = airflow_stack.settings.data
    (scheduler,) = schedulers_of(data)
    idle = [pid for pid in children_of(scheduler) if is_worker(pid) and not children_of(pid)]
    assert idle
    for pid in idle:
        os.kill(pid, signal.SIGKILL)

    with AirflowApi(airflow_stack.settings.airflow()) as api:
        run_id = api.trigger("timestamps", {})
        assert wait_for_run(api, "timestamps", run_id, timeout_s=500) == "success"
    assert schedulers_of(data) != (scheduler,)


def test_a_scheduler_that_is_killed_is_started_again(airflow_stack: "RunningStack") -> None:
    (before,) = schedulers_of(airflow_stack.settings.data)
    killed_at = datetime.now(UTC)
    os.kill(before, signal.SIGKILL)

    deadline = time.monotonic() + 120
    with AirflowApi(airflow_stack.settings.airflow()) as api:
        while not all_beat_since(api.health(), killed_at):
            assert time.monotonic() < deadline, "no new scheduler"
            time.sleep(0.5)
    # Between its fork and its exec a worker has the scheduler's own command line.
    while len(after := schedulers_of(airflow_stack.settings.data)) != 1:
        assert time.monotonic() < deadline, f"{len(after)} schedulers"
        time.sleep(0.1)
    assert after != (before,)


def test_nothing_that_the_clock_starts_fails_on_a_fresh_stack(airflow_stack: "RunningStack") -> None:
    with AirflowApi(airflow_stack.settings.airflow()) as api:
        deadline = time.monotonic() + 300
        while not (ended := {state for _, state in scheduled_runs(api) if state in ENDED}):
            assert time.monotonic() < deadline, "no scheduled run has ended"
            time.sleep(1)

    assert ended == {"success"}


def scheduled_runs(api: AirflowApi) -> list[tuple[str, str]]:
    """DAG and state of every run that the clock has started, of the DAGs that judge no source."""
    return [
        (dag_id, run["state"])
        for dag_id in ("timestamps", "copies")
        for run in api.runs(dag_id)
        if run["run_type"] == "scheduled"
    ]


def is_worker(pid: int) -> bool:
    return b"LocalExecutor" in Path(f"/proc/{pid}/cmdline").read_bytes()


def schedulers_of(data: Path) -> tuple[int, ...]:
    """Process ids of schedulers themselves, not of their keepers nor of their workers."""
    found = []
    for pid in processes_of_data_folder(data):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"scheduler" in words and b"-S" not in words:
            found.append(pid)
    return tuple(found)
