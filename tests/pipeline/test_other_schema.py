"""Tables of another version: whoever looks after the archive says so, and shows and does the rest."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import QueuePool, create_engine, text

from pipeline.backup.gathering import of_archive
from pipeline.collect import worker
from pipeline.collect.on_demand import work_on
from pipeline.collect.waiting import accept_request
from pipeline.collect.worker import Worked
from pipeline.config.archive_factory import open_replica, opened_archive
from pipeline.config.settings import Settings
from pipeline.operations.samples import _of_archive
from pipeline.setup.doctor import examine
from storage import migrations
from storage.ledger.requests import results_of_request
from storage.migrations import OtherSchemaError, newest_schema
from storage.search_index import keeper
from storage.search_index.folder import current_index
from storage.search_index.keeper import keep_index

OTHER = "0021"


def set_schema(settings: Settings, schema: str) -> None:
    with create_engine(str(settings.database_url)).begin() as owner:
        owner.execute(text("UPDATE ledger.schema_version SET version_num = :it"), {"it": schema})


@pytest.fixture
def other(stored_settings: Settings) -> Settings:
    set_schema(stored_settings, OTHER)
    return stored_settings


@pytest.mark.slow
def test_the_doctor_shows_every_check(other: Settings) -> None:
    with_copies = replace(
        other,
        replica_endpoint=other.s3_endpoint,
        replica_access_key=other.s3_access_key,
        replica_secret_key=other.s3_secret_key,
        replica_lock_mode="governance",
        replica_lock_days=1,
        replica_bucket=f"{other.s3_bucket}-2",
    )
    copies = open_replica(with_copies)
    assert copies is not None
    copies.ensure_bucket()

    found = {check.name: check.found for check in examine(with_copies)}

    assert "unknown, because the database has the tables of another version" in found["Outside time"]
    assert "unknown, because the database has the tables of another version" in found["Second copy"]
    assert "Nights" in found
    assert "which ones people added is not known: The database has the tables of" in found["Watch-list"]


def test_a_backup_is_made_and_says_why_custody_is_not_known(other: Settings) -> None:
    found = of_archive(other)

    assert found.custody_entries is None
    assert found.problem == (
        f"the database has the tables of schema {OTHER}, and this version needs {newest_schema()}, so how far "
        "custody had come is not known"
    )


def test_figures_leave_the_archive_out(other: Settings) -> None:
    assert list(_of_archive(other, datetime.now(UTC))) == []


def test_the_thread_of_the_search_index_goes_on_once_the_tables_fit(
    other: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper, "AFTER_PROBLEM_S", 0.1)
    folder = tmp_path / "index"
    with caplog.at_level(logging.ERROR), opened_archive(other) as archive:
        keep_index(archive.reader, folder)
        until(lambda: "was not brought up to date" in caplog.text)
        set_schema(other, newest_schema())
        until(lambda: current_index(folder) is not None)


def test_a_connection_of_the_pool_is_looked_at_again_and_given_back(
    stored_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOOK_AGAIN_S", 0.0)
    with opened_archive(stored_settings) as archive:
        with archive.writer.connect() as connection:
            first = connection.scalar(text("SELECT pg_backend_pid()"))
        with archive.writer.connect() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) == first
        set_schema(stored_settings, OTHER)
        for _ in range(20):  # more than the pool has
            with pytest.raises(OtherSchemaError, match="run `letapis prepare` of this one"):
                archive.writer.connect()
        assert isinstance(archive.writer.pool, QueuePool)
        assert archive.writer.pool.checkedout() == 0
        set_schema(stored_settings, newest_schema())
        with archive.writer.connect() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) != first


def test_a_worker_stops_when_the_tables_change_and_no_request_counts_as_broken(
    stored_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upgraded(*given: Any, **named: Any) -> Any:
        set_schema(stored_settings, OTHER)
        return work_on(*given, **named)

    monkeypatch.setattr(migrations, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(worker, "work_on", upgraded)
    request_id = accept_request(stored_settings, ("https://nowhere.example/",), actor="ala", egress="gone")
    done: list[Worked] = []

    with pytest.raises(OtherSchemaError):
        worker.run_worker(stored_settings, once=True, on_done=done.append)

    set_schema(stored_settings, newest_schema())
    with opened_archive(stored_settings) as archive, archive.reader.connect() as connection:
        assert results_of_request(connection, request_id) == {}
    assert done == []


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
