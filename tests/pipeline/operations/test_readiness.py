"""Whether the archive is ready, part by part; what is said to anybody names no address, no source and no case."""

import socket
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psycopg2
import pytest

from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.operations import readiness
from pipeline.operations.readiness import Part, PartState, parts_of
from storage.archive import Archive
from storage.migrations import newest_schema
from tests.pipeline.operations.conftest import Operated, machine

OK, DEGRADED, FAILED = PartState.OK, PartState.DEGRADED, PartState.FAILED


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of loopback that is taken, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_with_everything_there_the_archive_is_ready(copied_settings: Settings, copied_archive: Archive) -> None:
    del copied_archive

    settings = replace(copied_settings, keep_free_mb=0)
    parts = parts_of(settings)

    assert parts == (
        Part("database", OK),
        Part("migrations", OK),
        Part("store", OK),
        Part("second store", OK),
        Part("disk", OK),
    )
    assert machine(lambda: settings).get("/health/ready").status_code == 200


def test_what_is_away_is_named_without_saying_where_it_is(tmp_path: Path, closed_port: int) -> None:
    nowhere = f"http://127.0.0.1:{closed_port}"
    database = f"postgresql+psycopg2://letapis_reader:sesame@127.0.0.1:{closed_port}/letapis"
    settings = Settings(
        data=tmp_path,
        keep_free_mb=0,
        s3_endpoint=nowhere,
        s3_access_key="key",
        s3_secret_key="sesame",
        lock_mode="governance",
        lock_days=1,
        replica_endpoint=nowhere,
        replica_bucket="copy",
        replica_access_key="key",
        replica_secret_key="sesame",
        replica_lock_mode="governance",
        replica_lock_days=1,
        database_writer_url=database,
        database_reader_url=database,
    )

    parts = parts_of(settings)

    assert [(part.name, part.state) for part in parts] == [
        ("database", FAILED),
        ("store", FAILED),
        ("second store", DEGRADED),
        ("disk", OK),
    ]
    answer = machine(lambda: settings).get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"] == [asdict(part) for part in parts]
    assert [word for word in ("sesame", str(closed_port), "127.0.0.1") if word in answer.text] == []


def test_settings_that_name_nothing_are_failed_parts(tmp_path: Path) -> None:
    assert parts_of(Settings(data=tmp_path, keep_free_mb=0))[:2] == (
        Part("database", FAILED, "No database is known to this process."),
        Part("store", FAILED, "No object store is known to this process."),
    )


def test_another_schema_than_this_versions_is_not_ready(
    stored_settings: Settings, archive: Archive, database: OwnedDatabase
) -> None:
    del archive
    connection = psycopg2.connect(database.owner_url.replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE ledger.schema_version SET version_num = '0007'")
    connection.close()

    (migrations,) = [part for part in parts_of(stored_settings) if part.name == "migrations"]

    assert migrations.state is FAILED
    assert str(migrations.reason).startswith(
        f"The database has the tables of schema 0007, and this version needs {newest_schema()}"
    )


def test_a_full_disk_leaves_the_archive_ready_and_says_that_no_crawl_starts(operated: Operated) -> None:
    settings = replace(operated.settings, keep_free_mb=10**9)

    answer = machine(lambda: settings).get("/health/ready")

    (disk,) = [part for part in answer.json()["parts"] if part["name"] == "disk"]
    assert (answer.status_code, disk["state"]) == (200, DEGRADED)
    assert disk["reason"].endswith("GB are free on the disk of the data folder, so no crawl starts; make room.")


def test_a_data_folder_that_is_a_file_is_not_ready(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()

    assert Part("disk", FAILED, "Nothing can be written into the data folder.") in parts_of(Settings(data=file))


def test_a_part_that_takes_its_time_has_failed_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        monkeypatch.setattr(readiness, "ANSWER_S", 0.2)
        url = f"postgresql+psycopg2://letapis_reader:x@127.0.0.1:{silent.getsockname()[1]}/letapis"
        settings = Settings(data=tmp_path, database_writer_url=url, database_reader_url=url)

        assert parts_of(settings)[0].state is FAILED
