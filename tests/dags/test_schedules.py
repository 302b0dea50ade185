"""When the nights begin, by Airflow's own scheduler and database: what was due is begun late, never left out."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.collect.night_schedule import NightSchedule
from pipeline.config.settings import ROOT
from pipeline.devstack.postgres import PostgresServer
from tests.embedded_database import drop_database

Answers = dict[str, dict[str, Any]]

DAY = timedelta(days=1)


def last_midnight_quarter(now: datetime) -> datetime:
    """When the newest night was due, as airflow.cfg's clock has it."""
    at = now.replace(hour=0, minute=15, second=0, microsecond=0)
    return at if at <= now else at - DAY


NOW = datetime.now(UTC)
DUE = last_midnight_quarter(NOW)
LONG_AGO = (DUE - 5 * DAY).isoformat()


def run(kind: str, at: datetime, state: str) -> dict[str, str]:
    return {"kind": kind, "at": at.isoformat(), "state": state}


SCENARIOS: dict[str, dict[str, Any]] = {
    "new": {"dag": "harvest", "since": NOW.isoformat()},
    "by hand over the hour": {
        "dag": "harvest",
        "since": (DUE - timedelta(hours=9)).isoformat(),
        "runs": [run("manual", DUE - timedelta(minutes=5), "running")],
    },
    "two by hand, one waiting": {
        "dag": "harvest",
        "since": LONG_AGO,
        "runs": [
            run("scheduled", DUE - DAY, "success"),
            run("manual", DUE - timedelta(minutes=5), "running"),
            run("manual", DUE - timedelta(minutes=1), "queued"),
        ],
    },
    "never up at the hour": {"dag": "harvest", "since": LONG_AGO},
    "off for three nights": {
        "dag": "harvest",
        "since": LONG_AGO,
        "runs": [run("scheduled", DUE - 4 * DAY, "success")],
    },
    "night before still at work": {
        "dag": "harvest",
        "since": LONG_AGO,
        "runs": [run("scheduled", DUE - DAY, "running")],
    },
    "paused over the hour": {
        "dag": "harvest",
        "since": LONG_AGO,
        "runs": [run("scheduled", DUE - DAY, "success")],
        "paused": True,
    },
    "clock was ahead once": {
        "dag": "harvest",
        "since": LONG_AGO,
        "runs": [run("scheduled", DUE + 30 * DAY, "success")],
    },
    "no day is known": {"dag": "harvest"},
    "audit, never up at the hour": {"dag": "audit", "since": (NOW - timedelta(days=8)).isoformat()},
    "audit, new": {"dag": "audit", "since": NOW.isoformat()},
}


@pytest.fixture(scope="module")
def answers(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """What Airflow does in every scenario; one process, since Airflow takes seconds to be imported."""
    home = tmp_path_factory.mktemp("scheduling")
    name = f"scheduling_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "LETAPIS"))}
    asked = subprocess.run(
        [sys.executable, "-m", "tests.dags.scheduling", str(home / "answers.json")],
        input=json.dumps(SCENARIOS),
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
    yield json.loads(Path(home / "answers.json").read_text("utf-8"))
    drop_database(postgres_server, name)


def test_a_new_collector_waits_for_its_first_night(answers: Answers) -> None:
    assert answers["new"] == {"before": [], "after": [], "announced": (DUE + DAY).isoformat()}


@pytest.mark.parametrize(
    "name", ["by hand over the hour", "two by hand, one waiting", "night before still at work"]
)
def test_a_night_waits_for_the_harvest_that_is_at_work_and_begins_after_it(answers: Answers, name: str) -> None:
    assert answers[name] == {"before": [], "after": [DUE.isoformat()], "announced": (DUE + DAY).isoformat()}


def test_a_night_missed_while_the_stack_was_down_begins_as_soon_as_it_is_up(answers: Answers) -> None:
    late = {"before": [DUE.isoformat()], "after": [DUE.isoformat()], "announced": (DUE + DAY).isoformat()}
    assert answers["never up at the hour"] == late
    assert answers["off for three nights"] == late, "the newest alone: what was there earlier is gone"


def test_a_night_that_was_due_while_the_harvest_was_paused_begins_when_it_no_longer_is(answers: Answers) -> None:
    late = {"before": [], "after": [DUE.isoformat()], "announced": (DUE + DAY).isoformat()}
    assert answers["paused over the hour"] == late


def test_where_nobody_says_since_when_nights_are_due_the_newest_one_is(answers: Answers) -> None:
    assert answers["no day is known"]["after"] == [DUE.isoformat()]


def test_after_a_run_dated_in_the_future_no_night_begins_and_status_and_doctor_say_so(answers: Answers) -> None:
    """The clock was wrong once: Airflow goes on from its newest run, and nothing but deleting that run helps."""
    answer = answers["clock was ahead once"]
    assert answer["after"] == []
    announced = datetime.fromisoformat(answer["announced"])
    assert announced == DUE + 31 * DAY
    schedule = NightSchedule(paused=False, next_at=announced, at_work=None, progress=None)
    assert "a run is dated in the future" in str(schedule.problem(NOW))


def test_the_weekly_audit_is_made_up_for_likewise(answers: Answers) -> None:
    assert answers["audit, new"]["after"] == []
    assert len(answers["audit, never up at the hour"]["after"]) == 1
