"""What bad sources and killed tasks get: an outcome, a red last task, and nothing left behind."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.airflow_api import AirflowApi
from pipeline.collect.airflow_run import harvested
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.ledger.harvests import harvests_since
from tests.airflow_requests import patch, wait_for_run
from tests.conftest import RunningStack
from tests.end_to_end.conftest import Rows, eventually
from tests.end_to_end.killed_services import processes_naming

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


def test_a_task_marked_failed_leaves_no_process_and_its_spool_is_deposited_by_the_next_run(
    api: AirflowApi, airflow_stack: RunningStack, sample_sites: SampleSites, deposited: Archive
) -> None:
    sample_sites.forget_requests()
    run_id = api.trigger("archive_url", {"urls": SLOW})
    spool = airflow_stack.settings.spool_dir
    folder = eventually(lambda: next((path.parent for path in spool.glob("*/job.json")), None))
    eventually(lambda: len(processes_naming(folder.name)) >= 2)
    eventually(lambda: any(seen.host == SLOW_HOST and seen.target == "/" for seen in sample_sites.requests_log))

    mark_failed(api, run_id)

    eventually(lambda: not processes_naming(folder.name))
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "failed"
    again = api.trigger("harvest", {"sources": ["oblsud"]})
    assert wait_for_run(api, "harvest", again, timeout_s=RUN_S) == "success"
    assert not folder.exists()
    with deposited.reader.connect() as connection:
        urls = [capture.url for capture in captures_of_crawl(connection, folder.name)]
    assert SLOW in urls


def mark_failed(api: AirflowApi, run_id: str) -> None:
    """As the button in Airflow's pages does it."""
    patch(
        api,
        f"/api/v2/dags/archive_url/dagRuns/{run_id}/taskInstances/archive/0",
        {"new_state": "failed"},
        what="mark the task failed",
    )
