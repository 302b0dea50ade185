"""The pages of administrators: nights in charts, and what is missing on the machine."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from access.app import create_app
from access.machine_checks import MachineChecks
from access.rendering.formatting import format_count
from access.rendering.labels import kind_label
from access.rendering.night_charts import format_duration, night_charts
from access.views.backfill import backfill_figures
from access.views.operation import NIGHTS, night_figures
from access.views.rereading import reread_figures
from pipeline.config.settings import Settings, SettingsError
from pipeline.process.run import process_pending
from pipeline.setup.doctor import examine, label_of
from pipeline.setup.machine_desk import SettingsMachineDesk
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.crawl_facts import begin_collection
from storage.ledger.harvests import begin_harvest, end_harvest, newest_due
from storage.work_queue.backfills import MissingPosts, note_turn, start
from storage.work_queue.rereading import note_file, note_left
from tests.access.conftest import user_of_header
from tests.access.views.test_changes import COURT, LIST, MOVED_AFTER, STAYS, page
from tests.access.views.test_sources import REFUSED
from tests.storage.crawled_files import crawl_one, exchange


def midday() -> datetime:
    """Midday of the present UTC day: its night is the newest that was due, whatever the clock says."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def deposit_tonight(archive: Archive, spool: Path, block: bytes) -> None:
    """What one source answers in this night, deposited and read."""
    deposit_file(archive, crawl_one(spool, [exchange(LIST, block, at=datetime.now(UTC))], source=COURT))
    process_pending(archive)


def begin_night(archive: Archive) -> None:
    begin_harvest(
        archive, "n-1", actor="scheduler", due_at=newest_due(midday()), sources=[COURT.id], covers_watchlist=True
    )


@dataclass
class CountingDesk:
    """A desk that finds one thing missing, and counts how often it looks."""

    looked: int = 0

    def host(self) -> str:
        return "machine-<7>"

    def checks(self) -> Sequence[Mapping[str, Any]]:
        self.looked += 1
        return (
            {"name": "Clock", "state": "warning", "found": "unknown", "how": "Synchronize it."},
            {"name": "Python", "state": "ok", "found": "Python 3.11", "how": None},
            {"name": "Database", "state": "missing", "found": "no <answer>", "how": "Start it."},
        )


@pytest.fixture
def administrator(archive: Archive) -> Iterator[TestClient]:
    app = create_app(lambda: archive, user_of_header, machine=CountingDesk())
    with TestClient(app, headers={"X-User": "admin"}) as client:
        yield client


@pytest.fixture
def a_night(archive: Archive, tmp_path: Path) -> Archive:
    """The newest night: one source gave two hearings, another day nothing ran."""
    begin_night(archive)
    deposit_tonight(archive, tmp_path, page(MOVED_AFTER, STAYS))
    end_harvest(archive, "n-1", actor="scheduler", failures={}, network=None)
    return archive


def test_a_night_has_its_duration_what_it_read_and_what_it_stored(a_night: Archive) -> None:
    rows = night_figures(a_night, now=midday())
    night = rows[-1]
    assert night["day"] == newest_due(midday()).date().isoformat()
    assert (night["state"], night["records"], night["outcomes"]) == ("came through", 2, {"content": 1})
    assert night["stored_bytes"] > 0
    assert 0 <= night["duration_s"] < 300


def test_a_night_that_did_not_run_is_marked_and_not_drawn_as_one_that_brought_nothing(
    archive: Archive,
) -> None:
    begin_night(archive)
    rows = night_figures(archive, now=midday() + timedelta(days=2))
    assert [row["state"] for row in rows] == ["began and did not end", "did not run", "did not run"]
    (_, duration), *_ = night_charts(rows)
    assert [column.hole is not None for column in duration.columns] == [True, True, True]
    assert rows[0]["duration_s"] is None


def test_refusals_are_red_and_at_the_top_of_the_column(archive: Archive, tmp_path: Path) -> None:
    begin_night(archive)
    deposit_tonight(archive, tmp_path, REFUSED)
    *_, (_, pages) = night_charts(night_figures(archive, now=midday()))
    (refused,) = pages.columns[-1].parts
    assert (refused.tone, refused.y + refused.height) == ("bad", pages.base_y)
    assert pages.columns[-1].description.endswith(f"{kind_label('blocked')} 1")


def test_the_page_draws_the_nights_and_says_their_numbers_in_a_table(
    a_night: Archive, administrator: TestClient
) -> None:
    shown = administrator.get("/operation").text
    assert shown.count("<svg") >= 4
    assert "How long each night took" in shown
    assert f'<td class="when">{newest_due(midday()).date().isoformat()}</td>' in shown


def test_before_the_first_harvest_the_page_says_so(administrator: TestClient) -> None:
    assert "the first harvest has not begun" in administrator.get("/operation").text


def test_what_is_missing_comes_first_with_what_to_do(administrator: TestClient) -> None:
    shown = administrator.get("/operation/checks").text
    assert shown.index("no &lt;answer&gt;") < shown.index("Synchronize it.") < shown.index("Python 3.11")
    assert "machine-&lt;7&gt;" in shown


