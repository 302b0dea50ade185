"""The doctor: names what is missing and how to get it, and sees through a database that would fail silently."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy

from pipeline.config.settings import ROOT, OwnedDatabase, Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.setup.doctor import Check, examine
from pipeline.setup.status import status_lines
from tests.embedded_database import superuser_password

pytestmark = pytest.mark.slow


def found(settings: Settings, name: str) -> Check:
    return next(check for check in examine(settings) if check.name == name)


def test_every_check_that_is_not_ok_says_how_to_get_it(settings: Settings) -> None:
    assert [check.name for check in examine(settings) if check.state != "ok" and not check.how] == []


def test_services_that_are_installed_and_not_running_are_no_fault(settings: Settings) -> None:
    states = {check.name: check.state for check in examine(settings)}

    assert {name: states[name] for name in ("Object store", "Database", "Airflow")} == {
        "Object store": "ok",
        "Database": "ok",
        "Airflow": "ok",
    }


def test_the_embedded_store_is_said_to_be_fit_to_try_out(settings: Settings) -> None:
    check = found(settings, "Evidence")

    assert check.state == "warning"
    assert "fit to try out only" in check.found


def test_running_store_and_database_are_found_in_order(stored_settings: Settings) -> None:
    from pipeline.config.archive_factory import open_store

    open_store(stored_settings).ensure_bucket()

    assert found(stored_settings, "Object store").state == "ok"
    assert found(stored_settings, "Database").state == "ok"


def test_a_store_that_does_not_answer_is_named(stored_settings: Settings) -> None:
    check = found(replace(stored_settings, s3_endpoint="http://127.0.0.1:9"), "Object store")

    assert check.state == "missing"
    assert "http://127.0.0.1:9" in check.found


def test_a_bucket_without_object_lock_is_named_before_anything_is_deposited(stored_settings: Settings) -> None:
    from pipeline.config.archive_factory import open_store

    client = open_store(stored_settings)._client
    client.create_bucket(Bucket=stored_settings.s3_bucket)
    without_versions = found(stored_settings, "Object store")
    client.put_bucket_versioning(Bucket=stored_settings.s3_bucket, VersioningConfiguration={"Status": "Enabled"})
    without_lock = found(stored_settings, "Object store")

    assert (without_versions.state, without_lock.state) == ("missing", "missing")
    assert f"Bucket {stored_settings.s3_bucket} (primary): expected versioning enabled" in without_versions.found
    assert "expected Object Lock enabled, found " in without_lock.found


def test_a_store_with_other_keys_is_named_with_the_settings_that_hold_them(stored_settings: Settings) -> None:
    check = found(replace(stored_settings, s3_secret_key="wrong"), "Object store")

    assert check.state == "missing"
    assert "Check LETAPIS_S3_ACCESS_KEY and LETAPIS_S3_SECRET_KEY" in check.found


def test_a_database_that_is_too_old_is_named(stored_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.setup.doctor.OLDEST_POSTGRES", 990_000)

    check = found(stored_settings, "Database")

    assert check.state == "missing"
    assert check.found.startswith("PostgreSQL ")
    assert check.how == "Move it to PostgreSQL 99 or newer; older versions are not tested."


def test_a_disk_without_room_is_named_with_what_is_free(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(settings.data.parent).free
    monkeypatch.setattr("pipeline.setup.doctor.SPACE_NEEDED_BYTES", 1000 * free)

    check = found(settings, "Disk")

    assert check.state == "missing"
    assert f"GB free for {settings.data}" in check.found


def test_a_program_that_is_no_browser_is_no_browser(settings: Settings, tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 127\n")
    program.chmod(0o755)

    check = found(replace(settings, chromium=program), "Chromium")

    assert check.state == "missing"
    assert check.how


def test_a_database_in_which_lower_leaves_cyrillic_alone_is_found_out(
    postgres_server: PostgresServer, settings: Settings
) -> None:
    engine = sqlalchemy.create_engine(postgres_server.airflow_url, isolation_level="AUTOCOMMIT")
    superuser = engine.url.set(
        username="postgres", password=superuser_password(postgres_server), database="postgres"
    )
    with sqlalchemy.create_engine(superuser, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sqlalchemy.text("DROP DATABASE IF EXISTS plain_c"))
        connection.execute(
            sqlalchemy.text("CREATE DATABASE plain_c TEMPLATE template0 LOCALE 'C' OWNER letapis_owner")
        )
    access: OwnedDatabase = postgres_server.access_to("plain_c")

    check = found(
        replace(
            settings,
            database_url=access.owner_url,
            database_writer_url=access.writer_url,
            database_reader_url=access.reader_url,
        ),
        "Database",
    )

    assert check.state == "missing"
    assert "lower() leaves Cyrillic letters unchanged" in check.found
    assert check.how is not None
    assert "LC_CTYPE 'C.UTF-8'" in check.how


def test_a_legal_basis_whose_review_is_overdue_is_named(settings: Settings, tmp_path: Path) -> None:
    watchlist = tmp_path / "list.yaml"
    entry = "  - {{id: {0}, kind: telegram, channel: {0}_kanal, legal_basis: 'art. 6 (1) e', review_by: {1}}}\n"
    watchlist.write_text("sources:\n" + entry.format("old", "2026-01-31") + entry.format("new", "2999-01-31"))
    check = found(replace(settings, watchlist=watchlist), "Watch-list")
    assert (check.state, "A review is due: old (2026-01-31)." in check.found) == ("warning", True)
    said = [
        line.found
        for line in status_lines(replace(settings, watchlist=watchlist), now=datetime(2026, 2, 1, tzinfo=UTC))
        if line.what in ("old", "new")
    ]
    assert said == ["Its legal basis (art. 6 (1) e) was to be reviewed by 2026-01-31."]


def test_a_watch_list_with_mistakes_is_named(settings: Settings, tmp_path: Path) -> None:
    watchlist = tmp_path / "list.yaml"
    watchlist.write_text("sources: [{id: x, kind: radio}]\n")

    check = found(replace(settings, watchlist=watchlist), "Watch-list")

    assert check.state == "missing"
    assert str(watchlist) in check.found


@pytest.mark.parametrize("lang", [None, "C", "be_BY.UTF-8"])
def test_the_command_answers_in_json_whatever_lang_says(tmp_path: Path, lang: str | None) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    env |= {"LETAPIS_DATA": str(tmp_path / "data"), **({} if lang is None else {"LANG": lang})}

    said = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "doctor", "--json"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        check=False,
    )

    rows = [json.loads(line) for line in said.stdout.decode("utf-8").splitlines()]
    assert {"kind", "name", "state", "found", "how"} == set(rows[0])
    assert said.returncode == (1 if any(row["state"] == "missing" for row in rows) else 0)


def test_scanned_documents_are_read_or_the_way_to_it_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\nprintf 'List of available languages:\\nbel\\nrus\\nukr\\npol\\neng\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found(settings, "Scanned documents") == Check("Scanned documents", "ok", f"read by {program}")

    program.write_text("#!/bin/sh\nprintf 'rus\\neng\\n'\n")
    assert found(settings, "Scanned documents").found == f"{program} lacks the languages bel, ukr, pol"

    program.unlink()
    check = found(settings, "Scanned documents")
    assert (check.state, check.found) == (
        "warning",
        "tesseract is not installed: scanned lists are reported as unread",
    )
    assert check.how is not None
    assert "tesseract-ocr-bel" in check.how


def test_a_data_folder_in_which_nothing_can_be_kept_is_named(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    in_its_place = found(replace(settings, data=file), "Disk")
    not_writable = found(replace(settings, data=Path("/proc/letapis")), "Disk")

    assert (in_its_place.state, in_its_place.found) == ("missing", f"{file}: a file in its place")
    assert not_writable.state == "missing"
    assert "/proc, in which it would be made, cannot be written to" in not_writable.found
