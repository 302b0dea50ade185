"""How the archive grows and when the disk is full, as far as it can be known."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.operations.forecast import ELSEWHERE, Forecast, forecast
from pipeline.operations.samples import WITHOUT_LABELS
from storage.access_labels import EVERYONE, Viewer
from storage.queries.operating_figures import database_bytes
from storage.queries.overview import source_holdings
from tests.pipeline.operations.conftest import SECRET, Operated
from tests.storage.killed_deposits import environment

DAY = timedelta(days=1)


def made(operated: Operated, *, pace_s: float | None = None, viewer: Viewer = EVERYONE) -> Forecast:
    with operated.archive.reader.connect() as connection:
        return forecast(operated.settings, connection, pace_s=pace_s, viewer=viewer)


def deposited(operated: Operated) -> tuple[int, int]:
    with operated.archive.reader.connect() as connection:
        return sum(each.file_bytes for each in source_holdings(connection)), database_bytes(connection)


def test_each_source_is_named_with_what_it_brings_a_night(operated: Operated) -> None:
    length, _ = deposited(operated)

    found = made(operated)

    assert {row.source_id: row.bytes_a_night for row in found.sources} == {"kanal": length, SECRET: 0, "sud": 0}
    assert (found.nights, found.bytes_a_night, found.other_bytes_a_night) == (1.0, length, 0)
    assert found.night_hours is not None


def test_a_mean_is_of_the_last_two_weeks(operated: Operated) -> None:
    with operated.archive.reader.connect() as connection:
        later = forecast(operated.settings, connection, now=operated.due_at + 40 * DAY)

    assert (later.nights, later.bytes_a_night) == (14.0, 0)


def test_whoever_is_no_member_learns_of_no_source_of_a_case(operated: Operated) -> None:
    assert {row.source_id for row in made(operated, viewer=WITHOUT_LABELS).sources} == {"kanal", "sud"}


def test_a_night_at_another_pace_is_as_long_as_its_busiest_host(operated: Operated) -> None:
    found = made(operated, pace_s=36.0)

    assert (found.busiest_host, found.hours_at_pace) == ("sud.example", 2.0)


def test_without_a_store_on_this_disk_nobody_knows_when_it_is_full(operated: Operated) -> None:
    found = made(operated)

    assert (found.days_until_full, found.full_on, found.because) == (None, None, ELSEWHERE)
    assert not found.alarms


@pytest.fixture
def beside(operated: Operated) -> Operated:
    """The same with an embedded store and database on the disk of the data folder."""
    data = operated.settings.data / "beside"
    (data / "store").mkdir(parents=True, exist_ok=True)
    (data / "postgres").mkdir(exist_ok=True)
    return replace(operated, settings=replace(operated.settings, data=data))


def test_the_disk_goes_with_the_files_and_what_the_database_has_of_them(beside: Operated) -> None:
    length, of_database = deposited(beside)

    found = made(beside)

    assert found.disk_bytes_a_night == pytest.approx(length + of_database, abs=1)
    assert found.days_until_full == pytest.approx(found.disk_free_bytes / (length + of_database), rel=0.01)


def test_with_fewer_than_thirty_days_the_command_ends_with_three_and_says_what_to_do(beside: Operated) -> None:
    free = made(beside).disk_free_bytes
    kept_mb = free // 10**6  # less than a megabyte is left for crawls
    env = environment(replace(beside.settings, keep_free_mb=kept_mb)) | {"LETAPIS_KEEP_FREE_MB": str(kept_mb)}

    text = CliRunner(env=env).invoke(app, ["forecast"])
    rows = CliRunner(env=env).invoke(app, ["forecast", "--json"])

    assert (text.exit_code, rows.exit_code) == (3, 3), text.output
    assert "That is soon: add a disk, or move the store." in text.stdout
    whole, *sources = map(json.loads, rows.stdout.splitlines())
    assert (whole["kind"], whole["alarm"]) == ("forecast", True)
    assert {row["source_id"] for row in sources} == {"kanal", "sud", SECRET}
