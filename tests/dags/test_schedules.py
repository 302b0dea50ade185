"""When the nights begin, by Airflow's own scheduler and database: what was due is begun late, never left out."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.collect.night_schedule import NightSchedule
from pipeline.config.settings import ROOT
from pipeline.devstack.postgres import PostgresServer
from tests.embedded_database import drop_database

DAY = timedelta(days=1)


def last_midnight_quarter(now: datetime) -> datetime:
    """When the newest night was due, as airflow.cfg's clock has it."""
    at = now.replace(hour=0, minute=15, second=0, microsecond=0)
    return at if at <= now else at - DAY


@dataclass(frozen=True)
class Played:
    """What Airflow did in every scenario, the moment it was played at, and the newest night that was due then."""

    now: datetime
    due: datetime
    answers: dict[str, dict[str, Any]]


def run(kind: str, at: datetime, state: str) -> dict[str, str]:
    return {"kind": kind, "at": at.isoformat(), "state": state}


def scenarios(now: datetime, due: datetime) -> dict[str, dict[str, Any]]:
    """Runs that Airflow knows when its scheduler looks."""
    long_ago = (due - 5 * DAY).isoformat()
    return {
        "new": {"dag": "harvest", "since": now.isoformat()},
        "by hand over the hour": {
            "dag": "harvest",
            "since": (due - timedelta(hours=9)).isoformat(),
            "runs": [run("manual", due - timedelta(minutes=5), "running")],
        },
        "two by hand, one waiting": {
            "dag": "harvest",
            "since": long_ago,
            "runs": [
                run("scheduled", due - DAY, "success"),
                run("manual", due - timedelta(minutes=5), "running"),
                run("manual", due - timedelta(minutes=1), "queued"),
            ],
        },
        "never up at the hour": {"dag": "harvest", "since": long_ago},
        "off for three nights": {
            "dag": "harvest",
            "since": long_ago,
            "runs": [run("scheduled", due - 4 * DAY, "success")],
        },
        "night before still at work": {
            "dag": "harvest",
            "since": long_ago,
            "runs": [run("scheduled", due - DAY, "running")],
        },
        "paused over the hour": {
            "dag": "harvest",
            "since": long_ago,
            "runs": [run("scheduled", due - DAY, "success")],
            "paused": True,
        },
        "clock was ahead once": {
            "dag": "harvest",
            "since": long_ago,
            "runs": [run("scheduled", due + 30 * DAY, "success")],
        },
        "no day is known": {"dag": "harvest"},
        "audit, never up at the hour": {"dag": "audit", "since": (now - timedelta(days=8)).isoformat()},
        "audit, new": {"dag": "audit", "since": now.isoformat()},
    }


@pytest.fixture(scope="module")
def played(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """What Airflow does in every scenario; one process, since Airflow takes seconds to be imported."""
    now = datetime.now(UTC)  # as late as can be: a quarter past midnight, another night is due
    due = last_midnight_quarter(now)
    home = tmp_path_factory.mktemp("scheduling")
    name = f"scheduling_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "LETAPIS"))}
    asked = subprocess.run(
        [sys.executable, "-m", "tests.dags.scheduling", str(home / "answers.json")],
        input=json.dumps(scenarios(now, due)),
        cwd=ROOT,
        env=environment
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": access.owner_url,
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert asked.returncode == 0, asked.stderr[-4000:]
    yield Played(now, due, json.loads(Path(home / "answers.json").read_text("utf-8")))
    drop_database(postgres_server, name)


def test_a_new_collector_waits_for_its_first_night(played: Played) -> None:
    assert played.answers["new"] == {"before": [], "after": [], "announced": (played.due + DAY).isoformat()}


@pytest.mark.parametrize(
    "name", ["by hand over the hour", "two by hand, one waiting", "night before still at work"]
)
def test_a_night_waits_for_the_harvest_that_is_at_work_and_begins_after_it(played: Played, name: str) -> None:
    assert played.answers[name] == {
        "before": [],
        "after": [played.due.isoformat()],
        "announced": (played.due + DAY).isoformat(),
    }


def test_a_night_missed_while_the_stack_was_down_begins_as_soon_as_it_is_up(played: Played) -> None:
    late = {
        "before": [played.due.isoformat()],
        "after": [played.due.isoformat()],
        "announced": (played.due + DAY).isoformat(),
    }
    assert played.answers["never up at the hour"] == late
    assert played.answers["off for three nights"] == late, "the newest alone: what was there earlier is gone"


def test_a_night_that_was_due_while_the_harvest_was_paused_begins_when_it_no_longer_is(played: Played) -> None:
    late = {"before": [], "after": [played.due.isoformat()], "announced": (played.due + DAY).isoformat()}
    assert played.answers["paused over the hour"] == late


def test_where_nobody_says_since_when_nights_are_due_the_newest_one_is(played: Played) -> None:
    assert played.answers["no day is known"]["after"] == [played.due.isoformat()]


def test_after_a_run_dated_in_the_future_no_night_begins_and_status_and_doctor_say_so(played: Played) -> None:
    """The clock was wrong once: Airflow goes on from its newest run, and nothing but deleting that run helps."""
    answer = played.answers["clock was ahead once"]
    assert answer["after"] == []
    announced = datetime.fromisoformat(answer["announced"])
    assert announced == played.due + 31 * DAY
    schedule = NightSchedule(paused=False, next_at=announced, at_work=None, progress=None)
    assert "a run is dated in the future" in str(schedule.problem(played.now))


def test_the_weekly_audit_is_made_up_for_likewise(played: Played) -> None:
    assert played.answers["audit, new"]["after"] == []
    assert len(played.answers["audit, never up at the hour"]["after"]) == 1
