"""Requests and the access log go to the store as sealed batches, are verified there, and come back from there."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import create_engine, func, select, text

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.preserve.verify import verify, verify_store_alone
from pipeline.process.rebuild import rebuild
from storage.archive import Archive
from storage.findings import Verified
from storage.ledger import tables as ledger_tables
from storage.ledger.access_log import log_access
from storage.ledger.batches import (
    KINDS,
    count_unbatched,
    ledger_rows,
    opened_batch,
    root_of,
    row_commitment,
    store_batches,
)
from storage.ledger.chain import read_chain
from storage.ledger.custody import append_and_publish, entries
from storage.ledger.requests import insert_request, insert_result
from storage.ledger.tables import access_log, batched, sealed_objects
from storage.objects.store import ObjectStore
from storage.sealing_keys import NoSealingKeysError
from tests.administered_store import administrator
from tests.embedded_database import drop_database
from tests.storage.deposit.test_deposit_steps import Killed, Steps, counted
from tests.storage.integrity.test_restore import Rows, dump

REASON = "можа знікнуць заўтра"
PROBLEM = "старонка не адказала"
LEDGER = ("custody", "custody_objects", "sealed_objects", "batched", "requests", "request_results", "access_log")


def request(archive: Archive) -> None:
    with archive.writer.begin() as connection:
        asked = insert_request(
            connection, actor="analyst", urls=["https://a.example/"], reason=REASON, case_reference="K-17"
        )
        insert_result(connection, asked.id, 0, problem=PROBLEM, details={"captures": 0})


@pytest.fixture
def filled(archive: Archive) -> Archive:
    """Three accesses and a request with its result, in three batches."""
    request(archive)
    for number in range(3):
        log_access(
            archive, actor="analyst", action="viewed", subject_id=f"urn:uuid:{number}", details={"n": number}
        )
    made = store_batches(archive, actor="clock")
    assert [(each.event, each.details["rows"]) for each in made] == [
        ("requests_batched", 1),
        ("results_batched", 1),
        ("accesses_batched", 3),
    ]
    return archive


@pytest.fixture
def empty(
    stored_settings: Settings, postgres_server: PostgresServer, migrated_template: str
) -> Iterator[Settings]:
    """The same store with a new and empty database."""
    name = f"test_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name, template=migrated_template)
    yield replace(
        stored_settings,
        database_url=access.owner_url,
        database_writer_url=access.writer_url,
        database_reader_url=access.reader_url,
        database_access_url=access.access_url,
    )
    drop_database(postgres_server, name)


def ledger(archive: Archive) -> Rows:
    return dump(archive.reader, ledger_tables.metadata, *LEDGER)


def wrong(found: tuple[Verified, ...]) -> list[str]:
    return [f"{problem.what}: {problem.expected}, {problem.found}" for each in found for problem in each.problems]


def as_owner(database: OwnedDatabase, table: str, statement: str) -> None:
    with create_engine(database.owner_url).begin() as connection:
        connection.execute(text(f"ALTER TABLE ledger.{table} DISABLE TRIGGER append_only"))
        connection.execute(text(statement))


def test_every_row_is_in_one_batch_and_the_next_run_finds_nothing(filled: Archive) -> None:
    assert store_batches(filled, actor="clock") == ()
    with filled.reader.connect() as connection:
        assert count_unbatched(connection) == {"requests": (0, None), "results": (0, None), "accesses": (0, None)}
        assert connection.scalar(select(func.count()).select_from(batched)) == 5
    log_access(filled, actor="analyst", action="viewed", subject_id="urn:uuid:9")
    with filled.reader.connect() as connection:
        assert count_unbatched(connection)["accesses"][0] == 1


def test_the_store_has_no_word_of_a_batch_and_one_row_opens_without_the_others(filled: Archive) -> None:
    chain = read_chain(filled.objects, filled.sealing)
    assert chain.problems == ()
    for version in filled.objects.list():
        content = filled.objects.read(version.key, version.version_id)
        assert not any(word.encode() in content for word in (REASON, PROBLEM, "K-17", "analyst", "a.example"))
    requests_entry, _, accesses_entry = (chained.entry for chained in chain.entries)
    with filled.reader.connect() as connection:
        held = connection.execute(select(sealed_objects.c.key, sealed_objects.c.content)).all()
    contents = {row.key: row.content for row in held}
    (row,) = opened_batch(requests_entry, filled.sealing, bytes(contents[requests_entry.subject_id]))
    assert (row.value["reason"], row.value["case_reference"]) == (REASON, "K-17")
    rows = opened_batch(accesses_entry, filled.sealing, bytes(contents[accesses_entry.subject_id]))
    commitments = [row_commitment(KINDS[-1], each.salt, each.committed) for each in rows]
    assert str(root_of(commitments)) == accesses_entry.details["root"]
    assert accesses_entry.details.keys() == {"rows", "root", "length_bytes"}


def test_a_batched_archive_is_as_expected_with_and_without_keys_and_database(filled: Archive) -> None:
    assert wrong(verify(filled)) == []
    assert wrong(verify(replace(filled, sealing=filled.sealing))) == []
    assert wrong(verify_store_alone(filled.objects, keys=filled.sealing)) == []
    assert wrong(verify_store_alone(filled.objects)) == []


@pytest.mark.parametrize(
    ("table", "statement", "found"),
    [
        ("access_log", "UPDATE ledger.access_log SET actor = 'nobody'", "as it was batched, another"),
        ("access_log", "DELETE FROM ledger.access_log", "the row .*, none"),
        ("requests", "UPDATE ledger.requests SET reason = NULL", "as it was batched, another"),
        ("batched", "DELETE FROM ledger.batched", "as it was batched, none"),
        ("batched", "UPDATE ledger.batched SET salt = repeat('0', 32)", "as it was batched, another"),
    ],
)
def test_a_log_that_the_owner_of_the_database_emptied_or_changed_is_named(
    filled: Archive, database: OwnedDatabase, table: str, statement: str, found: str
) -> None:
    import re

    as_owner(database, table, statement)
    problems = wrong(verify(filled))
    assert problems
    assert all(re.search(found, problem) for problem in problems)


def test_a_lost_batch_is_named_and_the_chain_is_whole(filled: Archive) -> None:
    (version,) = filled.objects.list("sealed/accesses/")
    administrator(filled.objects.endpoint).delete_object(
        Bucket=filled.objects.bucket,
        Key=version.key,
        VersionId=version.version_id,
        BypassGovernanceRetention=True,
    )
    assert [each.partition(": ")[0] for each in wrong(verify(filled))] == [version.key]
    assert all(not problem.breaks for problem in read_chain(filled.objects, filled.sealing).problems)


def test_a_rebuild_into_an_empty_database_gives_equal_rows(filled: Archive, empty: Settings) -> None:
    append_and_publish(filled, "received", subject_id="x", actor="analyst", details={"reason": REASON})
    before = ledger(filled)
    with opened_archive(empty) as other:
        report = rebuild(other)
        assert ledger(other) == before
        assert (report.rows_restored, report.not_opened) == (5, 0)
        assert wrong(verify(other)) == []


def test_a_rebuild_without_keys_says_what_it_does_not_know_and_why(filled: Archive, empty: Settings) -> None:
    append_and_publish(filled, "received", subject_id="x", actor="analyst", details={"reason": REASON})
    said: list[str] = []
    with opened_archive(empty) as other:
        closed = replace(other, sealing=None)
        report = rebuild(closed, on_progress=said.append)
        with other.reader.connect() as connection:
            restored = entries(connection)
        assert (report.rows_restored, report.not_opened) == (0, 4)
        assert {(each.actor, "reason" in each.details) for each in restored} == {(None, False)}
        assert {(each.unknown_because or "")[:16] for each in restored} == {"its sealing key "}
        assert wrong(verify_store_alone(other.objects)) == []
        assert any("its rows were not restored" in sentence for sentence in said)
        with pytest.raises(NoSealingKeysError):
            append_and_publish(closed, "received", subject_id="x", actor="t", details={})
        # with the keys, verify names every entry that the ledger has without its values
        assert len([each for each in wrong(verify(other)) if "its sealed values in the ledger" in each]) == 4


def test_killed_behind_every_step_each_row_is_in_one_batch(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []
    for last in count(1):
        request(archive)
        log_access(archive, actor="analyst", action="viewed", subject_id=f"urn:uuid:{last}")
        steps = Steps(last)
        try:
            with counted(archive, steps, monkeypatch):
                store_batches(archive, actor="clock")
        except Killed as killed:
            reached.append(str(killed))
        store_batches(archive, actor="clock")
        if len(steps.done) < last:
            break
    assert {"commit", "put_new primary sealed", "put_new primary custody"} <= set(reached)
    chain = read_chain(archive.objects, archive.sealing)
    assert chain.problems == ()
    assert sum(each.entry.details["rows"] for each in chain.entries) == 3 * last
    assert wrong(verify(archive)) == []


def test_both_stores_have_the_batches(copied_archive: Archive) -> None:
    from pipeline.preserve.replicate import replicate_pending

    request(copied_archive)
    store_batches(copied_archive, actor="clock")
    replicate_pending(copied_archive, actor="clock")
    replica = copied_archive.replica
    assert isinstance(replica, ObjectStore)
    assert wrong(verify_store_alone(replica, keys=copied_archive.sealing)) == []
    here, there = ([each.key for each in store.list("sealed/")] for store in (copied_archive.objects, replica))
    assert here == there
    assert len(here) == 4


def test_rows_that_name_persons_are_not_restored_without_the_right_to_write_them(
    filled: Archive, empty: Settings
) -> None:
    said: list[str] = []
    with opened_archive(replace(empty, database_access_url=None)) as other:
        report = rebuild(other, on_progress=said.append)
        with other.reader.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(access_log)) == 0
    assert report.rows_restored == 2
    assert any("LETAPIS_DATABASE_ACCESS_URL" in sentence for sentence in said)


def test_many_rows_are_several_batches(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.ledger.batches.ROWS_AT_ONCE", 2)
    for number in range(5):
        log_access(archive, actor="analyst", action="viewed", subject_id=str(number))
    made = store_batches(archive, actor="clock")
    assert [each.details["rows"] for each in made] == [2, 2, 1]
    with archive.reader.connect() as connection:
        assert [[row.commitment is not None for row in ledger_rows(connection, each)] for each in made] == [
            [True, True],
            [True, True],
            [True],
        ]
