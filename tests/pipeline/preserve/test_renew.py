"""Time tokens over decades: renewed before their certificates and digests end, checked by the store alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.config.settings import Settings
from pipeline.preserve.renew import RenewalReport, renew_timestamps
from pipeline.preserve.timestamp import request_timestamps
from processors.rfc4998.evidence_record import read_evidence_record
from storage.archive import Archive
from storage.findings import Verified
from storage.integrity.verification import expected_of_archive, verify_all
from tests.moving_authority import YEAR, MovingAuthority
from tests.pipeline.timestamping import chain, events, held_to, note, wrong

HALF_A_YEAR = timedelta(days=182)


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[MovingAuthority]:
    with MovingAuthority(tmp_path / "moving", at=datetime.now(UTC).replace(microsecond=0)) as running:
        yield running


@pytest.fixture
def stamped(stored_settings: Settings, archive: Archive, moving: MovingAuthority) -> Settings:
    """Three entries, each with a token of its own from the year in which the test begins."""
    settings = held_to(stored_settings, moving)
    for _ in range(3):
        note(archive)
        request_timestamps(settings, archive, occasion="harvest")
    return settings


def verified_at(archive: Archive, at: datetime) -> tuple[Verified, ...]:
    return tuple(verify_all(expected_of_archive(archive, at=at)))


def ended(found: tuple[Verified, ...]) -> set[str]:
    return {
        each.subject for each in found for remark in each.remarks if "a certificate behind this token" in remark
    }


def let_pass(years: int, moving: MovingAuthority, settings: Settings, archive: Archive) -> list[RenewalReport]:
    """Move the clock on, half a year at a time, with a look at what is due after each."""
    reports = []
    for _ in range(2 * years):
        moving.move(HALF_A_YEAR)
        reports.append(renew_timestamps(settings, archive, at=moving.at))
    return reports


def test_after_twelve_years_renewed_tokens_hold_though_every_certificate_of_the_beginning_has_ended(
    stamped: Settings, archive: Archive, moving: MovingAuthority
) -> None:
    first_root = moving.root
    let_pass(5, moving, stamped, archive)
    replaced = replace(stamped, algorithms_until={"sha256": moving.at + 2 * YEAR})
    moving.digest = "sha512"
    moving.new_root()
    moving.new_signer()
    reports = let_pass(7, moving, replaced, archive)

    assert first_root.not_valid_after_utc < moving.at
    assert [(each.due, each.ended, each.problems) for each in reports] == [((), (), ())] * len(reports)
    found = verified_at(archive, moving.at)
    assert wrong(found) == {}
    assert ended(found) == set()
    newest = [entry for entry in chain(archive) if entry.event == "time_renewed"][-1]
    records = [
        read_evidence_record(archive.objects.read(row["key"], row["object_version"]))
        for row in newest.details["records"]
    ]
    assert [len(record.stamps) for record in records] == [len(records[0].stamps)] * 3
    assert len(records[0].stamps) > 4
    assert [record.algorithm for record in records] == ["sha512"] * 3
    assert [chain_of[0].algorithm for chain_of in records[0].chains] == ["sha256", "sha512"]


def test_without_a_renewal_verify_says_in_words_what_the_tokens_no_longer_show(
    stamped: Settings, archive: Archive, moving: MovingAuthority
) -> None:
    tokens = {entry.subject_id for entry in chain(archive) if entry.event == "timestamped"}
    before = verified_at(archive, moving.at + 2 * YEAR)
    after = verified_at(archive, moving.at + 12 * YEAR)

    assert (ended(before), ended(after), wrong(after)) == (set(), tokens, {})
    moving.move(4 * YEAR)
    report = renew_timestamps(stamped, archive, at=moving.at)
    assert {each.key for each in report.ended} == tokens
    assert report.renewed == ()
    assert "and nothing renewed it before: by itself it proves nothing any more." in report.sentences()[0]


def test_all_that_is_due_gets_one_token_together_and_what_is_not_due_none(
    stamped: Settings, archive: Archive, moving: MovingAuthority
) -> None:
    asked = len(moving.queries)
    assert renew_timestamps(stamped, archive, at=moving.at + YEAR) == RenewalReport((), (), (), ())
    moving.move(3 * YEAR - timedelta(days=100))

    (entry,) = renew_timestamps(stamped, archive, at=moving.at).renewed

    assert len(moving.queries) == asked + 1
    assert len(entry.details["records"]) == 3
    assert events(archive)[-1] == "time_renewed"
    request_timestamps(stamped, archive, occasion="clock")
    assert events(archive)[-1] == "time_renewed"  # no token is owed for a renewal


def test_an_authority_that_is_away_or_ends_no_later_leaves_tokens_due_with_the_reason(
    stamped: Settings, archive: Archive, moving: MovingAuthority
) -> None:
    moving.at += 3 * YEAR - timedelta(days=100)  # and its certificate stays the old one
    report = renew_timestamps(stamped, archive, at=moving.at)
    assert len(report.due) == 3
    assert "expected a token that lasts beyond" in report.problems[0]

    moving.stop()
    away = renew_timestamps(stamped, archive, at=moving.at)
    assert (len(away.due), "no answer (ConnectError" in away.problems[0]) == (3, True)
    none = renew_timestamps(replace(stamped, time_authorities=()), archive, at=moving.at)
    assert none.problems == (
        "no time authority is configured that could give a newer one (LETAPIS_TIME_AUTHORITIES)",
    )
    assert events(archive)[-1] == "timestamped"


def test_a_record_that_a_killed_run_had_stored_is_taken_up(
    stamped: Settings, archive: Archive, moving: MovingAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving.move(3 * YEAR - timedelta(days=100))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("storage.deposit.renewals.append", killed)
        with pytest.raises(KeyboardInterrupt):
            renew_timestamps(stamped, archive, at=moving.at)
    asked = len(moving.queries)
    report = renew_timestamps(stamped, archive, at=moving.at)

    assert (len(report.renewed), report.due, len(moving.queries)) == (3, (), asked)
    assert wrong(verified_at(archive, moving.at)) == {}
