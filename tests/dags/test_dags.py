import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.config.settings import ROOT
from pipeline.prepare import POOLS

if TYPE_CHECKING:
    from airflow.sdk import DAG

pytestmark = pytest.mark.slow

DAG_FILES = tuple(sorted(path for path in (ROOT / "dags").glob("*.py") if path.stem != "__init__"))

HEAVY = ("sqlalchemy.orm", "boto3", "scrapy", "playwright", "numpy", "PIL", "trafilatura", "psycopg2", "storage")
"""What may not be loaded where a file is only read: Airflow reads each of them again and again."""


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_a_dag_file_begins_with_its_operators_manual(path: Path) -> None:
    first = ast.parse(path.read_text("utf-8")).body[0]
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Constant)
    manual = str(first.value.value)
    for chapter in ("**What it does.**", "**Parameters.**", "**When it is red.**", "**Starting again**"):
        assert chapter in manual


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_a_dag_file_shows_its_manual_in_airflow(path: Path, dags: "dict[str, DAG]") -> None:
    assert dags[path.stem].doc_md == ast.get_docstring(ast.parse(path.read_text("utf-8")), clean=False)


LOADING = """
import json, os, runpy, sys
from airflow.sdk import dag
before = set(sys.modules)
for path in sys.argv[1:]:
    if not os.fork():
        runpy.run_path(path)
        print(json.dumps([path, sorted(set(sys.modules) - before)]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def loaded(airflow_home: Path) -> dict[str, list[str]]:
    """By DAG file: what reading it loads, each in a process that has loaded Airflow's part alone."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADING, *map(str, DAG_FILES)],
        env={"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(airflow_home), "HOME": str(airflow_home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(line) for line in ran.stdout.splitlines() if line.startswith("["))


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_reading_a_dag_file_loads_nothing_of_ours(path: Path, loaded: dict[str, list[str]]) -> None:
    names = loaded[str(path)]
    assert [name for name in names if name.startswith((*HEAVY, "pipeline.", "crawlers", "processors"))] == []


def test_there_are_exactly_the_dags_that_are_documented(dags: "dict[str, DAG]") -> None:
    assert sorted(dags) == [path.stem for path in DAG_FILES]


def test_every_dag_starts_unpaused_and_catches_nothing_up(dags: "dict[str, DAG]") -> None:
    assert {(dag.is_paused_upon_creation, dag.catchup) for dag in dags.values()} == {(False, False)}


def test_every_pool_that_a_task_names_is_made_at_the_start(dags: "dict[str, DAG]") -> None:
    named = {task.pool for dag in dags.values() for task in dag.tasks}
    assert named == {"default_pool", *POOLS}


def test_workers_of_their_own_can_take_what_has_a_pool_of_its_own(dags: "dict[str, DAG]") -> None:
    """Celery's queues: what is in a pool of ours goes to the queue of that name, the rest to Airflow's own."""
    placed = {(task.pool, task.queue) for dag in dags.values() for task in dag.tasks}
    assert placed == {("default_pool", "default"), *((pool, pool) for pool in POOLS)}


def test_on_demand_work_never_waits_behind_the_harvest(dags: "dict[str, DAG]") -> None:
    assert {task.pool for task in dags["archive_url"].tasks} == {"on_demand"}


def test_the_harvest_is_judged_last_whatever_became_of_the_sources(dags: "dict[str, DAG]") -> None:
    judge = dags["harvest"].get_task("check_sources")
    assert judge.trigger_rule == "all_done_min_one_success"
    assert judge.upstream_task_ids == {"plan", "collect"}
    assert judge.downstream_task_ids == set()


def test_outside_time_is_asked_for_whatever_became_of_the_harvest_and_every_five_minutes(
    dags: "dict[str, DAG]",
) -> None:
    from airflow.sdk import CronTriggerTimetable

    at_the_end = dags["harvest"].get_task("request_timestamps")
    assert at_the_end.trigger_rule == "all_done"
    assert at_the_end.upstream_task_ids == {"plan", "collect"}
    clock = dags["timestamps"].schedule
    assert isinstance(clock, CronTriggerTimetable)
    assert clock == CronTriggerTimetable("*/5 * * * *", timezone="UTC")
    assert dags["timestamps"].max_active_runs == 1


def test_process_follows_what_each_source_deposits_and_the_clock(dags: "dict[str, DAG]") -> None:
    from airflow.sdk import AssetAll, AssetOrTimeSchedule

    (emitted,) = dags["harvest"].get_task("collect").outlets
    schedule = dags["process"].schedule
    assert isinstance(schedule, AssetOrTimeSchedule)
    assert schedule.asset_condition == AssetAll(emitted)
    assert dags["process"].max_active_runs == 1


def test_the_form_takes_no_reason_and_no_case_and_says_that_nothing_confidential_belongs_here(
    dags: "dict[str, DAG]",
) -> None:
    params = dags["archive_url"].params
    assert set(params) == {"request_id", "urls", "engine", "video", "profile", "follow", "egress"}
    assert params["video"] is False
    said = str(params.get_param("urls").description)
    assert said.startswith("Nothing confidential: others who may see runs of this DAG can read this.")


def test_the_form_asks_in_words_and_needs_nothing_before_it_is_filled_in(dags: "dict[str, DAG]") -> None:
    params = dags["archive_url"].params
    schema = params.get_param("engine").schema
    assert set(schema["values_display"]) == set(schema["enum"])
    assert schema["values_display"]["browser"] == "With a browser and a screenshot"
    required = [name for name in params if "null" not in params.get_param(name).schema["type"]]
    assert [params[name] for name in required] == ["http", False, 0]


def test_every_task_has_a_name_that_reads_as_a_sentence(dags: "dict[str, DAG]") -> None:
    names = {task.task_display_name for dag in dags.values() for task in dag.tasks}
    assert [name for name in names if "_" in name or not name[0].isupper()] == []


def test_the_hand_over_is_told_the_id_of_an_order_and_nothing_else(dags: "dict[str, DAG]") -> None:
    params = dags["handover"].params
    assert set(params) == {"package_id"}
    assert params.get_param("package_id").schema["pattern"] == "^[0-9A-HJKMNP-TV-Z]{26}$"
    (build,) = dags["handover"].tasks
    assert (build.task_id, build.retries) == ("build", 1)


def test_a_hand_over_of_no_order_is_red_and_its_log_names_the_id_alone(
    dags: "dict[str, DAG]",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from airflow.sdk.execution_time.context import set_current_context

    monkeypatch.setenv("LETAPIS_DATA", str(tmp_path))
    package_id = "01KB8Z0000000000000000000A"
    build: Any = dags["handover"].get_task("build")
    with set_current_context({"params": {"package_id": package_id}}), pytest.raises(SystemExit):
        build.python_callable()
    assert f"Package {package_id}: there is no order of this id." in caplog.text
    assert list(tmp_path.iterdir()) == []
