"""What bad sources and killed tasks get: an outcome, a red last task, and nothing left behind."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from pipeline.airflow_api import AirflowApi
from samples.sites import SampleSites
from storage.archive import Archive
from storage.captures import captures_of_crawl
from tests.conftest import RunningStack
from tests.end_to_end.conftest import Rows

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

Answer = TypeVar("Answer")
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


def test_bad_sources_are_named_and_stop_no_other(
    watchlist: Path, api: AirflowApi, letapis: Callable[..., Rows]
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
    states = {task["task_id"]: task["state"] for task in api.tasks_of_run("harvest", run["dag_run_id"])}
    assert states == {"plan": "success", "collect": "success", "judge": "failed", "outside_time": "success"}


def test_with_one_mistake_in_the_watch_list_nothing_starts(
    watchlist: Path, api: AirflowApi, letapis: Callable[..., Rows]
) -> None:
    watchlist.write_text(TROUBLED.replace("kind: news", "kind: newspaper"), "utf-8")

    assert letapis("harvest", code=2) == []
    run_id = api.trigger("harvest", {})
    assert api.wait_for_run("harvest", run_id, timeout_s=RUN_S) == "failed"
    states = {task["task_id"]: task["state"] for task in api.tasks_of_run("harvest", run_id)}
    assert states == {
        "plan": "failed",
        "collect": "upstream_failed",
        "judge": "upstream_failed",
        "outside_time": "success",
    }


def test_a_task_marked_failed_leaves_no_process_and_its_spool_is_deposited_by_the_next_run(
    api: AirflowApi, airflow_stack: RunningStack, sample_sites: SampleSites, deposited: Archive
) -> None:
    sample_sites.forget_requests()
    run_id = api.trigger("archive_url", {"urls": SLOW})
    spool = airflow_stack.settings.spool_dir
    folder = eventually(lambda: next((path.parent for path in spool.glob("*/job.json")), None))
    eventually(lambda: len(processes_of(folder)) >= 2)
    eventually(lambda: any(seen.host == SLOW_HOST and seen.target == "/" for seen in sample_sites.requests_log))

    mark_failed(api, run_id)

    eventually(lambda: not processes_of(folder))
    assert api.wait_for_run("archive_url", run_id, timeout_s=RUN_S) == "failed"
    again = api.trigger("harvest", {"sources": ["oblsud"]})
    assert api.wait_for_run("harvest", again, timeout_s=RUN_S) == "success"
    assert not folder.exists()
    with deposited.reader.connect() as connection:
        urls = [capture.url for capture in captures_of_crawl(connection, folder.name)]
    assert SLOW in urls


def mark_failed(api: AirflowApi, run_id: str) -> None:
    """As the button in Airflow's pages does it."""
    api.patch(
        f"/api/v2/dags/archive_url/dagRuns/{run_id}/taskInstances/archive/0",
        {"new_state": "failed"},
        what="mark the task failed",
    )


def processes_of(folder: Path) -> list[int]:
    """Every process that names the crawl's folder or works in one below it: crawl, recorder, engine, browser."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue  # it has ended, or is another user's
            if folder.name.encode() in words:
                found.append(int(process.name))
    return found


def eventually(ask: Callable[[], Answer | None], timeout_s: float = 60.0) -> Answer:
    deadline = time.monotonic() + timeout_s
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
    return answer
