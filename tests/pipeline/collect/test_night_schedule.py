"""Since when nights are due on a stack of our own: its first start, kept, and handed to Airflow."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.config.settings import SettingsError, load_settings
from pipeline.devstack.airflow import AirflowServer


def server(folder: Path, nights_since: datetime | None = None) -> AirflowServer:
    return AirflowServer(
        folder, database_url="postgresql://nowhere/", data=folder.parent, port=0, nights_since=nights_since
    )


def test_nights_are_due_from_the_first_start_however_often_the_stack_is_started_again(tmp_path: Path) -> None:
    first = server(tmp_path / "airflow")
    first.prepare()
    again = server(tmp_path / "airflow")
    again.prepare()

    assert again.first_started == first.first_started
    assert again.environment["LETAPIS_NIGHTS_SINCE"] == first.first_started.isoformat()
    assert datetime.now(UTC) - first.first_started < timedelta(hours=1)


def test_a_folder_of_before_the_note_says_by_its_secrets_when_it_was_first_started(tmp_path: Path) -> None:
    folder = tmp_path / "airflow"
    server(folder).prepare()
    (folder / "first_started").unlink()
    long_ago = datetime(2026, 3, 5, 18, tzinfo=UTC)
    os.utime(folder / "fernet_key", (long_ago.timestamp(), long_ago.timestamp()))

    later = server(folder)
    later.prepare()

    assert later.first_started == long_ago


def test_who_names_a_moment_is_believed(tmp_path: Path) -> None:
    named = load_settings({"LETAPIS_NIGHTS_SINCE": "2026-11-23T20:00:00+02:00"}).nights_since
    assert named == datetime(2026, 11, 23, 18, tzinfo=UTC)

    asked = server(tmp_path / "airflow", named)
    asked.prepare()
    assert asked.environment["LETAPIS_NIGHTS_SINCE"] == "2026-11-23T18:00:00+00:00"


@pytest.mark.parametrize("text", ["yesterday", "2026-11-23T18:00:00"])
def test_a_moment_without_its_zone_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="LETAPIS_NIGHTS_SINCE: expected a moment with its zone"):
        load_settings({"LETAPIS_NIGHTS_SINCE": text})
