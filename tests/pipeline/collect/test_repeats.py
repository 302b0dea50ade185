"""Repeats over a real database and store: turns are made once, missed ones counted, rebuild brings all back."""

import secrets
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, func, select, text

from pipeline.collect.due_turns import DueTurn, make_due_turns
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.process.rebuild import rebuild
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.batches import store_batches
from storage.ledger.custody import entries
from storage.ledger.memberships import add_member
from storage.ledger.repeat_schedule import Schedule
from storage.ledger.repeats import (
    Repeat,
    RepeatError,
    begin_repeat,
    missed_turns,
    repeat_by_id,
    repeat_of_request,
    repeats_seen,
    stop_repeat,
    turns_made,
)
from storage.ledger.requests import insert_result, request_by_id
from storage.ledger.tables import requests
from storage.work_queue.tables import orders
from tests.embedded_database import drop_database

PAGE = "https://news.example/square"
BEGUN = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE_DAY = Schedule(BEGUN, HOUR, BEGUN + timedelta(hours=12))


def hourly(archive: Archive, **more: object) -> Repeat:
    facts: dict[str, object] = {"actor": "ala", "urls": (PAGE,), "schedule": WHOLE_DAY, "reason": "можа знікнуць"}
    return begin_repeat(archive, **(facts | more))  # type: ignore[arg-type]  # each is given as its own type


def made(archive: Archive, repeat: Repeat) -> tuple[int, ...]:
    with archive.reader.connect() as connection:
        return turns_made(connection, (repeat,))[repeat.id]


def due(archive: Archive, hours: float) -> tuple[DueTurn, ...]:
    return make_due_turns(archive, now=BEGUN + hours * HOUR)


def give_result(archive: Archive, request_id: str) -> None:
    with archive.writer.begin() as connection:
        insert_result(connection, request_id, 0, capture_id="urn:uuid:1")


def test_each_due_turn_is_one_ordinary_request_in_the_persons_name(archive: Archive) -> None:
    repeat = hourly(archive, engine="browser", video=True, case_reference="K-1")
    assert due(archive, 0.9) == ()
    (turn,) = due(archive, 1.05)
    assert (turn.turn, turn.turns, turn.new, turn.missed) == (1, 11, True, 0)
    with archive.reader.connect() as connection:
        request = request_by_id(connection, turn.request_id)
        assert repeat_of_request(connection, request.id) == repeat
        assert repeat_of_request(connection, "01JD5PZ4T2V8M6Q3R9S7W1X0YA") is None
        waiting = connection.execute(select(orders.c.request_id, orders.c.number)).all()
    assert (request.actor, request.urls, request.reason) == ("ala", (PAGE,), "можа знікнуць")
    assert (request.engine, request.video, request.case_reference) == ("browser", True, "K-1")
    assert [tuple(each) for each in waiting] == [(turn.request_id, 0)]


def test_a_repeat_with_a_login_keeps_it_in_each_turn_and_in_the_chain(archive: Archive) -> None:
    repeat = hourly(archive, engine="browser", profile="board")
    (turn,) = due(archive, 1)
    with archive.reader.connect() as connection:
        request = request_by_id(connection, turn.request_id)
        (begun,) = [each for each in entries(connection) if each.event == "repeat_begun"]
    assert (repeat.engine, repeat.profile) == ("browser", "board")
    assert (request.engine, request.profile, request.video) == ("browser", "board", False)
    assert begun.details["engine"] == "browser+profile:board"


def test_a_turn_without_a_result_is_given_again_and_one_with_a_result_is_not(archive: Archive) -> None:
    repeat = hourly(archive)
    (first,) = due(archive, 1)
    (again,) = due(archive, 1.2)
    assert again == replace(first, new=False)
    assert "was made before and has no result yet" in again.sentence()
    give_result(archive, first.request_id)
    assert due(archive, 1.9) == ()
    (second,) = due(archive, 2)
    assert second.turn == 2
    assert made(archive, repeat) == (1, 2)


def test_of_missed_turns_the_newest_alone_is_made_and_it_is_said_how_many_were_missed(archive: Archive) -> None:
    repeat = hourly(archive)
    give_result(archive, due(archive, 1)[0].request_id)
    (turn,) = due(archive, 6.4)
    assert (turn.turn, turn.missed) == (6, 4)
    assert "Before it 4 turns were missed" in turn.sentence()
    assert made(archive, repeat) == (1, 6)
    assert missed_turns(repeat, (), BEGUN + 0.5 * HOUR) == 0
    assert missed_turns(repeat, (1, 6), BEGUN + 7.5 * HOUR) == 4, "turn 7 can still be made"
    assert missed_turns(repeat, (1, 6), BEGUN + 8.5 * HOUR) == 5


