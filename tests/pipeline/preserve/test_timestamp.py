"""Trusted timestamps: obtained where possible, else pending, never skipped, verified from the store alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.config.settings import Settings
from pipeline.preserve.time_authority import pinned_roots
from pipeline.preserve.timestamp import request_timestamps, timestamp_status
from pipeline.preserve.verify import verify
from processors.digest import sha256
from storage.archive import Archive
from storage.objects.keys import TOKENS_PREFIX, token_key
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import chain, events, held_to, note, wrong


def test_the_head_of_custody_gets_a_token_that_is_locked_and_in_custody(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    note(archive)
    report = request_timestamps(stamping, archive, occasion="harvest")

    ended, owed, obtained = chain(archive)
    assert (ended.event, owed.event, obtained.event) == ("collection_ended", "time_owed", "timestamped")
    assert owed.previous == ended.digest
    assert (obtained.details["seq"], obtained.details["digest"]) == (owed.seq, str(owed.digest))
    assert obtained.details["signer"] == "CN=Vieža signer, issued by CN=Vieža root"
    key = token_key(owed.seq, authority.url)
    head = archive.objects.head(key, obtained.details["object_version"])
    assert head is not None
    assert head.lock_mode == "governance"
    assert sha256(archive.objects.read(key, head.version_id)) == obtained.subject_digest
    assert (report.pending, wrong(verify(archive, roots=pinned_roots(stamping)))) == ((), {})


def test_without_an_authority_it_says_so_and_nothing_fails(stored_settings: Settings, archive: Archive) -> None:
    note(archive)
    said: list[str] = []
    report = request_timestamps(stored_settings, archive, occasion="harvest", on_progress=said.append)

    assert (events(archive), report.pending) == (["collection_ended"], ())
    assert said == ["Trusted timestamps: no time authority is configured (LETAPIS_TIME_AUTHORITIES)."]


def test_where_nothing_has_come_nothing_is_asked(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    request_timestamps(stamping, archive, occasion="clock")
    assert authority.queries == []

    note(archive)
    for _ in range(3):
        request_timestamps(stamping, archive, occasion="clock")
    assert len(authority.queries) == 1


def test_a_token_that_cannot_be_had_is_owed_and_had_later_for_every_head(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    authority.stop()
    for _ in range(2):
        note(archive)
        report = request_timestamps(stamping, archive, occasion="harvest")
    assert [(owed.entry.seq, owed.failed) for owed in report.pending] == [(4, 1), (2, 1)]
    assert "no answer (ConnectError" in str(report.pending[0].problem)

    authority.start()
    report = request_timestamps(stamping, archive, occasion="clock")
    assert [entry.details["seq"] for entry in report.obtained] == [4, 2]
    assert (report.pending, timestamp_status(archive)) == ((), ())
    assert wrong(verify(archive, roots=pinned_roots(stamping))) == {}


def test_an_authority_that_is_away_keeps_no_other_from_answering(
    stored_settings: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl, second: TimeAuthorityOfOpenssl
) -> None:
    both = held_to(stored_settings, authority, second)
    authority.stop()
    note(archive)

    report = request_timestamps(both, archive, occasion="harvest")

    assert [entry.details["authority"] for entry in report.obtained] == [second.url]
    assert [owed.authority for owed in report.pending] == [authority.url]


def test_what_an_authority_owes_stays_owed_when_it_is_configured_no_more(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    authority.stop()
    note(archive)
    request_timestamps(stamping, archive, occasion="harvest")

    report = request_timestamps(replace(stamping, time_authorities=()), archive, occasion="clock")

    assert [owed.authority for owed in report.pending] == [authority.url]


def test_a_token_for_something_else_is_refused_with_both_digests(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    note(archive)
    request_timestamps(stamping, archive, occasion="harvest")
    first = authority.queries[0]
    authority.answer = lambda _: authority.reply(first)
    note(archive)

    report = request_timestamps(stamping, archive, occasion="harvest")

    (owed,) = report.pending
    stamped = str(chain(archive)[1].digest)
    assert owed.problem == f"imprint: expected {owed.entry.digest}, found {stamped}"


def test_a_token_of_another_signer_is_refused_with_both_names(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl, second: TimeAuthorityOfOpenssl
) -> None:
    authority.answer = second.reply
    note(archive)

    (owed,) = request_timestamps(stamping, archive, occasion="harvest").pending

    assert "CN=Vieža root" in str(owed.problem)
    assert "CN=Other signer, issued by CN=Other root" in str(owed.problem)
    assert list(archive.objects.list(TOKENS_PREFIX)) == []


def test_without_a_file_an_authority_must_lead_to_a_public_root(
    stored_settings: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    note(archive)

    (owed,) = request_timestamps(
        replace(stored_settings, time_authorities=(authority.url,)), archive, occasion="harvest"
    ).pending

    assert str(owed.problem).startswith("signature: expected one that leads to a public root")


@pytest.mark.parametrize("answer", [b"", b"<html>login</html>", b"\x30\x03\x02\x01\x00"])
def test_an_answer_that_is_no_token_leaves_it_owed(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl, answer: bytes
) -> None:
    authority.answer = lambda _: answer
    note(archive)

    (owed,) = request_timestamps(stamping, archive, occasion="harvest").pending

    assert owed.failed == 1


def test_a_token_that_a_killed_run_had_stored_is_taken_up_without_asking_again(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    from processors.rfc3161.token import time_query

    authority.stop()
    note(archive)
    (owed,) = request_timestamps(stamping, archive, occasion="harvest").pending
    answer = authority.reply(time_query(owed.entry.canonical()).content)
    archive.objects.put_new(token_key(owed.entry.seq, authority.url), answer, sha256=sha256(answer))

    (obtained,) = request_timestamps(stamping, archive, occasion="clock").obtained

    assert obtained.subject_digest == sha256(answer)
    assert authority.queries == []


def test_something_else_in_a_tokens_place_is_told_and_holds_up_no_other_token(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    authority.stop()
    for _ in range(2):
        note(archive)
        newest, *_ = request_timestamps(stamping, archive, occasion="harvest").pending
    archive.objects.put_new(token_key(newest.entry.seq, authority.url), b"x", sha256=sha256(b"x"))
    authority.start()

    report = request_timestamps(stamping, archive, occasion="clock")

    assert [entry.details["seq"] for entry in report.obtained] == [2]
    assert [owed.entry.seq for owed in report.pending] == [newest.entry.seq]


def test_several_at_once_get_one_token_for_each_head(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    def at_once(_: int) -> None:
        note(archive)
        request_timestamps(stamping, archive, occasion="harvest")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(at_once, range(8)))
    request_timestamps(stamping, archive, occasion="clock")

    appended = chain(archive)
    owed = [entry.seq for entry in appended if entry.event == "time_owed"]
    assert sorted(entry.details["seq"] for entry in appended if entry.event == "timestamped") == owed
    assert all(entry.previous == before.digest for before, entry in pairwise(appended))
    assert wrong(verify(archive, roots=pinned_roots(stamping))) == {}
