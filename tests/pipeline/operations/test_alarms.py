"""Alarms: once when they begin, once a day while they last, once when they are over, whenever the process dies."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.settings import ROOT, Settings, SettingsError, load_settings
from pipeline.operations import alarm_run
from pipeline.operations.alarm_checks import Look
from pipeline.operations.alarm_clock import SERVERS, STORE, TOKEN, ClockSaid, clock_sentence
from pipeline.operations.alarm_memory import AlarmMemory, Lasting, Memory
from pipeline.operations.alarm_run import NOT_YET, alarms_now, raise_alarms
from pipeline.operations.alarm_text import text_of_alarms, title_of_alarms
from pipeline.operations.alarms import AlarmChanges, changes_of
from pipeline.operations.outbox import Outbox, UnsentMessage, name_of
from pipeline.operations.sending import retry_unsent, send_message
from tests.pipeline.operations.conftest import SECRET, Operated

UTC_ZONE = ZoneInfo("UTC")
AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
STORE_AWAY = "The object store does not answer, or refuses the key."
NONE: frozenset[str] = frozenset()


class Listening(BaseHTTPRequestHandler):
    """Keeps each message; waits with its answer where the server is told to."""

    def do_POST(self) -> None:
        assert isinstance(self.server, Operator)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append(json.loads(body))
        self.server.has_received.set()
        self.server.may_answer.wait(60)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class Operator(ThreadingHTTPServer):
    """Somebody on loopback who gets alarms."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listening)
        self.status = 200
        self.received: list[Mapping[str, str]] = []
        self.has_received = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/alarms"

    def titles(self) -> list[str]:
        return [each["title"] for each in self.received]


@pytest.fixture
def operator() -> Iterator[Operator]:
    with Operator() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        serving.join()


@pytest.fixture
def settings(tmp_path: Path, operator: Operator) -> Settings:
    """An installation whose database and store are away, with one address for alarms."""
    return Settings(data=tmp_path, alarm_to=(operator.address,), keep_free_mb=0)


def seen(found: Mapping[str, str], *, at: datetime = AT, unknown: frozenset[str] = NONE) -> Look:
    return Look(at, found, unknown)


def lasting(since: datetime = AT - timedelta(hours=1)) -> dict[str, Lasting]:
    return {"store": Lasting(since, since, STORE_AWAY)}


def test_an_alarm_begins_lasts_and_is_over() -> None:
    began = changes_of({}, seen({"store": STORE_AWAY}))
    lasts = changes_of(lasting(), seen({"store": STORE_AWAY}))
    over = changes_of(lasting(), seen({}))

    assert (set(began.began), began.is_due) == ({"store"}, True)
    assert (set(lasts.last), lasts.is_due) == ({"store"}, False)
    assert (set(over.over), over.is_due, over.remembered(seen({}))) == ({"store"}, True, {})


def test_what_could_not_be_looked_at_is_not_over() -> None:
    known = {
        "outlet:witness": Lasting(AT, AT, "Outlet witness"),
        "source:kanal": Lasting(AT, AT, "kanal"),
        "store": Lasting(AT, AT, STORE_AWAY),
    }
    found = changes_of(known, seen({"database": "away"}, unknown=frozenset({"outlet", "source"})))

    assert set(found.last) == found.unknown == {"outlet:witness", "source:kanal"}
    assert set(found.over) == {"store"}
    text = text_of_alarms(found, AT, UTC_ZONE)
    assert "Lasts      since 2026-11-30 12:00: Outlet witness (not known now)" in text


def test_a_reminder_comes_once_a_day_and_names_all_that_last() -> None:
    known = lasting(AT - 25 * timedelta(hours=1)) | {"clock": Lasting(AT, AT, "The clock")}
    look = seen({"store": STORE_AWAY, "clock": "The clock"})
    reminded = changes_of(known, look)
    later = seen(look.found, at=AT + timedelta(hours=23))

    assert reminded.is_due
    assert title_of_alarms(reminded) == "Letapis: 2 alarms last"
    remembered = reminded.remembered(look)
    assert {key: each.since for key, each in remembered.items()} == {
        key: each.since for key, each in known.items()
    }
    assert not changes_of(remembered, later).is_due
    assert changes_of(remembered, replace(later, at=AT + DAY)).is_due


