"""The DAG `timestamps` run as Airflow runs its task: whatever came to custody has its token by the next tick."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.config.settings import Settings, variable
from pipeline.preserve.timestamp import request_timestamps, timestamp_status
from storage.archive import Archive
from storage.deposit.custody_status import custody_status
from storage.deposit.deposit import deposit_file
from storage.ledger.custody import append_and_publish
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.storage.crawled_files import crawl_one, exchange, response

if TYPE_CHECKING:
    from airflow.sdk import DAG

Ask = Callable[[], dict[str, int]]


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeAuthorityOfOpenssl]:
    with TimeAuthorityOfOpenssl(tmp_path / "authority", "Vieža") as running:
        yield running


@pytest.fixture
def ask(
    dags: "dict[str, DAG]",
    stored_settings: Settings,
    authority: TimeAuthorityOfOpenssl,
    monkeypatch: pytest.MonkeyPatch,
) -> Ask:
    """The task's own function, which the clock calls every five minutes (`test_dags`)."""
    from airflow.providers.standard.operators.python import PythonOperator

    for name, value in vars(stored_settings).items():
        if name.startswith(("data", "s3_", "lock_", "database_")) and value is not None:
            monkeypatch.setenv(variable(name), str(value))
    monkeypatch.setenv("LETAPIS_TIME_AUTHORITIES", f"{authority.url}|{authority.roots}")
    task = dags["timestamps"].get_task("request_timestamps")
    assert isinstance(task, PythonOperator)
    function: Ask = task.python_callable
    return function


def test_a_request_that_was_killed_before_it_asked_has_its_token_at_the_next_tick(
    ask: Ask, archive: Archive, authority: TimeAuthorityOfOpenssl, tmp_path: Path
) -> None:
    path = crawl_one(tmp_path / "spool", [exchange("https://t.me/s/kanal", response(b"page"))])
    deposited = deposit_file(archive, path, actor="analyst")

    assert ask() == {"obtained": 1, "owed": 0}

    holding = custody_status(archive, deposited.key)
    assert holding is not None
    assert [token.details["authority"] for token in holding.tokens] == [authority.url]
    assert ask() == {"obtained": 0, "owed": 0}


def test_an_authority_that_is_away_makes_the_tick_red_with_what_is_owed_and_is_asked_at_the_next(
    ask: Ask, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    append_and_publish(archive, "collection_ended", subject_id="crawl", actor="tester", details={})
    authority.stop()
    with pytest.raises(AirflowFailException, match=f"entry 2 is pending at {authority.url} since"):
        ask()

    authority.start()
    assert ask() == {"obtained": 1, "owed": 0}


def test_a_tick_with_much_to_ask_takes_the_newest_first_and_ends_in_time_for_the_next(
    ask: Ask, archive: Archive, authority: TimeAuthorityOfOpenssl, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.config.settings import load_settings

    settings = load_settings()
    authority.stop()
    for number in range(3):
        append_and_publish(archive, "collection_ended", subject_id=str(number), actor="tester", details={})
        request_timestamps(settings, archive, occasion="harvest")
    authority.start()
    monkeypatch.setattr("pipeline.preserve.timestamp.REQUESTING_S", 0.0)

    report = request_timestamps(settings, archive, occasion="clock")

    assert [entry.details["seq"] for entry in report.obtained] == [6]
    assert [owed.entry.seq for owed in timestamp_status(archive)] == [4, 2]
