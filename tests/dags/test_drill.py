"""The DAG `drill` run as Airflow runs its task: green, red with what differs, skipped without a role."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text

from pipeline.config.settings import Settings, variable
from pipeline.devstack.postgres import PostgresServer
from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.storage.crawled_files import crawl_one, exchange, response

if TYPE_CHECKING:
    from airflow.sdk import DAG

PAGE = "https://t.me/s/kanal"


@pytest.fixture
def look(
    dags: "dict[str, DAG]", stored_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], dict[str, Any]]:
    """The task's own function, with this test's archive in the environment."""
    from airflow.providers.standard.operators.python import PythonOperator

    for name, value in vars(stored_settings).items():
        if name.startswith(("data", "s3_", "lock_", "database_")) and value is not None:
            monkeypatch.setenv(variable(name), str(value))
    task = dags["drill"].get_task("try_recovery")
    assert isinstance(task, PythonOperator)
    function: Callable[[], dict[str, Any]] = task.python_callable
    return function


def test_it_is_green_and_then_red_with_what_differs(
    look: Callable[[], dict[str, Any]],
    archive: Archive,
    stored_settings: Settings,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    deposit_file(archive, crawl_one(tmp_path, [exchange(PAGE, response(b"page"))]))
    process_pending(archive)
    monkeypatch.setenv("LETAPIS_DATABASE_DRILL_URL", postgres_server.drill_url)

    assert look()["differing"] == 0
    with create_engine(str(stored_settings.database_url)).begin() as owner:
        owner.execute(text("UPDATE catalogue.captures SET status = 500"))
    with pytest.raises(AirflowFailException, match=r"captures: .*: restored with other content"):
        look()


def test_without_a_role_it_is_skipped_with_the_variable(look: Callable[[], dict[str, Any]]) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    with pytest.raises(AirflowSkipException, match="LETAPIS_DATABASE_DRILL_URL"):
        look()


def test_it_runs_once_a_month(dags: "dict[str, DAG]") -> None:
    from airflow.sdk import CronTriggerTimetable

    assert dags["drill"].schedule == CronTriggerTimetable("30 10 1 * *", timezone="UTC")