def test_the_last_turn_is_made_late_for_one_interval_and_then_never(archive: Archive) -> None:
    hourly(archive)
    assert due(archive, 12) == ()
    repeat = hourly(archive)
    (turn, other) = due(archive, 11.9)
    assert {turn.turn, other.turn} == {11}
    assert missed_turns(repeat, (), BEGUN + 13 * HOUR) == 11


def test_no_turn_is_made_once_somebody_has_stopped_it_and_who_did_is_kept(archive: Archive) -> None:
    repeat = hourly(archive)
    stopped = stop_repeat(archive, repeat.id, actor="basia")
    assert stopped.stopped_by == "basia"
    assert stop_repeat(archive, repeat.id, actor="celina") == stopped
    assert due(archive, 1) == ()
    with archive.reader.connect() as connection:
        events = [(each.event, each.actor) for each in entries(connection)]
        sealed = [each.canonical() for each in entries(connection)]
    assert events == [("repeat_begun", "ala"), ("repeat_stopped", "basia")]
    for word in (PAGE, "ala", "знікнуць"):
        assert all(word.encode() not in content for content in sealed), "entries leave the house"


def test_several_that_look_at_once_make_one_request(archive: Archive) -> None:
    hourly(archive)
    found: list[tuple[DueTurn, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(due(archive, 1))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(turn.new for turns in found for turn in turns) == 1
    with archive.reader.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(requests)) == 1


def test_only_members_of_its_case_know_of_a_confidential_repeat(archive: Archive) -> None:
    label = add_member(archive, "ala", actor="kust", case="K-1").label
    repeat = hourly(archive, access_label=label)
    with archive.reader.connect() as connection:
        assert repeats_seen(connection, viewer=Viewer("ala"), limit=9) == (repeat,)
        assert repeats_seen(connection, viewer=Viewer("basia"), limit=9) == ()
        with pytest.raises(RepeatError):
            repeat_by_id(connection, repeat.id, viewer=Viewer("basia"))
    with pytest.raises(RepeatError):
        stop_repeat(archive, repeat.id, actor="basia", viewer=Viewer("basia"))
    (turn,) = due(archive, 1)
    with archive.reader.connect() as connection:
        assert request_by_id(connection, turn.request_id).access_label == label
    assert PAGE not in turn.sentence()


def test_a_person_has_at_most_so_many_repeats_at_work(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.ledger.repeats.OF_A_PERSON", 1)
    later = datetime.now(UTC).replace(microsecond=0)
    schedule = Schedule(later, HOUR, later + 5 * HOUR)
    repeat = hourly(archive, schedule=schedule)
    with pytest.raises(RepeatError, match="stop one first"):
        hourly(archive, schedule=schedule)
    hourly(archive, schedule=schedule, actor="basia")
    stop_repeat(archive, repeat.id, actor="ala")
    hourly(archive, schedule=schedule)


def test_rebuild_brings_repeats_their_ends_and_their_turns_back_from_the_store_alone(
    archive: Archive, stored_settings: Settings, postgres_server: PostgresServer, migrated_template: str
) -> None:
    going, over = hourly(archive), hourly(archive)
    give_result(archive, due(archive, 1)[0].request_id)
    stop_repeat(archive, over.id, actor="basia")
    store_batches(archive, actor="letapis")
    with archive.reader.connect() as connection:
        before = repeats_seen(connection, viewer=EVERYONE, limit=9)
    name = f"test_{secrets.token_hex(6)}"
    second_database = postgres_server.create_database(name, template=migrated_template)
    lost = replace(
        stored_settings,
        database_url=second_database.owner_url,
        database_writer_url=second_database.writer_url,
        database_reader_url=second_database.reader_url,
        database_access_url=second_database.access_url,
    )
    with opened_archive(lost) as restored:
        rebuild(restored)
        with restored.reader.connect() as connection:
            assert repeats_seen(connection, viewer=EVERYONE, limit=9) == before
        assert made(restored, going) == (1,)
        assert [(turn.repeat_id, turn.turn) for turn in due(restored, 2)] == [(going.id, 2)]
    drop_database(postgres_server, name)


def test_the_tables_are_appended_to_and_never_changed(archive: Archive, database: OwnedDatabase) -> None:
    repeat = hourly(archive)
    owner = create_engine(database.owner_url)
    for statement in ("UPDATE ledger.repeats SET every_s = 1", "DELETE FROM ledger.repeats"):
        with owner.connect() as connection, pytest.raises(Exception, match="refused"):
            connection.execute(text(statement))
    with archive.reader.connect() as connection:
        assert repeat_by_id(connection, repeat.id) == repeat
