"""What runs, what is pending, what failed: on one screen, and of a night that will not begin the reason."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.collect.night_schedule import NightSchedule
from pipeline.commands.status import screen
from pipeline.config.settings import ROOT, Settings
from pipeline.setup.status import Section, StatusLine, status_lines
from storage.archive import Archive
from storage.ledger.harvests import DAY, begin_harvest, end_harvest, newest_due
from storage.spool.lock import lock_crawl

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TONIGHT = datetime(2026, 11, 24, 0, 15, tzinfo=UTC)
LAST = TONIGHT - DAY
BY_HAND = "manual__2026-11-23T00:10:00"


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        (NightSchedule(False, TONIGHT, None, None), None),
        (NightSchedule(False, LAST, BY_HAND, "Harvest: 0 of 1 done"), None),
        (NightSchedule(True, TONIGHT, None, None), "The DAG `harvest` is paused in Airflow: no night begins"),
        (
            NightSchedule(True, LAST, None, None),
            "The night of 2026-11-23, due 00:15 UTC, does not begin: the DAG",
        ),
        (NightSchedule(False, LAST, None, None), "due 00:15 UTC, begins now. Its scheduler does not start it"),
        (NightSchedule(False, None, None, None), "Airflow announces no next night"),
        (
            NightSchedule(False, TONIGHT + 300 * DAY, None, None),
            "for 2027-09-20 00:15 UTC: a run is dated in the",
        ),
    ],
)
def test_a_night_that_will_not_begin_says_why(schedule: NightSchedule, problem: str | None) -> None:
    found = schedule.problem(NOW)
    assert found == problem if problem is None else problem in str(found)


def test_a_night_that_waits_for_a_harvest_by_hand_names_it() -> None:
    waits = NightSchedule(False, LAST, BY_HAND, None).due(NOW)
    assert waits == (
        "The night of 2026-11-23, due 00:15 UTC, begins when the harvest before it has ended "
        "(manual__2026-11-23T00:10:00)."
    )


@pytest.mark.parametrize(
    ("schedule", "in_hand"),
    [
        (NightSchedule(False, LAST, BY_HAND, None), True),
        (NightSchedule(False, TONIGHT, "scheduled__2026-11-23T00:15:00+00:00", None), True),
        (NightSchedule(False, TONIGHT, BY_HAND, None, ("scheduled__2026-11-23T00:15:00+00:00",)), True),
        (NightSchedule(False, TONIGHT, BY_HAND, None), False),
    ],
)
def test_a_night_that_will_still_begin_is_not_told_as_missed(schedule: NightSchedule, in_hand: bool) -> None:
    assert schedule.covers(LAST) is in_hand
    assert not schedule.covers(LAST - DAY)


def test_with_the_stack_down_it_says_so_and_what_can_be_known_all_the_same(tmp_path: Path) -> None:
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text("sources:\n  - {id: sud, kind: court, pages: [https://sud.example/]}\n", "utf-8")
    (tmp_path / "data" / "spool" / "01JD").mkdir(parents=True)
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "status", "--json"],
        env={**os.environ, "LETAPIS_DATA": str(tmp_path / "data"), "LETAPIS_WATCHLIST": str(watchlist)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {row["kind"] for row in rows} == {"status"}
    said = {(row["section"], row["what"]): row["found"] for row in rows}
    assert said["failed", "stack"] == "The stack is down: no night begins, and no request is carried out."
    assert "unknown kind 'court'" in said["failed", "watch-list"]
    assert said["pending", "spool"].startswith("What 1 stopped crawl captured waits to be deposited")
    assert said["pending", "nights"].startswith("not known: the database does not run")


def test_nights_and_crawls_are_told_from_what_custody_and_spool_hold(
    stored_settings: Settings, archive: Archive
) -> None:
    newest = newest_due(datetime.now(UTC))
    settings = replace(stored_settings, nights_since=newest - DAY)
    begin_harvest(
        archive, "scheduled__1", actor="c", due_at=newest, sources=("sud", "kanal"), covers_watchlist=True
    )
    end_harvest(archive, "scheduled__1", actor="c", failures={"sud": "blocked: status 403"}, network=None)
    folder = settings.spool_dir / "01JD"
    folder.mkdir(parents=True)
    with lock_crawl(folder):
        said = {(line.section, line.what): line.found for line in status_lines(settings)}

    assert said["runs", "crawls"] == "1 crawl running"
    assert said["failed", f"night {newest:%m-%d}"].startswith("1 of 2 sources failed.")
    assert said["failed", f"night {newest - DAY:%m-%d}"].startswith("This night did not run.")


def on_screen(lines: list[StatusLine]) -> list[str]:
    console = Console(width=80, file=io.StringIO())
    with console.capture() as captured:
        console.print(screen(lines))
    return captured.get().splitlines()


def test_the_screen_is_eighty_columns_wide_and_no_more_than_a_screen_high() -> None:
    long = "https://sud.example/" + "x" * 90 + ": blocked: status 403"
    sections: tuple[Section, ...] = ("failed", "runs", "pending", "stack")
    lines = [
        StatusLine(each, "tg-a-source-with-a-very-long-name-indeed", long) for each in sections for _ in range(20)
    ]
    shown = on_screen(lines)
    assert max(map(len, shown)) <= 80
    assert len(shown) <= 24
    assert sum("more; `letapis status --json` lists all" in row for row in shown) == 4


def test_what_failed_has_the_room_that_nothing_else_needs() -> None:
    shown = on_screen([StatusLine("failed", f"sud-{number}", "blocked") for number in range(15)])
    assert len([row for row in shown if "blocked" in row]) == 15


def test_what_is_said_holds_nothing_a_terminal_obeys() -> None:
    text = "\n".join(
        on_screen([StatusLine("failed", "sud\x1b[2J", "page \x1b]0;title\x07 [red]not markup[/red]")])
    )
    assert "\x1b" not in text
    assert "\\x1b]0;title\\x07 [red]not markup[/red]" in text


def test_a_stack_that_is_down_leads_to_the_demos_where_there_is_one(tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    (demo / "sites").mkdir(parents=True)

    (own,) = (
        line.found
        for line in status_lines(Settings(data=tmp_path))
        if (line.section, line.what) == ("stack", "stack")
    )
    (of_demo,) = (
        line.found for line in status_lines(Settings(data=demo)) if (line.section, line.what) == ("stack", "stack")
    )

    assert own == f"down: `letapis up` starts it; the demo has its own stack, shown with LETAPIS_DATA={demo}"
    assert of_demo == "down: `make demo` starts it"
