"""Entries of format 2: they disclose nothing by themselves, and open to what was said with a key alone."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

from pipeline.config.settings import OwnedDatabase
from processors.digest import sha256
from storage.archive import Archive
from storage.ledger.chain import read_chain
from storage.ledger.commitments import opens
from storage.ledger.crawl_facts import Fact, begin_collection
from storage.ledger.custody import append, append_and_publish, entries
from storage.ledger.entry import LONGEST_BYTES, Clock, CustodyEntry, parse_entry
from storage.ledger.entry_schema import DETAILS, OPEN
from storage.ledger.sealed_chain import sealed_objects_of
from storage.ledger.sealed_entry import EntryParts, EntryTooLongError, closed_entry, opened_entry, sealed_entry
from storage.ledger.sealed_objects import SealedError, seal
from storage.ledger.tables import custody, sealed_objects
from storage.objects.keys import custody_key, sealed_key
from storage.sealing_keys import NoSealingKeysError, SealingKeys, new_keys
from tests.storage.ledger.test_custody import DEPOSIT, JSON, TEXTS
from tests.storage.ledger.test_custody import DETAILS as ANY_DETAILS

KEYS = SealingKeys((bytes(range(32)),))
PARTS = EntryParts(
    seq=7,
    previous=sha256(b"the one before"),
    event="deposited",
    subject_id="warc/2026/11/23/kanal/01J-00000.warc.gz",
    subject_digest=sha256(b"the file"),
    actor="аналітык",
    at=datetime(2026, 11, 23, 20, 0, 0, 5, UTC),
    software="letapis/0.2.0",
    clock=Clock("ntp.example", -0.0125),
    details=DEPOSIT,
)
ENTRY, CONTENT = sealed_entry(KEYS, PARTS)


def test_an_entry_states_what_names_objects_and_commits_to_everything_else() -> None:
    stated = json.loads(ENTRY.canonical())
    assert [*stated] == [
        "at",
        "committed",
        "details",
        "event",
        "format",
        "nonce",
        "previous",
        "seq",
        "software",
        "subject_digest",
        "subject_id",
        "values",
    ]
    assert stated["format"] == "letapis/custody/2"
    assert len(bytes.fromhex(stated["nonce"])) == 32
    closed = {"access_label", "file_name"}
    assert stated["details"] == {name: value for name, value in DEPOSIT.items() if name not in closed}
    assert stated["committed"].keys() == {"actor", "clock", *(f"details.{name}" for name in closed)}
    assert stated["values"] == str(sha256(CONTENT))


def test_one_value_is_opened_with_its_salt_and_the_others_stay_closed() -> None:
    assert ENTRY.seal is not None
    assert ENTRY.seal.salts is not None
    salt, committed = ENTRY.seal.salts["actor"], ENTRY.seal.committed["actor"]
    assert opens(committed, salt, "actor", "аналітык")
    assert not opens(committed, salt, "actor", "somebody else")
    assert not opens(ENTRY.seal.committed["clock"], salt, "actor", "аналітык")


def test_without_a_key_actor_clock_and_details_are_unknown_and_the_digest_is_the_same() -> None:
    closed = parse_entry(ENTRY.canonical())
    assert (closed.actor, closed.unknown_because) == (None, "it is sealed, and was not opened")
    assert closed.clock == Clock(None, None, "it is sealed, and was not opened")
    assert "file_name" not in closed.details
    assert (closed.has_detail("file_name"), closed.has_detail("damage")) == (True, False)
    assert closed.digest == ENTRY.digest
    assert opened_entry(closed, KEYS, CONTENT) == ENTRY
    assert closed_entry(ENTRY, "the key is lost").unknown_because == "the key is lost"
    assert closed_entry(ENTRY, "the key is lost").canonical() == ENTRY.canonical()


@given(details=ANY_DETAILS, actor=TEXTS, clock=st.floats(-9, 9) | st.none())
def test_whatever_an_entry_says_it_opens_to_the_same(
    details: dict[str, object], actor: str, clock: float | None
) -> None:
    measured = Clock("ntp", clock) if clock is not None else Clock(None, None, "not measured")
    entry, content = sealed_entry(
        KEYS, replace(PARTS, event="received", details=details, actor=actor, clock=measured)
    )
    opened = opened_entry(parse_entry(entry.canonical()), KEYS, content)
    assert (opened.canonical(), opened.actor) == (entry.canonical(), actor)
    assert opened.details == details  # JSON has no whole floats, so that 0.0 is 0 again
    assert opened.clock == measured
    assert [*opened.false_values()] == []


@given(name=st.sampled_from(["actor", "clock", "details.file_name"]), value=JSON)
def test_a_sealed_object_with_another_value_is_not_believed(name: str, value: object) -> None:
    assert ENTRY.seal is not None
    salts = dict(ENTRY.seal.salts or {})
    values = ENTRY.sealed_values()
    other = seal(KEYS, "entry 7", {"values": values | {name: value}, "salts": salts})
    if value == values[name]:
        return
    with pytest.raises(SealedError, match=r"it holds (another|other values)"):
        opened_entry(parse_entry(ENTRY.canonical()), KEYS, other)


@given(content=st.dictionaries(st.sampled_from(["values", "salts"]), JSON))
def test_whatever_a_sealed_object_holds_is_refused_in_words(content: dict[str, object]) -> None:
    with pytest.raises(SealedError, match="it holds"):
        opened_entry(parse_entry(ENTRY.canonical()), KEYS, seal(KEYS, "entry 7", content))


@given(field=st.sampled_from([*json.loads(ENTRY.canonical())]), value=JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(field: str, value: object) -> None:
    spoilt = rfc8785.dumps(json.loads(ENTRY.canonical()) | {field: value})
    try:
        entry = parse_entry(spoilt)
    except ValueError:
        return
    assert entry.canonical() == spoilt
    assert custody_key(entry.seq)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"format": "letapis/custody/3"}, "which this version does not know"),
        ({"nonce": "00"}, "nonce"),
        ({"committed": {}}, "without actor and clock"),
        ({"committed": {"actor": 1, "clock": 2}}, "committed"),
        ({"values": None}, "values: None"),
        ({"details": {"file_name": "x"}}, "not in canonical form|expected no sealed value without its salt"),
        ({"actor": "somebody"}, "not in canonical form"),
    ],
)
def test_what_is_no_entry_of_format_2_is_refused(change: dict[str, object], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        parse_entry(rfc8785.dumps(json.loads(ENTRY.canonical()) | change))


def test_details_that_prove_are_open_and_no_event_opens_one_that_may_tell_a_case() -> None:
    for event, wanted in DETAILS.items():
        proving = {name.removesuffix("?") for name in wanted} & {
            "object_version",
            "root_version",
            "sha512",
            "length_bytes",
            "signature",
            "objects",
            "locked_until",
            "root",
        }
        assert proving <= OPEN[event]
    told = {"facts", "salts", "source_id", "reason", "file_name", "remarks", "access_label", "mismatches", "value"}
    assert [event for event, names in OPEN.items() if event != "deposited" and names & told] == []
    assert OPEN["deposited"] & told == {"source_id"}  # which is a part of the file's key


def test_an_entry_too_long_for_the_log_is_refused_and_nothing_is_written(archive: Archive) -> None:
    objects = [{"key": f"warc/{number}", "object_version": "v" * 32} for number in range(1200)]
    details = {"store": "primary", "locked_until": "2026-11-23T20:00:00+00:00", "objects": objects}
    with pytest.raises(EntryTooLongError, match=f"expected at most {LONGEST_BYTES} bytes, found"):
        append_and_publish(archive, "lock_renewed", subject_id="archive", actor="tester", details=details)
    with archive.reader.connect() as connection:
        assert entries(connection) == ()


def test_a_long_reason_makes_no_long_entry(archive: Archive) -> None:
    details = {"reason": "прычына " * 40_000}
    entry = append_and_publish(archive, "received", subject_id="x", actor="tester", details=details)
    assert len(entry.canonical()) < 1500
    (chained,) = read_chain(archive.objects, archive.sealing).entries
    assert chained.entry.details == details


def test_without_sealing_keys_nothing_is_appended_and_the_way_out_is_named(archive: Archive) -> None:
    with pytest.raises(NoSealingKeysError, match="LETAPIS_SEALING_KEYS"):
        append_and_publish(replace(archive, sealing=None), "received", subject_id="x", actor="t", details={})
    with archive.reader.connect() as connection:
        assert entries(connection) == ()


def test_an_entry_and_its_object_come_out_of_the_database_as_they_went_in(archive: Archive) -> None:
    entry = append_and_publish(
        archive, "received", subject_id="x", actor="tester", details={"слово": [1, 2.5, None]}
    )
    with archive.reader.connect() as connection:
        assert entries(connection) == (entry,)
        (row,) = connection.execute(select(sealed_objects)).all()
    assert opened_entry(parse_entry(entry.canonical()), archive.sealing, bytes(row.content)) == entry
    ((key, digest),) = sealed_objects_of(entry)
    assert (row.key, row.seq, sha256(bytes(row.content))) == (key, 1, digest)
    (stored,) = archive.objects.list("sealed/")
    assert archive.objects.read(stored.key, stored.version_id) == bytes(row.content)


def test_a_number_whose_entry_was_never_stored_is_used_again(archive: Archive) -> None:
    """A database was lost between the sealed object and its entry; the restored one begins at the same number."""
    with archive.writer.connect() as connection:
        entry = append(connection, "received", keys=archive.sealing, subject_id="x", actor="lost", details={})
        content = bytes(connection.scalar(select(sealed_objects.c.content)) or b"")
        connection.rollback()
    archive.objects.put_new(sealed_key(entry.seq, sha256(content)), content, sha256=sha256(content))

    again = append_and_publish(archive, "received", subject_id="x", actor="tester", details={})

    assert again.seq == entry.seq
    chain = read_chain(archive.objects, archive.sealing)
    assert ([each.entry for each in chain.entries], chain.problems) == ([again], ())


def test_the_facts_of_a_collection_leave_no_word_in_its_entry(archive: Archive) -> None:
    begin_collection(
        archive, crawl_id="01J", source_id="kanal", actor="tester", facts={"reason": Fact("справа 1-23")}
    )
    (version,) = archive.objects.list("custody/")
    stated = json.loads(archive.objects.read(version.key, version.version_id))
    assert stated["details"].keys() == {"commitments", "signing_key"}
    assert stated["committed"].keys() == {"actor", "clock", "details.facts", "details.salts", "details.source_id"}


def test_with_another_key_an_entry_is_not_opened_and_says_why(archive: Archive) -> None:
    append_and_publish(archive, "received", subject_id="x", actor="tester", details={})
    chain = read_chain(archive.objects, new_keys())
    (chained,) = chain.entries
    assert chained.entry.unknown_because is not None
    assert chained.entry.unknown_because.startswith("its sealing key ")
    assert chain.problems == ()


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody else'",
        "actor = NULL",
        'details = details || \'{"reason": "another"}\'',
        "details = details - 'reason'",
        "clock_reason = 'another'",
        'salts = salts || \'{"actor": "00112233445566778899aabbccddeeff"}\'',
        "salts = salts - 'actor'",
        "committed = committed - 'actor'",
        "committed = '[]'",
        "nonce = NULL",
        "values_digest = NULL",
    ],
)
def test_a_row_that_the_owner_of_the_database_changed_gives_another_digest_or_is_named(
    archive: Archive, database: OwnedDatabase, change: str
) -> None:
    from storage.ledger.custody import ledger_digests

    entry = append_and_publish(archive, "received", subject_id="x", actor="tester", details={"reason": "так"})
    with archive.reader.connect() as connection:
        assert ledger_digests(connection) == {1: str(entry.digest)}
    with create_engine(database.owner_url).begin() as connection:
        connection.execute(text("ALTER TABLE ledger.custody DISABLE TRIGGER append_only"))
        connection.execute(text(f"UPDATE ledger.custody SET {change}"))
    with archive.reader.connect() as connection:
        (found,) = ledger_digests(connection).values()
    assert found.startswith(f"{entry.digest}, in a row ")


def test_format_1_is_read_as_it_always_was(archive: Archive) -> None:
    old = CustodyEntry(1, None, "received", "x", None, "tester", PARTS.at, "letapis/0.1.0", PARTS.clock, {"a": 1})
    archive.objects.put_new(custody_key(1), old.canonical(), sha256=old.digest)
    (chained,) = read_chain(archive.objects, archive.sealing).entries
    assert (chained.entry, chained.sealed) == (old, ())
    assert old.unknown_because is None
    assert custody.c.nonce.nullable