def test_title_and_text_say_what_is_new_what_lasts_and_what_is_over() -> None:
    changes = AlarmChanges(
        began={"disk": Lasting(AT, AT, "Make room."), "clock": Lasting(AT, AT, "Set it.")},
        last=lasting(),
        over={"outlet:w": Lasting(AT - DAY, AT - DAY, "Outlet w.")},
        unknown=NONE,
        is_due=True,
    )

    assert title_of_alarms(changes) == "Letapis alarm: Make room. And 1 more."
    assert text_of_alarms(changes, AT, ZoneInfo("Europe/Warsaw")).splitlines() == [
        "New        Make room.",
        "           Set it.",
        "Lasts      since 2026-11-30 12:00: The object store does not answer, or refuses",
        "           the key.",
        "Over       2026-11-29 13:00 to 2026-11-30 13:00: Outlet w.",
        "",
        "letapis alarms shows how it is now.",
    ]
    assert title_of_alarms(replace(changes, began={}, last={})) == "Letapis: the alarm is over"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (ClockSaid(((SERVERS, 9.9, 10.0), (STORE, -9.0, 10.0), (TOKEN, 100.0, 120.0))), None),
        (ClockSaid(()), None),
        (ClockSaid(((SERVERS, 11.0, 10.0), (STORE, -70.4, 10.0))), "-70 seconds by the object store"),
        (ClockSaid(((TOKEN, 150.0, 120.0),)), "+150 seconds by a time token"),
        (ClockSaid((), refused=True), "refuses every request"),
    ],
)
def test_a_clock_is_off_where_somebody_says_so_by_more_than_is_usual(
    said: ClockSaid, sentence: str | None
) -> None:
    found = clock_sentence(said)

    assert found == sentence if sentence is None else sentence in str(found)


def test_what_begins_goes_out_once_and_what_is_over_once(settings: Settings, operator: Operator) -> None:
    first = raise_alarms(settings, look_again_s=0)
    second = raise_alarms(settings, look_again_s=0)

    assert set(first.changes.began) == {"database", "store"}
    assert [each.sent for each in first.deliveries] == [True]
    assert second.deliveries == ()
    assert operator.titles() == ["Letapis alarm: No database is known to this process. And 1 more."]

    memory = AlarmMemory(settings.data)
    known = memory.read()
    memory.write(replace(known, lasting=dict(known.lasting) | {"disk": Lasting(AT, AT, "Only 1.0 GB are free.")}))
    third = raise_alarms(settings, look_again_s=0)

    assert set(third.changes.over) == {"disk"}
    assert "Over" in operator.received[-1]["message"]
    assert len(operator.received) == 2
    assert set(AlarmMemory(settings.data).read().lasting) == {"database", "store"}


def test_what_is_wrong_goes_out_although_nothing_can_be_remembered(settings: Settings, operator: Operator) -> None:
    (settings.data / "messages").write_text("a file where the folder should be", "utf-8")

    for _ in range(2):
        with pytest.raises(OSError, match="messages"):
            raise_alarms(settings, look_again_s=0)

    assert operator.titles() == ["Letapis alarm: No database is known to this process. And 1 more."] * 2


def test_a_fault_of_one_moment_is_no_alarm(
    settings: Settings, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([seen({"store": STORE_AWAY}), seen({"disk": "Make room."})])
    monkeypatch.setattr(alarm_run, "look", lambda *_, **__: next(looks))

    made = raise_alarms(settings, look_again_s=0)

    assert made.changes.began == {}
    assert operator.received == []


def test_a_reminder_is_sent_after_a_day(settings: Settings, operator: Operator) -> None:
    raise_alarms(settings, look_again_s=0, now=AT)
    raise_alarms(settings, look_again_s=0, now=AT + timedelta(hours=23))
    raise_alarms(settings, look_again_s=0, now=AT + DAY)
    raise_alarms(settings, look_again_s=0, now=AT + DAY + timedelta(minutes=5))

    assert operator.titles()[1:] == ["Letapis: 2 alarms last"]


def test_what_was_not_taken_is_sent_until_it_is(settings: Settings, operator: Operator) -> None:
    operator.status = 503
    (failed,) = raise_alarms(settings, look_again_s=0).deliveries
    operator.status = 200
    (sent,) = raise_alarms(settings, look_again_s=0).deliveries
    again = raise_alarms(settings, look_again_s=0).deliveries

    assert (failed.sent, sent.sent, sent.earlier, again) == (False, True, True, ())
    assert len(operator.received) == 2


def test_a_message_that_was_decided_by_a_process_that_died_is_sent_once(
    settings: Settings, operator: Operator
) -> None:
    memory = AlarmMemory(settings.data)
    pending = {name_of(operator.address): NOT_YET}
    known = {key: Lasting(AT, datetime.now(UTC), key) for key in ("database", "store")}
    decided = Memory(known, UnsentMessage("2026-11-30T12:00:00Z", "decided", "body", pending))
    memory.write(decided)

    raise_alarms(settings, look_again_s=0)
    memory.write(decided)  # as if the first had died before it could note that the outbox has it
    raise_alarms(settings, look_again_s=0)

    assert operator.titles() == ["decided"]
    assert memory.read().message is None


def command(settings: Settings, *arguments: str) -> "subprocess.Popen[bytes]":
    env = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
    env |= {
        "LETAPIS_DATA": str(settings.data),
        "LETAPIS_ALARM_TO": settings.alarm_to[0],
        "LETAPIS_KEEP_FREE_MB": "0",
    }
    code = "from pipeline.operations import alarm_run as r; r.raise_alarms.__kwdefaults__['look_again_s'] = 0; "
    code += "from pipeline.cli import app; app()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "alarms", *arguments],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_killed_while_the_message_is_on_its_way_it_comes_again_and_then_never(
    settings: Settings, operator: Operator
) -> None:
    """Whether it has arrived nobody knows then; an alarm that is lost would be worse."""
    operator.may_answer.clear()
    sending = command(settings, "--send")
    assert operator.has_received.wait(120)
    os.killpg(sending.pid, signal.SIGKILL)
    sending.wait()
    operator.may_answer.set()

    (kept,) = Outbox(settings.data).unsent()
    assert command(settings, "--send").wait(120) == 3
    assert command(settings, "--send").wait(120) == 3

    assert operator.titles() == [kept.title, kept.title]
    assert Outbox(settings.data).unsent() == ()


