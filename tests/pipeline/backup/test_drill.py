"""`letapis drill`: restored into a database of its own, compared, dropped; nothing in use is touched."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from pipeline.backup import drill as drills
from pipeline.backup.drill import drill
from pipeline.backup.scratch_database import DrillRunsError
from pipeline.config.settings import ROOT, Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.operations.samples import all_samples
from pipeline.process.run import process_pending
from pipeline.setup.status import status_lines
from storage.archive import Archive
from storage.integrity.restore import ContradictionError
from storage.ledger.custody import entries
from tests.pipeline.backup.conftest import clean_environment, letapis, rows_of
from tests.storage.catalogue.test_revisits import AGAIN, FIRST, deposit_night, picture
from tests.storage.integrity.test_restore import catalogue


@pytest.fixture
def drilled_settings(kept_settings: Settings, postgres_server: PostgresServer) -> Settings:
    return replace(kept_settings, database_drill_url=postgres_server.drill_url)


@pytest.fixture
def lived(kept: Archive, tmp_path: Path) -> Archive:
    deposit_night(kept, tmp_path / "spool", [picture(FIRST)])
    deposit_night(kept, tmp_path / "spool", [picture(AGAIN, later=True)])
    process_pending(kept)
    return kept


def scratch_databases(server: PostgresServer) -> set[str]:
    return {
        name for name in server._existing("SELECT datname FROM pg_database") if name.startswith("letapis_drill")
    }


def test_what_the_store_gives_is_the_same_and_nothing_is_left(
    lived: Archive, drilled_settings: Settings, postgres_server: PostgresServer
) -> None:
    before = catalogue(lived)
    (never,) = (each for each in status_lines(drilled_settings) if each.what == "drill")

    done = letapis("drill", "--json", env=clean_environment(drilled_settings))

    assert done.returncode == 0, done.stderr + done.stdout
    (row,) = rows_of(done)
    assert (row["passed"], row["differing"], row["files_not_comparable"]) == (True, 0, 0)
    found = {each["what"]: (each["in_use"], each["restored"]) for each in row["compared"]}
    assert (found["files"], found["captures"], found["media"]) == ((2, 2), (2, 2), (1, 1))
    assert found["custody entries"] == (row["until"], row["until"])
    assert catalogue(lived) == before
    assert scratch_databases(postgres_server) == set()
    assert list((drilled_settings.data / "drill").iterdir()) == []
    with lived.reader.connect() as connection:
        last = entries(connection)[-1]
    assert (last.event, last.details["passed"]) == ("drilled", True)
    (line,) = (each for each in status_lines(drilled_settings) if each.what == "drill")
    figures = {each.name: each.value for each in all_samples(drilled_settings)}
    assert (figures["letapis_drill_passed"], figures["letapis_drill_timestamp_seconds"]) == (
        1,
        last.at.timestamp(),
    )
    assert (never.section, line.section) == ("pending", "stack")
    assert line.found.endswith(": the store gives the same archive")


def test_what_somebody_changed_in_the_database_is_named(
    lived: Archive, drilled_settings: Settings, postgres_server: PostgresServer
) -> None:
    with create_engine(str(drilled_settings.database_url)).begin() as owner:
        owner.execute(text("UPDATE catalogue.captures SET captured_at = captured_at + interval '1 year'"))
        owner.execute(text("DELETE FROM catalogue.occurrences"))

    done = letapis("drill", env=clean_environment(drilled_settings))

    assert done.returncode == 1
    assert done.stderr.count("restored with other content than in the database in use") == 2
    assert "media: sha256:" in done.stderr
    assert "restored, not in the database in use" in done.stderr
    (line,) = (each for each in status_lines(drilled_settings) if each.what == "drill")
    assert (line.section, line.found[10:]) == ("failed", ": 3 things differ")


def test_the_second_store_is_tried_likewise(lived: Archive, drilled_settings: Settings) -> None:
    done = letapis("drill", "--replica", "--json", env=clean_environment(drilled_settings))

    assert done.returncode == 0, done.stderr
    assert (rows_of(done)[0]["store"], rows_of(done)[0]["passed"]) == ("replica", True)


def test_a_drill_that_was_killed_leaves_nothing_that_the_next_does_not_remove(
    lived: Archive, drilled_settings: Settings, postgres_server: PostgresServer
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "drill"],
        cwd=ROOT,
        env=clean_environment(drilled_settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert child.stderr is not None
    child.stderr.readline()  # the scratch database is there
    child.kill()
    assert child.wait() == -signal.SIGKILL
    left = scratch_databases(postgres_server)

    done = letapis("drill", "--quiet", env=clean_environment(drilled_settings))

    assert len(left) == 1
    assert done.returncode == 0, done.stderr
    assert scratch_databases(postgres_server) == set()


def test_a_recovery_that_breaks_off_is_entered_and_shown_and_its_folder_is_its_own(
    kept: Archive, drilled_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def contradicted(there: Archive, **_: object) -> None:
        assert there.search_folder is not None
        there.search_folder.mkdir()
        with pytest.raises(DrillRunsError):
            drill(drilled_settings, kept)
        assert there.search_folder.is_dir(), "another drill left it alone"
        raise ContradictionError("entry 1", "its digest", "a", "b")

    monkeypatch.setattr(drills, "rebuild", contradicted)

    with pytest.raises(ContradictionError):
        drill(drilled_settings, kept)

    with kept.reader.connect() as connection:
        last = entries(connection)[-1]
    assert (last.event, last.details["passed"], last.details["problem"]) == (
        "drilled",
        False,
        "ContradictionError",
    )
    (line,) = (each for each in status_lines(drilled_settings) if each.what == "drill")
    assert (line.section, line.found[10:]) == (
        "failed",
        ": the recovery broke off (ContradictionError): `letapis drill` says why",
    )


def test_without_a_role_for_it_the_variable_is_named(kept: Archive, kept_settings: Settings) -> None:
    done = letapis("drill", env=clean_environment(kept_settings))

    assert done.returncode == 2
    assert "No role for drills is known: set LETAPIS_DATABASE_DRILL_URL" in done.stderr


def test_the_role_for_drills_may_not_enter_the_archives_database(
    postgres_server: PostgresServer, kept_settings: Settings
) -> None:
    archive = make_url(str(kept_settings.database_url)).database
    address = make_url(postgres_server.drill_url).set(database=archive)

    with pytest.raises(OperationalError, match="permission denied for database"):
        create_engine(address).connect()