def test_a_process_that_only_shows_has_no_checks(archive: Archive) -> None:
    with TestClient(create_app(lambda: archive, user_of_header), headers={"X-User": "admin"}) as client:
        answer = client.get("/operation/checks")
    assert answer.status_code == 404
    assert "letapis doctor" in answer.text


def test_many_callers_at_once_share_one_look_at_the_machine() -> None:
    desk = CountingDesk()
    checks = MachineChecks(desk)
    callers = [threading.Thread(target=checks.checked) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert desk.looked == 1


def test_the_desk_says_what_the_doctor_says(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    rows = SettingsMachineDesk(lambda: settings).checks()
    assert [row["name"] for row in rows] == [label_of(check.name) for check in examine(settings)]


def test_settings_that_contradict_themselves_are_a_check_that_is_missing() -> None:
    def broken() -> Settings:
        raise SettingsError(("LETAPIS_LOCK_DAYS: expected a number.",))

    (row,) = SettingsMachineDesk(broken).checks()
    assert (row["name"], row["state"]) == ("Settings", "missing")
    assert "LETAPIS_LOCK_DAYS" in row["found"]


@pytest.mark.parametrize(("seconds", "words"), [(7, "7 s"), (119.4, "119 s"), (150, "2 min"), (7260, "2 h 1 min")])
def test_durations_are_said_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_the_view_reaches_back_two_months(archive: Archive) -> None:
    begin_night(archive)
    assert len(night_figures(archive, now=midday() + timedelta(days=100))) == NIGHTS


def begin_history(archive: Archive) -> None:
    with archive.writer.begin() as connection:
        start(connection, "tg-new", delay_s=1.0, by="ann", missing=None)
        start(connection, "tg-old", delay_s=1.0, by="ann", missing=MissingPosts(100_000, 80_000, 4_000))
        note_turn(
            connection,
            "tg-old",
            crawl_id="01",
            pages=1000,
            seconds=2000.0,
            missing=MissingPosts(100_000, 60_000, 3_000),
            problem="a <reason>",
        )


def test_the_plan_of_the_backfill_has_its_end_by_what_it_managed(archive: Archive) -> None:
    begin_history(archive)
    found = backfill_figures(archive, now=midday())
    plan = found["plan"]
    assert (plan["channels"], plan["unknown"], plan["pages_left"], plan["measured"]) == (2, 1, 3000, True)
    assert (plan["pages_an_hour"], plan["share_done"]) == (1800.0, 0.25)
    assert plan["ends_at"] == midday() + timedelta(days=3000 * 2.0 / 3600 / plan["hours_a_day"])
    assert [row["source_id"] for row in found["channels"]] == ["tg-old", "tg-new"]


def test_administrators_see_the_plan_and_each_channel(administrator: TestClient, archive: Archive) -> None:
    assert "No history is being fetched." in administrator.get("/operation").text
    begin_history(archive)
    shown = administrator.get("/operation").text
    assert "Fetched by 20" in shown
    assert "About 3\u202f000 pages of 2 channels are left." in shown
    assert "a &lt;reason&gt;" in shown
    assert shown.index("tg-old") < shown.index("tg-new")


def test_a_channel_of_which_somebody_may_not_know_is_not_in_the_plan(archive: Archive) -> None:
    begin_history(archive)
    begin_collection(archive, crawl_id="02", source_id="tg-old", actor="night", facts={}, access_label="case-1")
    found = backfill_figures(archive, viewer=Viewer("ben", Role.COLLECTOR))
    assert [row["source_id"] for row in found["channels"]] == ["tg-new"]
    assert found["plan"]["pages_left"] == 0


def test_what_an_upgrade_reads_again_stands_with_its_progress(
    archive: Archive, administrator: TestClient, tmp_path: Path
) -> None:
    assert "Read again after an upgrade" not in administrator.get("/operation").text
    deposit_tonight(archive, tmp_path, page(MOVED_AFTER, STAYS))
    with archive.writer.begin() as connection:
        note_left(connection, "versions", files=4, bytes_left=4000)
        note_file(connection, "versions", length_bytes=1000, seconds=60.0)
        connection.execute(
            text(
                "INSERT INTO work.read_again SELECT key, 'court-list-3', 'court-list-4', 1200, 7, 9, 2, 3 "
                "FROM catalogue.warcs"
            )
        )
    now = datetime.now(UTC)
    figures = reread_figures(archive, now=now)
    assert figures is not None
    assert (figures["plan"]["files_done"], figures["plan"]["files_left"]) == (1, 3)
    assert (figures["plan"]["share_done"], figures["plan"]["hours_left"]) == (0.25, 0.05)
    assert figures["plan"]["ends_at"] > now
    shown = administrator.get("/operation").text
    assert "1 of 4 files are read again." in shown
    assert "court-list-3" in shown
    assert format_count(1200) in shown