def test_the_morning_sends_on_what_is_kept_of_alarms_and_not_to_those_who_get_mornings_alone(
    settings: Settings, operator: Operator
) -> None:
    operator.status = 503
    raise_alarms(settings, look_again_s=0)
    operator.status = 200
    both = replace(settings, morning_to=("json://127.0.0.1:9/",))

    found = send_message(both, "morning", "text")

    assert [(each.to, each.sent, each.earlier) for each in found] == [
        ("2 (JSON)", True, True),
        ("1 (JSON)", False, False),
    ]
    assert [each["title"] for each in operator.received][1:] == [operator.titles()[0]]


def test_two_processes_do_not_send_the_same_message(settings: Settings, operator: Operator) -> None:
    pending = {name_of(operator.address): NOT_YET}
    Outbox(settings.data).add(UnsentMessage("2026-11-30T12:00:00Z", "kept", "body", pending))
    operator.may_answer.clear()
    threads = [threading.Thread(target=retry_unsent, args=(settings,)) for _ in range(2)]
    for each in threads:
        each.start()
    assert operator.has_received.wait(60)
    operator.may_answer.set()
    for each in threads:
        each.join()

    assert operator.titles() == ["kept"]


def test_alarms_go_to_whom_the_morning_goes_unless_others_are_named(tmp_path: Path) -> None:
    def to(**given: str) -> tuple[str, ...]:
        return load_settings(
            {"LETAPIS_DATA": str(tmp_path), **{f"LETAPIS_{name}": value for name, value in given.items()}},
            dotenv=tmp_path / "none",
        ).alarms_to

    assert to(MORNING_TO="json://a/") == ("json://a/",)
    assert to(MORNING_TO="json://a/", ALARM_TO="json://b/ json://c/") == ("json://b/", "json://c/")
    with pytest.raises(SettingsError, match=r"LETAPIS_ALARM_TO: expected .* found \(not shown\)"):
        to(ALARM_TO="secret@example.org")
    with pytest.raises(SettingsError, match="Nobody is known to whom alarms go"):
        raise_alarms(Settings(data=tmp_path))


def test_a_memory_that_is_no_memory_begins_anew(tmp_path: Path) -> None:
    memory = AlarmMemory(tmp_path)
    memory.write(Memory(lasting(), None, AT))
    assert memory.read() == Memory(lasting(), None, AT)

    (tmp_path / "messages" / "alarms" / "alarms.json").write_text('{"lasting": {"store": 1}}', "utf-8")

    assert memory.read() == Memory()
    assert (tmp_path / "messages" / "alarms").stat().st_mode & 0o077 == 0


def test_the_command_shows_alarms_without_sending_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LETAPIS_DATA", str(tmp_path))
    for name in ("LETAPIS_S3_ENDPOINT", "LETAPIS_DATABASE_READER_URL"):
        monkeypatch.delenv(name, raising=False)

    shown = CliRunner().invoke(app, ["alarms"])
    rows = [json.loads(line) for line in CliRunner().invoke(app, ["alarms", "--json"]).stdout.splitlines()]

    assert shown.exit_code == 3
    assert "new      No object store is known to this process." in shown.stdout
    assert {"custody", "outlet", "source", "migrations"} <= {
        row["alarm"] for row in rows if row["state"] == "unknown"
    }
    assert not (tmp_path / "messages").exists()


def test_an_archive_that_works_has_the_alarms_that_it_has_and_no_other(operated: Operated) -> None:
    """Its second store has no bucket; nothing else is wrong, and every topic could be looked at."""
    found = alarms_now(replace(operated.settings, outlets=None)).look

    assert set(found.found) == {"second store"}
    assert found.unknown <= {"clock"}
    assert SECRET not in json.dumps(dict(found.found))


def test_an_outlet_that_confirms_nothing_for_two_hours_is_an_alarm(operated: Operated) -> None:
    from pipeline.operations.alarm_checks import look

    later = datetime.now(UTC) + timedelta(hours=3)

    assert "outlet:replica" not in look(operated.settings, UTC_ZONE).found
    assert (
        look(operated.settings, UTC_ZONE, now=later)
        .found["outlet:replica"]
        .startswith("Outlet replica has confirmed no checkpoint since")
    )


def test_the_store_says_what_time_it_has(operated: Operated) -> None:
    ahead_s = operated.archive.objects.clock_ahead_s()

    assert ahead_s is not None
    assert abs(ahead_s) < 5
