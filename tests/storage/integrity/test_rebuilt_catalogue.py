"""A rebuild beside the catalogue in use: killed, twice, during deposits, with rights and views of others."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from access.views.search import found
from pipeline.config.settings import ROOT, OwnedDatabase, Settings
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from samples.media.files import media_file
from storage.archive import Archive
from storage.catalogue import tables as catalogue_tables
from storage.deposit.deposit import deposit_file
from storage.integrity.rebuilt_catalogue import ExchangeRefusedError, RebuildRunsError, one_at_a_time
from storage.search_index.question import SearchQuery
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response
from tests.storage.integrity.test_restore import Rows, dump
from tests.storage.killed_deposits import environment

POST = """<html><head><title>Kanal</title></head><body><main class="tgme_main">
<section class="tgme_channel_history"><div class="tgme_widget_message_wrap">
<div class="tgme_widget_message" data-post="kanal/{number}">
<div class="tgme_widget_message_text">Announcement {number}</div>
<a class="tgme_widget_message_date" href="https://t.me/kanal/{number}"><time datetime="2026-11-20T10:00:00+00:00">
</time></a></div></div></section></main></body></html>"""
PICTURES = ("tram/w800/q82", "tram/c3/w640/q72", "tram/w960/q80")


def deposit_night(archive: Archive, spool: Path, number: int) -> None:
    """A page with a post of its own and a picture."""
    at = NIGHT + timedelta(days=number)
    picture = media_file(PICTURES[number % len(PICTURES)]).content
    items = [
        exchange("https://t.me/s/kanal", response(POST.format(number=number).encode()), at=at),
        exchange(f"https://cdn.test/{number}.jpg", response(picture, "image/jpeg"), at=at),
    ]
    deposit_file(archive, crawl_one(spool, items))


@pytest.fixture
def filled(archive: Archive, tmp_path: Path) -> Archive:
    """Four nights, all of them read."""
    for number in range(1, 5):
        deposit_night(archive, tmp_path / "spool", number)
    process_pending(archive)
    return archive


def catalogue(archive: Archive) -> Rows:
    return dump(archive.reader, catalogue_tables.metadata)


def shape(database: OwnedDatabase) -> list[str]:
    """Every column, index, constraint and right of the schema `catalogue`, by name."""
    asked = """
        SELECT 'column ' || concat_ws(' ', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod),
            attnotnull, attgenerated, col_description(attrelid, attnum),
            (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum))
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r' AND attnum > 0
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'catalogue'
        UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'catalogue'::regnamespace
        UNION ALL SELECT concat_ws(' ', relname, acl.grantee::regrole, acl.privilege_type)
        FROM pg_class, aclexplode(relacl) AS acl WHERE relnamespace = 'catalogue'::regnamespace
        UNION ALL SELECT concat_ws(' ', nspname, acl.grantee::regrole, acl.privilege_type)
        FROM pg_namespace, aclexplode(nspacl) AS acl WHERE nspname = 'catalogue'
        ORDER BY 1
    """
    with create_engine(database.owner_url).connect() as connection:
        return list(connection.scalars(text(asked)))


def schemas(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'catalogue%'")))


def start(settings: Settings) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "rebuild"],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at(settings: Settings, word: str) -> str:
    """Begin to rebuild and kill -9 it as soon as it has said the word; returns what it had said."""
    child = start(settings)
    assert child.stderr is not None
    said = ""
    for line in child.stderr:
        said += line
        if word in line:
            break
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert word in said
    return said


@pytest.mark.timeout(300)
def test_killed_at_any_moment_it_has_changed_nothing_and_goes_on_where_it_was(
    filled: Archive, stored_settings: Settings
) -> None:
    before = catalogue(filled)
    assert (len(before["warcs"]), len(before["records"]), len(before["media"])) == (4, 4, 3)

    said = []
    for word in ("indexed, 2 of 4", "1 pages", "takes the place"):
        said.append(kill_at(stored_settings, word))
        assert catalogue(filled) == before
        assert found(filled, SearchQuery(text="announcement")).total == 4
    child = start(stored_settings)
    answer, last = child.communicate(timeout=120)

    assert child.returncode == 0, last
    assert "4 files, 8 captures" in answer
    assert ("goes on" in said[0], "goes on" in said[1]) == (False, True)
    assert "indexed, 1 of 4" not in said[1] + said[2] + last
    assert catalogue(filled) == before
    assert schemas(filled.reader) == {"catalogue"}


def test_what_is_deposited_meanwhile_is_in_the_new_catalogue(filled: Archive, tmp_path: Path) -> None:
    """Deposited and read before the exchange, and by a thread that deposits on while it is tried."""
    stop = threading.Event()
    deposited: list[int] = []

    def deposit_on() -> None:
        for number in range(5, 17):
            if stop.is_set():
                return
            deposit_night(filled, tmp_path / "later", number)
            deposited.append(number)

    thread = threading.Thread(target=deposit_on)
    began = threading.Event()

    def on_progress(said: str) -> None:
        if "takes the place" in said and not began.is_set():
            began.set()
            deposit_night(filled, tmp_path / "spool", 2000)
            process_pending(filled)
            thread.start()

    try:
        report = rebuild(filled, on_progress=on_progress)
    finally:
        stop.set()
        thread.join()
    process_pending(filled)
    after = catalogue(filled)

    assert deposited
    assert report.files >= 5
    assert len(after["warcs"]) == 4 + 1 + len(deposited)
    assert len(after["records"]) == len(after["warcs"])
    rebuild(filled)
    assert catalogue(filled) == after


def test_shape_rights_views_and_open_connections_go_over(filled: Archive, database: OwnedDatabase) -> None:
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        for statement in (
            "CREATE SCHEMA of_the_house",
            "CREATE VIEW of_the_house.files WITH (security_barrier=true) AS SELECT key FROM catalogue.warcs",
            "GRANT USAGE ON SCHEMA of_the_house TO letapis_reader",
            "GRANT SELECT ON of_the_house.files TO letapis_reader",
            "GRANT USAGE ON SCHEMA catalogue TO PUBLIC",
            "GRANT UPDATE ON catalogue.groups TO PUBLIC",
        ):
            connection.execute(text(statement))
    before = shape(database)
    oid = text("SELECT 'catalogue.warcs'::regclass::oid")
    count = text("SELECT count(*) FROM of_the_house.files")

    with filled.reader.connect() as held:
        first, files = held.scalar(oid), held.scalar(count)
        held.commit()
        rebuild(filled)
        assert held.scalar(oid) != first
        assert held.scalar(count) == files == 4
    assert shape(database) == before


def test_what_would_be_lost_with_the_old_catalogue_stops_the_exchange(
    filled: Archive, database: OwnedDatabase
) -> None:
    before = catalogue(filled)
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(text("CREATE SCHEMA of_the_house"))
        made = "CREATE MATERIALIZED VIEW of_the_house.files AS SELECT key FROM catalogue.warcs"
        connection.execute(text(made))

    with pytest.raises(ExchangeRefusedError, match=r"of_the_house\.files would be lost"):
        rebuild(filled)
    assert catalogue(filled) == before
    with owner.begin() as connection:
        connection.execute(text("DROP MATERIALIZED VIEW of_the_house.files"))
    report = rebuild(filled)

    assert report.process.captures == 0  # all of it was built before
    assert catalogue(filled) == before


def test_what_was_built_by_other_software_is_not_gone_on_with(
    filled: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Exception):
        pass

    def stop_at(word: str) -> Callable[[str], None]:
        def on_progress(said: str) -> None:
            if word in said:
                raise Stopped

        return on_progress

    with pytest.raises(Stopped):
        rebuild(filled, on_progress=stop_at("takes the place"))
    monkeypatch.setattr("pipeline.process.rebuild.tree_digest", lambda: "sha256:other")

    assert rebuild(filled).process.captures == 8


def test_two_do_not_rebuild_at_once(filled: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.integrity.rebuilt_catalogue.ENDS_WITHIN_S", 0.0)
    with one_at_a_time(filled), pytest.raises(RebuildRunsError, match="Another `letapis rebuild`"):
        rebuild(filled)
    assert rebuild(filled).files == 4
