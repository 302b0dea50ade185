"""The chain of custody: appended in order by many, owed until the store has it, checked from the store alone."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from processors.digest import Digest, sha256
from storage.archive import Archive
from storage.ledger.chain import ChainProblem, read_chain
from storage.ledger.crawl_facts import Fact, begin_collection, commitment
from storage.ledger.custody import append, append_and_publish, entries, entry_row, publish_pending_entries
from storage.ledger.entry import Clock, CustodyEntry, parse_entry
from storage.ledger.entry_schema import require_shape
from storage.ledger.tables import custody
from storage.objects.keys import custody_key

ENTRY = CustodyEntry(
    seq=1,
    previous=None,
    event="received",
    subject_id="warc/2026/11/23/kanal/01J-00000.warc.gz",
    subject_digest=sha256(b"the file"),
    actor="letapis",
    at=datetime(2026, 11, 23, 20, 0, 0, 5, UTC),
    software="letapis/0.1.0",
    clock=Clock(None, None, "the clock was not compared with another"),
    details={"length_bytes": 8},
)


def note(archive: Archive, event: str = "received") -> CustodyEntry:
    return append_and_publish(archive, event, subject_id="x", actor="tester", details={"слово": [1, 2.5, None]})


def test_the_digest_is_the_sha256_of_the_canonical_json() -> None:
    as_written = (
        '{"actor":"letapis","at":"2026-11-23T20:00:00.000005Z","clock_offset_s":null,'
        '"clock_reason":"the clock was not compared with another","clock_source":null,'
        '"details":{"length_bytes":8},"event":"received","previous":null,"seq":1,"software":"letapis/0.1.0",'
        f'"subject_digest":"{sha256(b"the file")}","subject_id":"warc/2026/11/23/kanal/01J-00000.warc.gz"}}'
    )
    assert ENTRY.canonical().decode() == as_written
    assert ENTRY.digest == sha256(as_written.encode())


SAFE = 2**53 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=["\0"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.floats(-SAFE, SAFE) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DETAILS = st.dictionaries(TEXTS, JSON, max_size=4)


@given(details=DETAILS, at=st.datetimes(datetime(2000, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - zone is added
def test_what_is_written_is_read_back_the_same(details: dict[str, object], at: datetime) -> None:
    entry = replace(ENTRY, details=details, at=at)
    assert parse_entry(entry.canonical()).digest == entry.digest


@pytest.mark.parametrize("details", [{"n": 2**53}, {"n": [1e300]}, {"n": float("nan")}, {"t": "\0"}, {"\0": 1}])
def test_what_would_not_come_back_the_same_is_refused(details: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="details of a custody entry"):
        replace(ENTRY, details=details)


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [
        (b"{}", "no custody entry: KeyError.'seq'"),
        (b"[]", "no custody entry: TypeError.'list instead of an object'"),
        (b"no json", "no custody entry: it cannot be read as JSON"),
        (ENTRY.canonical() + b"\n", "custody entry 1: not in canonical form"),
        (b'{"seq":1}', "no custody entry: KeyError.'previous'"),
        (b"[" * 100_000, "no custody entry: it cannot be read as JSON .*recursion"),
        (b"9" * 10_000, "no custody entry: it cannot be read as JSON .*10000 digits"),
    ],
    ids=["object", "list", "words", "line end", "part", "deep", "long"],
)
def test_what_is_no_entry_is_refused_with_what_was_found(spoilt: bytes, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        parse_entry(spoilt)


FIELDS = [*json.loads(ENTRY.canonical())]


@given(field=st.sampled_from(FIELDS), value=JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(field: str, value: object) -> None:
    spoilt = rfc8785.dumps(json.loads(ENTRY.canonical()) | {field: value})
    try:
        entry = parse_entry(spoilt)
    except ValueError:
        return
    assert entry.canonical() == spoilt
    assert custody_key(entry.seq)


def test_entries_form_a_chain_that_the_store_alone_can_check(archive: Archive) -> None:
    written = [note(archive, event) for event in ("received", "compared", "verified")]
    chain = read_chain(archive.objects, archive.sealing)
    assert [chained.entry.digest for chained in chain.entries] == [entry.digest for entry in written]
    assert [entry.previous for entry in written] == [None, written[0].digest, written[1].digest]
    assert chain.problems == ()


def test_an_entry_comes_out_of_the_database_as_it_went_in(archive: Archive) -> None:
    details = {
        "дробь": 0.1,
        "круглое": 1.0,
        "большое": 2**53 - 1,
        "мелкое": 5e-324,
        "текст": "\u2028 «ў» 🙂",
        "n": None,
    }
    entry = append_and_publish(
        archive, "received", subject_id="x", actor="tester", details=details, clock=Clock("ntp", -0.0125)
    )
    with archive.reader.connect() as connection:
        (stored,) = entries(connection)
    assert stored.canonical() == entry.canonical()


def test_an_entry_of_a_transaction_that_fails_was_never_there(archive: Archive) -> None:
    with pytest.raises(RuntimeError), archive.writer.begin() as connection:
        append(connection, "received", keys=archive.sealing, subject_id="x", actor="tester", details={})
        raise RuntimeError
    assert note(archive).seq == 1


def test_an_entry_not_yet_in_the_store_is_owed_and_brought_there_later(archive: Archive) -> None:
    with archive.writer.begin() as connection:
        entry = append(connection, "received", keys=archive.sealing, subject_id="x", actor="tester", details={})
    assert list(archive.objects.list("custody/")) == []
    assert publish_pending_entries(archive) == 1
    assert publish_pending_entries(archive) == 0
    assert read_chain(archive.objects, archive.sealing).entries[0].entry.digest == entry.digest


def test_many_writers_at_once_make_one_chain(archive: Archive) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: note(archive), range(64)))
    chain = read_chain(archive.objects, archive.sealing)
    assert [chained.entry.seq for chained in chain.entries] == list(range(1, 65))
    assert chain.problems == ()


def test_a_run_of_entries_that_is_gone_is_named_by_its_ends(archive: Archive) -> None:
    far = replace(ENTRY, seq=999_999_999_999, previous=sha256(b"one before"))
    for entry in (ENTRY, far):
        archive.objects.put_new(custody_key(entry.seq), entry.canonical(), sha256=entry.digest)
    (problem,) = read_chain(archive.objects, archive.sealing).problems
    assert problem.subject == custody_key(2)
    assert problem.expected == f"the entry and all up to {custody_key(999_999_999_998)}"


def test_what_is_too_large_for_an_entry_is_named_and_not_read(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = note(archive)
    monkeypatch.setattr("storage.ledger.chain.LARGEST_BYTES", 4 << 10)
    client, bucket = archive.objects._client, archive.objects.bucket
    client.put_object(Bucket=bucket, Key=custody_key(1), Body=b" " * (8 << 10))
    chain = read_chain(archive.objects, archive.sealing)
    assert [each.entry for each in chain.entries] == [first]
    assert [problem.found for problem in chain.problems] == ["8192 bytes, too many for an entry"]


DEPOSIT = {
    "object_version": "v1",
    "sha512": f"sha512:{'0' * 128}",
    "length_bytes": 8,
    "origin": "crawl",
    "source_id": "kanal",
    "crawl_id": "01J",
    "serial": 0,
    "access_label": "open",
    "file_name": "01J-00000.warc.gz",
}
TOKEN = {
    "seq": 1,
    "digest": f"sha256:{'0' * 64}",
    "authority": "https://a.example/",
    "time": "2026-11-23T20:00:00+00:00",
    "roots": f"sha256:{'0' * 64}",
    "object_version": "v1",
    "root_version": "v2",
    "length_bytes": 8,
}
COPY = {"store": "replica", "seq": 1, "objects": []}
SHAPES: dict[str, dict[str, object]] = {
    "deposited": DEPOSIT,
    "timestamped": TOKEN,
    "copied": COPY,
    "time_owed": {"authorities": []},
}


@given(event=st.sampled_from([*SHAPES]), data=st.data())
def test_an_entry_without_what_others_rely_on_is_none(event: str, data: st.DataObject) -> None:
    details = SHAPES[event]
    require_shape(replace(ENTRY, event=event, details=details))
    lacking = data.draw(st.sampled_from([*details]))
    with pytest.raises(ValueError, match=f"{lacking} of a {event} entry, found "):
        require_shape(replace(ENTRY, event=event, details={**details, lacking: None}))


@given(event=st.sampled_from([*SHAPES, "lock_renewed"]), details=JSON)
def test_whatever_stands_in_details_is_refused_in_words_or_relied_on(event: str, details: object) -> None:
    try:
        require_shape(replace(ENTRY, event=event, details=details))  # type: ignore[arg-type]  # that is the point
    except ValueError as refused:
        assert re.search(f"of a {event} entry, found |^details of a custody entry", str(refused), re.DOTALL)


def forged(archive: Archive, seq: int) -> bytes:
    """The stored entry with another subject, in canonical form."""
    chained = read_chain(archive.objects, archive.sealing).entries[seq - 1]
    row = json.loads(chained.entry.canonical())
    return rfc8785.dumps(row | {"subject_id": "something else"})


def test_a_changed_entry_breaks_the_chain_at_the_next(archive: Archive) -> None:
    with archive.writer.begin() as connection:
        first = append(connection, "received", keys=archive.sealing, subject_id="x", actor="tester", details={})
    changed = replace(first, subject_id="something else")
    archive.objects.put_new("custody/000000000001.json", changed.canonical(), sha256=changed.digest)
    with archive.writer.begin() as connection:
        second = append(connection, "received", keys=archive.sealing, subject_id="x", actor="tester", details={})
    archive.objects.put_new("custody/000000000002.json", second.canonical(), sha256=second.digest)
    problem, *lost = read_chain(archive.objects, archive.sealing).problems
    assert [each.what for each in lost] == ["sealed values"] * 2, "nobody has stored them"
    assert (problem.what, problem.expected, problem.found) == ("digest", str(first.digest), str(changed.digest))


def test_an_entry_that_is_gone_is_named(archive: Archive) -> None:
    first = ENTRY
    third = replace(ENTRY, seq=3, previous=sha256(b"the second"))
    for entry, key in ((first, "custody/000000000001.json"), (third, "custody/000000000003.json")):
        archive.objects.put_new(key, entry.canonical(), sha256=entry.digest)
    (problem,) = read_chain(archive.objects, archive.sealing).problems
    assert (problem.subject, problem.expected, problem.found) == ("custody/000000000002.json", "the entry", "none")


def test_an_entry_whose_object_is_not_locked_is_named(archive: Archive) -> None:
    key = "custody/000000000001.json"
    archive.objects._client.put_object(Bucket=archive.objects.bucket, Key=key, Body=ENTRY.canonical())

    chain = read_chain(archive.objects, archive.sealing)

    assert [chained.entry for chained in chain.entries] == [ENTRY]
    assert chain.problems == (ChainProblem(key, "lock", "locked", "not locked"),)
    assert not chain.problems[0].breaks


def test_a_version_laid_over_an_entry_is_named_and_not_believed(archive: Archive) -> None:
    first = note(archive)
    note(archive)
    archive.objects._client.put_object(
        Bucket=archive.objects.bucket, Key="custody/000000000001.json", Body=forged(archive, 1)
    )
    chain = read_chain(archive.objects, archive.sealing)
    assert chain.entries[0].entry.digest == first.digest
    assert [problem.what for problem in chain.problems] == ["versions"]


def test_facts_stand_in_custody_and_the_commitments_fit_them(archive: Archive) -> None:
    facts = {"reason": Fact("дело 1-23"), "egress_address": Fact(None, "nobody was asked")}
    commitments = begin_collection(archive, crawl_id="01J", source_id="kanal", actor="tester", facts=facts)
    (entry,) = [chained.entry for chained in read_chain(archive.objects, archive.sealing).entries]
    for name, fact in facts.items():
        assert commitments[name] == str(commitment(name, entry.details["salts"][name], fact))
        assert entry.details["facts"][name] == fact.as_json()
    assert "1-23" not in str(commitments)


def test_equal_facts_give_different_commitments(archive: Archive) -> None:
    facts = {"reason": Fact("дело 1-23")}
    one, other = (begin_collection(archive, crawl_id=i, source_id="s", actor="t", facts=facts) for i in "12")
    assert one["reason"] != other["reason"]
    assert Digest.parse(one["reason"]).algorithm == "sha256"


@pytest.mark.parametrize("value, reason", [(None, None), ("known", "and unknown")])
def test_a_fact_is_known_or_has_a_reason(value: str | None, reason: str | None) -> None:
    with pytest.raises(ValueError, match="fact: expected a value or a reason why there is none, found Fact"):
        Fact(value, reason)


def test_what_is_no_entry_hides_none_of_the_others(archive: Archive) -> None:
    written = [note(archive) for _ in range(2)]
    archive.objects.put_new(custody_key(3), b"no entry", sha256=sha256(b"no entry"))
    archive.objects.put_new("custody/!", b"x", sha256=sha256(b"x"))
    chain = read_chain(archive.objects, archive.sealing)
    assert [each.entry for each in chain.entries] == written
    assert [(each.subject, each.what) for each in chain.problems] == [
        ("custody/!", "key"),
        (custody_key(3), "content"),
    ]


def test_an_entry_dated_before_the_one_before_it_is_kept_and_says_so(archive: Archive) -> None:
    first = note(archive)
    ahead = first.at + timedelta(hours=2)
    with archive.writer.begin() as connection:  # another machine, whose clock is ahead, appended it
        row = entry_row(replace(first, seq=2, previous=first.digest, at=ahead))
        connection.execute(insert(custody).values(**row))
    behind = note(archive)
    assert behind.details["seconds_behind_previous"] == round((ahead - behind.at).total_seconds(), 6)
    assert "seconds_behind_previous" not in note(archive).details
