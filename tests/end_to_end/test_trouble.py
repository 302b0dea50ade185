"""What bad sources and killed tasks get: an outcome, a red last task, and nothing left behind."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from pipeline.airflow_api import AirflowApi
from pipeline.collect.airflow_run import harvested
from pipeline.supervise.processes import is_alive
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.ledger.harvests import harvests_since
from storage.work_queue.tables import orders
from tests.airflow_requests import patch, wait_for_run
from tests.conftest import RunningStack
from tests.end_to_end.conftest import Rows, eventually
from tests.end_to_end.killed_services import processes_writing

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

RUN_S = 300.0
SLOW_HOST = "slow.pryklad.example"
SLOW = f"https://{SLOW_HOST}/"

TROUBLED = """
defaults: {delay_s: 0.01, limits: {pages: 5, seconds: 60}}
sources:
  - {id: good, kind: page, pages: ["https://vesnik.pryklad.example/"]}
  - {id: forbidden, kind: court_list, pages: ["https://forbidden.pryklad.example/"]}
  - {id: challenged, kind: news, start_pages: ["https://challenge.pryklad.example/captcha"]}
  - {id: unreachable, kind: court_list, pages: ["https://reset.pryklad.example/"]}
  - {id: garbled, kind: court_list, pages: ["https://garbage.pryklad.example/"]}
"""


@pytest.fixture
def watchlist(airflow_stack: RunningStack) -> Iterator[Path]:
    """The running stack's watch-list, to be changed by one test."""
    path = airflow_stack.settings.watchlist
    before = path.read_text("utf-8")
    yield path
    path.write_text(before, "utf-8")


def test_bad_sources_are_named_and_red_and_stop_no_other(
    watchlist: Path, api: AirflowApi, letapis: Callable[..., Rows], deposited: Archive
) -> None:
    watchlist.write_text(TROUBLED, "utf-8")

    rows = {row["source_id"]: row for row in letapis("harvest", code=3)}

    assert {source: bool(row["problem"]) for source, row in rows.items()} == {
        "good": False,
        "forbidden": True,
        "challenged": True,
        "unreachable": True,
        "garbled": True,
    }
    assert all(len(row["keys"]) == 1 for row in rows.values()), "what was seen of each is deposited"
    run = api.runs("harvest")[0]
    assert states(api, run["dag_run_id"]) == {
        "plan": "success",
        "good": "success",
        "forbidden": "failed",
        "challenged": "failed",
        "unreachable": "failed",
        "garbled": "failed",
        "check_sources": "failed",
        "request_timestamps": "success",
    }
    tries = {task["try_number"] for task in api.tasks_of_run("harvest", run["dag_run_id"])}
    assert tries == {1}, "no source is asked twice for trouble of its own"
    with deposited.reader.connect() as connection:
        (harvest,) = (
            each
            for each in harvests_since(connection, datetime.min.replace(tzinfo=UTC))
            if each.harvest_id == run["dag_run_id"]
        )
    assert (harvest.due_at, harvest.covers_watchlist, len(harvest.sources)) == (None, True, 5)
    assert set(harvest.failures) == {"forbidden", "challenged", "unreachable", "garbled"}


def test_an_entry_with_mistakes_is_red_and_the_other_sources_are_collected(
    watchlist: Path, api: AirflowApi, letapis: Callable[..., Rows]
) -> None:
    mistaken = TROUBLED.replace("kind: news", "kind: newspaper").replace("id: forbidden", "id: good-too")
    mistaken = mistaken.replace("https://forbidden.pryklad.example/", "https://oblsud.pryklad.example/modules.php")
    watchlist.write_text("\n".join(mistaken.splitlines()[:6]), "utf-8")

    assert letapis("harvest", code=2) == [], "who sits before it mends it first"
    run_id = api.trigger("harvest", {})
    assert wait_for_run(api, "harvest", run_id, timeout_s=RUN_S) == "failed"
    found = states(api, run_id)
    assert (found["plan"], found["good"], found["challenged"]) == ("success", "success", "failed")
    assert "sources[2].kind: unknown kind 'newspaper'" in harvested(api, run_id).failures["challenged"]


def states(api: AirflowApi, run_id: str) -> dict[str, str]:
    """State by task; the task of a source goes by the source."""
    return {
        str(task["rendered_map_index"] or task["task_id"]): task["state"]
        for task in api.tasks_of_run("harvest", run_id)
    }


def test_a_killed_worker_and_a_task_marked_failed_leave_no_process_and_what_their_crawls_had_is_deposited(
    api: AirflowApi, airflow_stack: RunningStack, sample_sites: SampleSites, deposited: Archive
) -> None:
    sample_sites.forget_requests()
    run_id = api.trigger("archive_url", {"urls": SLOW})
    request_id = eventually(lambda: requested(api, run_id))
    spool = airflow_stack.settings.spool_dir
    first = eventually(lambda: next((path.parent for path in spool.glob("*/job.json")), None))
    eventually(lambda: requests_of_the_slow_page(sample_sites) == 1)
    eventually(lambda: how_it_stands(deposited, request_id).awaited_until)
    family = processes_writing(first)
    worker = int(how_it_stands(deposited, request_id).claimed_by.rpartition(":")[2])

    os.kill(worker, signal.SIGKILL)

    eventually(lambda: how_it_stands(deposited, request_id).attempt == 2)
    assert len(family) >= 2, "a crawl and its engine"
    assert [pid for pid in family if is_alive(pid)] == [], "they are gone before another claims the address"
    second = eventually(lambda: next((path.parent for path in spool.glob("*/job.json")), None))
    eventually(lambda: requests_of_the_slow_page(sample_sites) == 2)
    family = processes_writing(second)

    mark_failed(api, run_id)

    eventually(lambda: not [pid for pid in family if is_alive(pid)])
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "failed"
    eventually(lambda: list(spool.iterdir()) == [])
    for folder in (first, second):
        with deposited.reader.connect() as connection:
            urls = [capture.url for capture in captures_of_crawl(connection, folder.name)]
        assert SLOW in urls, f"{folder.name} is deposited and read"


def requested(api: AirflowApi, run_id: str) -> str | None:
    """The request that the run has written to the ledger."""
    tasks = {task["task_id"]: task["state"] for task in api.tasks_of_run("archive_url", run_id)}
    if tasks.get("check") != "success":
        return None
    (job,) = api.xcom("archive_url", run_id, "check")
    return str(job["request_id"])


def how_it_stands(archive: Archive, request_id: str) -> Row[Any]:
    """The request's one address in the queue; a worker has it before a task waits for it (``awaited_until``)."""
    with archive.reader.connect() as connection:
        return connection.execute(select(orders).where(orders.c.request_id == request_id)).one()


def requests_of_the_slow_page(sites: SampleSites) -> int:
    """How often the page that never ends was requested."""
    return sum(seen.host == SLOW_HOST and seen.target == "/" for seen in sites.requests_log)


def mark_failed(api: AirflowApi, run_id: str) -> None:
    """As the button in Airflow's pages does it."""
    patch(
        api,
        f"/api/v2/dags/archive_url/dagRuns/{run_id}/taskInstances/archive/0",
        {"new_state": "failed"},
        what="mark the task failed",
    )
