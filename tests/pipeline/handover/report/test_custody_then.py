"""A report says of custody what was known when its selection was frozen, however late it is built again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.handover.report.gather import custody_as_of
from processors.digest import sha256
from storage.deposit.custody_status import CustodyStatus
from storage.deposit.replication import ReplicaStatus
from storage.ledger.entry import NOT_MEASURED, CustodyEntry
from storage.ledger.file_custody import FileInCustody

DEPOSITED_AT = datetime(2026, 11, 20, 21, 5, tzinfo=UTC)
FROZEN_AT = DEPOSITED_AT + timedelta(days=1)
LATER = FROZEN_AT + timedelta(seconds=1)
KEY = "warc/2026/11/20/kanal/01JD5PZ4T2V8M6Q3R9S7W1X0YA-00000.warc.gz"
DEPOSITED = CustodyEntry(
    seq=7,
    previous=None,
    event="deposited",
    subject_id=KEY,
    subject_digest=sha256(b"file"),
    actor="collector-1",
    at=DEPOSITED_AT,
    software="letapis/0.2.0",
    clock=NOT_MEASURED,
    details={
        "origin": "crawl",
        "length_bytes": 4,
        "object_version": "v1",
        "locked_until": "2027-11-20T21:05:00Z",
    },
)


def token(at: datetime) -> CustodyEntry:
    details = {"authority": f"https://tsa.example/{at:%S}", "time": "2026-11-20T21:30:00Z", "seq": 8}
    return replace(DEPOSITED, seq=9, event="timestamped", at=at, details=details)


def status(copied_at: datetime) -> CustodyStatus:
    renewed = {(KEY, "v1"): datetime(2036, 1, 1, tzinfo=UTC)}
    copy = ReplicaStatus(copied_at, "v9", None)
    return CustodyStatus(FileInCustody(DEPOSITED), copy, (token(FROZEN_AT), token(LATER)), (), renewed)


def test_what_came_after_the_selection_was_frozen_is_left_out() -> None:
    known = custody_as_of(status(LATER), FROZEN_AT)
    assert [authority for authority, _ in known.outside_times] == ["https://tsa.example/00"]
    assert (known.copied_at, known.second_store) == (None, True)
    assert known.locked_until == datetime(2027, 11, 20, 21, 5, tzinfo=UTC)


def test_what_had_come_by_then_and_all_of_it_now_is_said() -> None:
    assert custody_as_of(status(FROZEN_AT), FROZEN_AT).copied_at == FROZEN_AT
    now = custody_as_of(status(LATER), None)
    assert (len(now.outside_times), now.copied_at) == (2, LATER)
